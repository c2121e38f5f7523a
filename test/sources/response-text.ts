import { stringifyJson } from '../../src/shared/exact-json.ts';
import type { SubgraphResponse } from '../../src/sources/source.ts';

/** What a source answered, as text; of a failure, all of it. */
export function responseText(response: SubgraphResponse): string {
  if (response.kind === 'text') return response.text;
  return response.kind === 'parsed' ? (stringifyJson(response.result) ?? '') : JSON.stringify(response);
}
