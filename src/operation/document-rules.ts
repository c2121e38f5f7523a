import { GraphQLError, OverlappingFieldsCanBeMergedRule, specifiedRules, type ValidationRule } from 'graphql';
import { deferInSubscriptionRule, deferLabelRule, deferRootRule, streamOnListRule } from './defer-rules.ts';
import { overlappingFieldsRule } from './overlapping-fields.ts';
import { noPrototypeVariableRule } from './prototype-variable.ts';

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

/**
 * The rules for documents of clients: those of the specification and of the gateway. The rule that compares fields
 * pair by pair is replaced by one that takes time linear in the document.
 */
export const DOCUMENT_RULES: readonly ValidationRule[] = [
  operationTypeRule,
  ...specifiedRules.map((rule) => (rule === OverlappingFieldsCanBeMergedRule ? overlappingFieldsRule : rule)),
  noPrototypeVariableRule,
  deferLabelRule,
  deferRootRule,
  deferInSubscriptionRule,
  streamOnListRule,
];
