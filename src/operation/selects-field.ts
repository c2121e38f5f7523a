import { BREAK, type DocumentNode, type GraphQLSchema, TypeInfo, visit, visitWithTypeInfo } from 'graphql';

/**
 * Returns whether a valid document selects a field, at any depth, for which a test holds. The test is called with
 * `User`, `name`.
 */
export function selectsField(
  document: DocumentNode,
  schema: GraphQLSchema,
  test: (typeName: string, fieldName: string) => boolean,
): boolean {
  let found = false;
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field(node) {
        const parent = types.getParentType();
        if (!parent || !test(parent.name, node.name.value)) return undefined;
        found = true;
        return BREAK;
      },
    }),
  );
  return found;
}
