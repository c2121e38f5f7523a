import { stringifyJson } from '../shared/exact-json.ts';
import type { SubgraphResponse } from '../sources/source.ts';
import type { DividedResponse } from './compose-response.ts';
import { membersOf } from './response-text.ts';

/** Returns the text of a response that may be cached. */
export function textOf(response: SubgraphResponse): string | undefined {
  if (response.kind === 'failure' || response.status !== 200) return undefined;
  return response.kind === 'text' ? response.text : (stringifyJson(response.result) ?? 'null');
}

/**
 * Whether the source has failed, so that old values may be used. One that refuses a client (401, 403), or
 * responds with errors, works; and so does one for which a plugin refuses a client.
 * @see https://www.rfc-editor.org/rfc/rfc5861#section-4
 */
export function hasFailed(
  response: SubgraphResponse,
  divided: DividedResponse | undefined,
  text: string | undefined,
): boolean {
  const status = response.kind === 'failure' ? response.failure.status : response.status;
  if (response.kind === 'failure' && response.failure.isOfPlugin) return false;
  if (status !== undefined && status >= 300) return status >= 500 || status === 429 || status < 400;
  if (response.kind === 'failure' || response.failed !== undefined) return true;
  return divided === undefined && membersOf(text ?? '')?.has('errors') !== true;
}
