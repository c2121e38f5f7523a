/**
 * Compiles a function from source text. The text may only contain property names and constants that went through
 * `JSON.stringify`; everything else is passed as values. V8 reads a property under a constant name several times
 * faster than one under a name from a list, and these functions read every property of every response.
 *
 * @returns undefined where the process forbids code generation (`node --disallow-code-generation-from-strings`): each
 * caller has a slower path without it.
 */
export function generate<T>(names: readonly string[], body: string, values: readonly unknown[]): T | undefined {
  try {
    return new Function(...names, `'use strict';${body}`)(...values) as T;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
