import type { Json } from './json.ts';
import type { Scope } from './scope.ts';
import type { Expression } from './syntax.ts';

/** Evaluates an expression. Methods evaluate their arguments themselves, some of them once for each item. */
export type Evaluate = (expression: Expression, data: Json, scope: Scope) => Json;

/** A `->method` of the mapping language. */
export interface Method {
  /** Minimum and maximum number of arguments. */
  readonly arity: readonly [number, number];
  /** Applies the method; returns `undefined` where it does not support the value. */
  apply(value: Json, args: readonly Expression[], scope: Scope, evaluate: Evaluate): Json;
}

/** Creates a method that only needs the values of its arguments. */
export function methodOfValues(arity: Method['arity'], compute: (value: Json, args: readonly Json[]) => Json): Method {
  return {
    arity,
    apply: (value, args, scope, evaluate) =>
      compute(
        value,
        args.map((arg) => evaluate(arg, value, scope)),
      ),
  };
}
