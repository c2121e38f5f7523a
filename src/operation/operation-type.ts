import { GraphQLError, type ValidationRule } from 'graphql';

/**
 * Validates that the schema has the type of each operation: graphql-js 16 finds that at execution only.
 * @see https://spec.graphql.org/September2025/#sec-Operation-Type-Existence
 */
export const operationTypeRule: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (context.getSchema().getRootType(node.operation)) return;
    const kind = node.operation === 'query' ? 'queries' : `${node.operation}s`;
    context.reportError(new GraphQLError(`The schema has no ${kind}.`, { nodes: node }));
  },
});
