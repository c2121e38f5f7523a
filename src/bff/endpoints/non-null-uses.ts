import { type DocumentNode, type GraphQLSchema, isNonNullType, TypeInfo, visit, visitWithTypeInfo } from 'graphql';

/**
 * Returns the variables of a valid document that must not be null where they are used. A nullable variable may be used there
 * if it, or the argument, has a default; then null is an execution error.
 *
 * In:  `query ($ms: Int = 5, $tag: String) { slow(ms: $ms, tag: $tag) }` and `slow(ms: Int!, tag: String)`
 * Out: `ms`
 *
 * @see https://spec.graphql.org/October2021/#sec-All-Variable-Usages-are-Allowed.Allowing-optional-variables-when-default-values-exist
 */
export function nonNullUses(document: DocumentNode, schema: GraphQLSchema): ReadonlySet<string> {
  const names = new Set<string>();
  const info = new TypeInfo(schema);
  const visitor = {
    VariableDefinition: () => false as const,
    Variable({ name }: { readonly name: { readonly value: string } }) {
      if (isNonNullType(info.getInputType())) names.add(name.value);
    },
  };
  visit(document, visitWithTypeInfo(info, visitor));
  return names;
}
