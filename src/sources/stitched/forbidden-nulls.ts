import { type DocumentNode, type GraphQLSchema, isListType, isNonNullType, Kind } from 'graphql';

type Path = readonly (string | number)[];

/**
 * Finds nulls in the response of a service where its schema does not allow them: `null` for `usersByIds: [User]!`. Without this
 * check they would count as missing entities, without an error.
 * @param document the request, in the names of the schema
 * @returns paths of the nulls: `["usersByIds"]`, or `["usersByIds", 2]` for an item
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

/** Returns whether an error explains the null at a path: an error at that path or below it, or one without a path. */
export function isExplained(path: Path, errors: readonly { readonly path: Path | undefined }[]): boolean {
  return errors.some(
    ({ path: own }) => own === undefined || path.every((step, at) => own.length === at || own[at] === step),
  );
}
