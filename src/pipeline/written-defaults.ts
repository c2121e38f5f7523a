import { __InputValue, type GraphQLArgument, type GraphQLInputField, type GraphQLSchema, print } from 'graphql';

const schemas = new WeakSet<GraphQLSchema>();

/**
 * Makes introspection of a schema return default values as its SDL has them. graphql-js prints the value that it has
 * read: numbers of custom scalars lose digits there, and objects of custom scalars cannot be printed at all.
 *
 * All schemas share the type `__InputValue`; others keep its own resolver.
 */
export function showDefaultsAsWritten(schema: GraphQLSchema): void {
  schemas.add(schema);
}

const field = __InputValue.getFields().defaultValue;
if (field) {
  const { resolve } = field;
  field.resolve = (input: GraphQLArgument | GraphQLInputField, args, context, info) => {
    const literal = schemas.has(info.schema) ? input.astNode?.defaultValue : undefined;
    // a default that is not valid here, such as one with a hidden enum value, has no value
    if (literal && input.defaultValue !== undefined) return print(literal);
    return resolve?.(input, args, context, info);
  };
}
