import type { Condition, ConditionValue, Selector } from '../../config/sections/coprocessor-condition.ts';

/** Returns what selectors stand for at a stage. `undefined` where there is no such value. */
export type SelectorValues = Partial<Readonly<Record<Selector, (argument: string) => unknown>>>;

/** Returns whether a condition is met. */
export function isMet(condition: Condition, values: SelectorValues): boolean {
  switch (condition.operator) {
    case 'eq':
    case 'gt':
    case 'lt': {
      const [left, right] = condition.values.map((value) => resolve(value, values));
      return compare(condition.operator, left, right);
    }
    case 'exists':
      return resolve(condition.value, values) != null;
    case 'not':
      return !isMet(condition.condition, values);
    case 'all':
      return condition.conditions.every((one) => isMet(one, values));
    case 'any':
      return condition.conditions.some((one) => isMet(one, values));
  }
}

/** Returns the arguments of a selector in a condition: names of headers, keys of the context. */
export function argumentsOf(condition: Condition | undefined, selectors: readonly Selector[]): string[] {
  if (condition === undefined) return [];
  const ofValue = (value: ConditionValue) =>
    typeof value === 'object' && selectors.includes(value.selector) ? [String(value.argument)] : [];
  switch (condition.operator) {
    case 'exists':
      return ofValue(condition.value);
    case 'not':
      return argumentsOf(condition.condition, selectors);
    case 'all':
    case 'any':
      return condition.conditions.flatMap((one) => argumentsOf(one, selectors));
    default:
      return condition.values.flatMap(ofValue);
  }
}

function resolve(value: ConditionValue, values: SelectorValues): unknown {
  if (typeof value !== 'object') return value;
  if (value.selector === 'static') return value.argument;
  return values[value.selector]?.(String(value.argument));
}

function compare(operator: 'eq' | 'gt' | 'lt', left: unknown, right: unknown): boolean {
  if (left == null || right == null) return false;
  if (operator === 'eq') return left === right;
  if (typeof left === 'number' && typeof right === 'number') return operator === 'gt' ? left > right : left < right;
  if (typeof left !== 'string' || typeof right !== 'string') return false;
  return operator === 'gt' ? left > right : left < right;
}
