import * as z from 'zod';
import { nearest } from '../nearest.ts';

/** What the selectors of conditions expect as their value. */
const EXPECTED = {
  static: 'a value',
  request_header: 'the name of a header',
  request_context: 'the key of an entry of the context',
  request_method: 'true',
  operation_name: '"string"',
  operation_kind: '"string"',
  response_header: 'the name of a header',
  response_status: '"code"',
  response_context: 'the key of an entry of the context',
  is_primary_response: 'true',
  subgraph_name: 'true',
  subgraph_request_header: 'the name of a header',
  subgraph_response_header: 'the name of a header',
  subgraph_response_status: '"code"',
  supergraph_request_header: 'the name of a header',
  supergraph_operation_kind: '"string"',
} as const;

export type Selector = keyof typeof EXPECTED;

const OPERATORS = ['eq', 'gt', 'lt', 'exists', 'not', 'all', 'any'] as const;

/** A value of a condition: a selector, or a constant. */
export type ConditionValue =
  | string
  | number
  | boolean
  | { readonly selector: Selector; readonly argument: string | number | boolean };

/** A condition as it is evaluated. */
export type Condition =
  | { readonly operator: 'eq' | 'gt' | 'lt'; readonly values: readonly [ConditionValue, ConditionValue] }
  | { readonly operator: 'exists'; readonly value: ConditionValue }
  | { readonly operator: 'not'; readonly condition: Condition }
  | { readonly operator: 'all' | 'any'; readonly conditions: readonly Condition[] };

/** Returns the schema of a condition that may use these selectors: `{ eq: [{ request_header: x }, y] }`. */
export function conditionOf(selectors: readonly Selector[]) {
  return z.record(z.string(), z.unknown()).transform((value, issues): Condition => {
    try {
      return readCondition(value, selectors);
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
      issues.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}

class ConditionError extends Error {}

const MOST_LEVELS = 32;

function readCondition(value: unknown, selectors: readonly Selector[], level = 0): Condition {
  const expected = `expected one of ${OPERATORS.join(', ')}`;
  if (level > MOST_LEVELS) throw new ConditionError(`is nested more than ${MOST_LEVELS} levels deep`);
  const [operator, operand] = onlyMember(value, expected);
  const inner = (one: unknown) => readCondition(one, selectors, level + 1);
  switch (operator) {
    case 'eq':
    case 'gt':
    case 'lt': {
      if (!Array.isArray(operand) || operand.length !== 2)
        throw new ConditionError(`"${operator}" needs a list of two`);
      const [left, right] = operand.map((one) => readValue(one, selectors));
      return { operator, values: [left as ConditionValue, right as ConditionValue] };
    }
    case 'exists':
      return { operator, value: readValue(operand, selectors) };
    case 'not':
      return { operator, condition: inner(operand) };
    case 'all':
    case 'any':
      if (!Array.isArray(operand) || operand.length === 0) throw new ConditionError(`"${operator}" needs a list`);
      return { operator, conditions: operand.map(inner) };
    default:
      throw new ConditionError(`has an unknown operator "${operator}"; ${expected}`);
  }
}

function readValue(value: unknown, selectors: readonly Selector[]): ConditionValue {
  if (isConstant(value)) return value;
  const [name, argument] = onlyMember(value, `expected a constant, or one of ${selectors.join(', ')}`);
  const selector = selectors.find((one) => one === name);
  if (selector === undefined) throw new ConditionError(unknownSelector(name, selectors));
  if (isArgument(EXPECTED[selector], argument)) return { selector, argument };
  throw new ConditionError(`needs ${EXPECTED[selector]} for "${selector}"`);
}

function isConstant(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isArgument(expected: string, argument: unknown): argument is string | number | boolean {
  if (expected === 'a value') return isConstant(argument);
  if (expected === 'true') return argument === true;
  if (typeof argument !== 'string' || argument === '') return false;
  return expected.startsWith('"') ? expected === `"${argument}"` : true;
}

function unknownSelector(name: string, selectors: readonly Selector[]): string {
  const [near] = nearest(name, selectors);
  const hint = near === undefined ? `expected one of ${selectors.join(', ')}` : `did you mean "${near}"?`;
  return `has a selector "${name}", which this stage does not have; ${hint}`;
}

function onlyMember(value: unknown, expected: string): [string, unknown] {
  const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const [member] = members;
  if (member === undefined || members.length > 1)
    throw new ConditionError(`has ${member === undefined ? 'a value' : 'an object'} that is not valid; ${expected}`);
  return member;
}
