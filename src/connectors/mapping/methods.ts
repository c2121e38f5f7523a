import { equal, type Json, typeName } from './json.ts';
import { type Evaluate, type Method, methodOfValues } from './method.ts';
import { COLLECTION_METHODS } from './methods-collections.ts';
import { OPERATOR_METHODS } from './methods-operators.ts';
import { TEXT_METHODS } from './methods-text.ts';
import type { Scope } from './scope.ts';
import type { Expression } from './syntax.ts';

const MANY = Number.POSITIVE_INFINITY;

/** Creates a method that returns the result of the first pair `[candidate, result]` that matches. `[result]` always matches. */
function choose(matches: (candidate: Json, value: Json) => boolean): Method['apply'] {
  return (value: Json, args: readonly Expression[], scope: Scope, evaluate: Evaluate) => {
    for (const pair of args) {
      if (pair.kind !== 'array') continue;
      const [candidate, result] = pair.items;
      if (candidate === undefined) continue;
      if (result === undefined) return evaluate(candidate, value, scope);
      if (matches(evaluate(candidate, value, scope), value)) return evaluate(result, value, scope);
    }
    return undefined;
  };
}

const matchIf: Method = { arity: [1, MANY], apply: choose((candidate) => candidate === true) };

/** Every `->method` of the mapping language, by name. */
export const METHODS: Readonly<Record<string, Method>> = Object.assign(Object.create(null), {
  echo: methodOfValues([1, 1], (_, [value]) => value),
  match: { arity: [1, MANY], apply: choose(equal) },
  matchIf,
  match_if: matchIf,
  typeof: methodOfValues([0, 0], typeName),
  ...COLLECTION_METHODS,
  ...OPERATOR_METHODS,
  ...TEXT_METHODS,
});
