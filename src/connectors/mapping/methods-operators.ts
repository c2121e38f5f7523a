import { compareNumbers, isNumber } from '../../shared/exact-json.ts';
import { equal, type Json } from './json.ts';
import { type Method, methodOfValues } from './method.ts';

const MANY = Number.POSITIVE_INFINITY;

/** Creates a comparison of two numbers or two strings; other values cannot be compared. */
function comparison(holds: (order: number) => boolean): Method {
  return methodOfValues([1, 1], (left, [right]) => {
    if (isNumber(left) && isNumber(right)) return holds(compareNumbers(left, right));
    if (typeof left !== 'string' || typeof right !== 'string') return undefined;
    return holds(left === right ? 0 : left < right ? -1 : 1);
  });
}

/** Creates an arithmetic method with JavaScript numbers: a result has the precision of a double. */
function arithmetic(operate: (left: number, right: number) => number): Method {
  return methodOfValues([1, MANY], (value, args) => {
    const numbers = [value, ...args];
    if (!numbers.every(isNumber)) return undefined;
    const result = numbers.map(Number).reduce(operate);
    return Number.isFinite(result) ? result : undefined;
  });
}

/** Creates a logical method on booleans. It stops at the first deciding value, like `&&` and `||`. */
function logical(deciding: boolean): Method {
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
  eq: methodOfValues([1, 1], (left, [right]) => equal(left, right)),
  ne: methodOfValues([1, 1], (left, [right]) => !equal(left, right)),
  lt: comparison((order) => order < 0),
  lte: comparison((order) => order <= 0),
  gt: comparison((order) => order > 0),
  gte: comparison((order) => order >= 0),
  and: logical(false),
  or: logical(true),
  not: methodOfValues([0, 0], (value) => (typeof value === 'boolean' ? !value : undefined)),
  add: arithmetic((left, right) => left + right),
  sub: arithmetic((left, right) => left - right),
  mul: arithmetic((left, right) => left * right),
  div: arithmetic((left, right) => left / right),
  mod: arithmetic((left, right) => left % right),
} satisfies Record<string, Method>;
