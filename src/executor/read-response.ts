import { parseJson } from '../shared/exact-json.ts';
import type { SubgraphResponse } from '../sources/source.ts';

/** A response that may be a GraphQL result. */
export type CompleteResponse = Exclude<SubgraphResponse, { kind: 'failure' }>;

export type TextResponse = Extract<SubgraphResponse, { kind: 'text' }>;

/** In UTF-16 code units. Longer responses are parsed in slices, and an execution with more text is written in slices. */
export const SLICED_TEXT = 1_048_576;

/** In UTF-16 code units. Longer responses are parsed when the turn of the event loop has time for it. */
export const TIMED_TEXT = 65_536;

/** In place of the result of a text that is not JSON. */
export const NOT_JSON = Symbol('not JSON');

/** Returns the result in a response. Throws `SyntaxError` for a text that is not JSON. */
export function resultOf(response: CompleteResponse, hasDecimals: boolean): unknown {
  if (response.kind === 'parsed') {
    if (response.result === NOT_JSON) throw new SyntaxError('The text is not JSON.');
    return response.result;
  }
  return parseJson(response.text, hasDecimals, response.mayHaveLongNumbers);
}

/** Returns the length of a response in UTF-16 code units. */
export function lengthOf(response: CompleteResponse): number {
  return response.kind === 'parsed' ? response.size : response.text.length;
}

/** Returns whether a string in a response may need an escape. */
export function mayHaveEscapes(response: CompleteResponse): boolean {
  if (response.kind === 'text') return response.text.includes('\\');
  // what is made from a text has its strings, and at most other names of types
  return response.madeFrom?.kind !== 'text' || response.madeFrom.text.includes('\\');
}
