import {
  OverlappingFieldsCanBeMergedRule,
  SingleFieldSubscriptionsRule,
  specifiedRules,
  type ValidationRule,
} from 'graphql';
import { deferInSubscriptionRule, deferLabelRule, deferRootRule, streamOnListRule } from './defer-rules.ts';
import { operationTypeRule } from './operation-type.ts';
import { overlappingFieldsRule } from './overlapping-fields.ts';
import { noPrototypeVariableRule } from './prototype-variable.ts';
import { subscriptionRootRule } from './subscription-root.ts';

/** Rules of GraphQL.js in whose place others are used: one takes time that grows with the square of the document, one can throw. */
const REPLACED: ReadonlyMap<ValidationRule, ValidationRule> = new Map<ValidationRule, ValidationRule>([
  [OverlappingFieldsCanBeMergedRule, overlappingFieldsRule],
  [SingleFieldSubscriptionsRule, subscriptionRootRule],
]);

/** The rules for documents of clients: those of the specification and of the gateway. */
export const VALIDATION_RULES: readonly ValidationRule[] = [
  operationTypeRule,
  ...specifiedRules.map((rule) => REPLACED.get(rule) ?? rule),
  noPrototypeVariableRule,
  deferLabelRule,
  deferRootRule,
  deferInSubscriptionRule,
  streamOnListRule,
];
