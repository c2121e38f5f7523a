import { compareNumbers, isNumber } from '../../shared/exact-json.ts';
import { equal, type Json } from './json.ts';
import { type Method, ofValues } from './method.ts';

const MANY = Number.POSITIVE_INFINITY;

/** Numbers with numbers, strings with strings; anything else cannot be compared. */
function compares(holds: (order: number) => boolean): Method {
  return ofValues([1, 1], (left, [right]) => {
    if (isNumber(left) && isNumber(right)) return holds(compareNumbers(left, right));
    if (typeof left !== 'string' || typeof right !== 'string') return undefined;
    return holds(left === right ? 0 : left < right ? -1 : 1);
  });
}

/** Computes with numbers as JavaScript does: a result has no more digits than a double. */
function computes(operate: (left: number, right: number) => number): Method {
  return ofValues([1, MANY], (value, args) => {
    const numbers = [value, ...args];
    if (!numbers.every(isNumber)) return undefined;
    const result = numbers.map(Number).reduce(operate);
    return Number.isFinite(result) ? result : undefined;
  });
}

/** Stops at the first value that decides, as `&&` and `||` do; there are booleans only. */
function decides(deciding: boolean): Method {
  return {
    arity: [1, MANY],
    apply(value, args, scope, evaluate): Json {
      if (typeof value !== 'boolean') return undefined;
      if (value === deciding) return deciding;
      for (const arg of args) {
        const next = evaluate(arg, value, scope);
        if (typeof next !== 'boolean') return undefined;
        if (next === deciding) return deciding;
      }
      return !deciding;
    },
  };
}

/** Comparison, logic and arithmetic. */
export const OPERATOR_METHODS = {
  eq: ofValues([1, 1], (left, [right]) => equal(left, right)),
  ne: ofValues([1, 1], (left, [right]) => !equal(left, right)),
  lt: compares((order) => order < 0),
  lte: compares((order) => order <= 0),
  gt: compares((order) => order > 0),
  gte: compares((order) => order >= 0),
  and: decides(false),
  or: decides(true),
  not: ofValues([0, 0], (value) => (typeof value === 'boolean' ? !value : undefined)),
  add: computes((left, right) => left + right),
  sub: computes((left, right) => left - right),
  mul: computes((left, right) => left * right),
  div: computes((left, right) => left / right),
  mod: computes((left, right) => left % right),
} satisfies Record<string, Method>;
