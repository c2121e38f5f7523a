/**
 * Makes a function from source text. Only property names and constants that went through `JSON.stringify` may be part of it;
 * everything else is handed in. A property read under a constant name is several times cheaper to V8 than one under a
 * name from a list, and these functions read every property of every answer.
 *
 * @returns undefined where the process forbids code generation (`node --disallow-code-generation-from-strings`): each
 *   caller has a slower way that does without.
 */
export function generate<T>(names: readonly string[], body: string, values: readonly unknown[]): T | undefined {
  try {
    return new Function(...names, `'use strict';${body}`)(...values) as T;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
