import { type DocumentNode, type GraphQLSchema, isListType, isNonNullType, Kind } from 'graphql';

type Path = readonly (string | number)[];

/**
 * Finds nulls in the answer of a service where its schema has none: `null` for `usersByIds: [User]!`. Taken for what the service
 * does not know, they would be entities that are not there, without an error.
 * @param document what was asked, in the names of the schema
 * @returns their paths: `["usersByIds"]`, or `["usersByIds", 2]` for an item
 */
export function forbiddenNulls(
  document: DocumentNode,
  schema: GraphQLSchema,
  data: Readonly<Record<string, unknown>>,
): Path[] {
  const fields = schema.getQueryType()?.getFields() ?? {};
  return document.definitions.flatMap((operation) => {
    if (operation.kind !== Kind.OPERATION_DEFINITION) return [];
    return operation.selectionSet.selections.flatMap((node): Path[] => {
      const type = node.kind === Kind.FIELD ? fields[node.name.value]?.type : undefined;
      if (node.kind !== Kind.FIELD || type === undefined) return [];
      const key = node.alias?.value ?? node.name.value;
      const value = data[key];
      const inner = isNonNullType(type) ? type.ofType : type;
      if (value === null) return inner === type ? [] : [[key]];
      if (!Array.isArray(value) || !isListType(inner) || !isNonNullType(inner.ofType)) return [];
      return value.flatMap((item, index): Path[] => (item === null ? [[key, index]] : []));
    });
  });
}

/** Whether an error explains the null at a path: one with that place or one below it, or one without any place. */
export function isExplained(path: Path, errors: readonly { readonly path: Path | undefined }[]): boolean {
  return errors.some(
    ({ path: own }) => own === undefined || path.every((step, at) => own.length === at || own[at] === step),
  );
}
