import type { Json } from './json.ts';
import type { Scope } from './scope.ts';
import type { Expression } from './syntax.ts';

/** Passed to methods, which evaluate their arguments themselves: some do so once for each item. */
export type Evaluate = (expression: Expression, data: Json, scope: Scope) => Json;

export interface Method {
  /** How many arguments it takes, at least and at most. */
  readonly arity: readonly [number, number];
  /** `undefined` where the value is none that the method is for. */
  apply(value: Json, args: readonly Expression[], scope: Scope, evaluate: Evaluate): Json;
}

/** A method that looks at its arguments' values alone. */
export function ofValues(arity: Method['arity'], compute: (value: Json, args: readonly Json[]) => Json): Method {
  return {
    arity,
    apply: (value, args, scope, evaluate) =>
      compute(
        value,
        args.map((arg) => evaluate(arg, value, scope)),
      ),
  };
}
