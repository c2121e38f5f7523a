import { parseJson } from '../shared/exact-json.ts';
import type { SubgraphResponse } from '../sources/source.ts';

/** A response that may be a GraphQL result. */
export type CompleteResponse = Exclude<SubgraphResponse, { kind: 'failure' }>;

export type TextResponse = Extract<SubgraphResponse, { kind: 'text' }>;

/** Returns the result in a response. Throws `SyntaxError` for a text that is not JSON. */
export function resultOf(response: CompleteResponse, hasDecimals: boolean): unknown {
  if (response.kind === 'parsed') return response.result;
  return parseJson(response.text, hasDecimals, response.mayHaveLongNumbers);
}

/** Returns the length of a response in UTF-16 code units. */
export function lengthOf(response: CompleteResponse): number {
  return response.kind === 'parsed' ? response.size : response.text.length;
}

/** Returns whether a string in a response may need an escape. */
export function mayHaveEscapes(response: CompleteResponse): boolean {
  return response.kind === 'parsed' || response.text.includes('\\');
}
