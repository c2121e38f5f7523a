import type { SubgraphResponse } from '../sources/source.ts';
import { isObjectText } from './object-text.ts';

/**
 * Returns whether a response is worth more than that of another try: not a failure, a status of 500 and above, 429, or a body that is
 * no GraphQL result.
 */
export function isGoodResponse(response: SubgraphResponse): boolean {
  if (response.kind === 'failure' || !isGoodStatus(response.status)) return false;
  return response.kind === 'parsed' || isObjectText(response.text);
}

/** Returns whether the status of a response is that of a server that has processed the request. */
export function isGoodStatus(status: number): boolean {
  return status < 500 && status !== 429;
}
