import type { Freshness } from '../../client/freshness.ts';
import type { ApiAnswer } from './api-call.ts';

/**
 * What an API says of how long its answer may be kept: `Cache-Control`, less the `Age` that it has reached in caches before.
 * Of `max-age` and `s-maxage` the shorter holds, as it is kept here and by clients. `undefined` where nothing is said.
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-4.2
 */
export function readFreshness(headers: ApiAnswer['headers']): Freshness | undefined {
  const said = headers['cache-control'];
  if (said === undefined) return undefined;
  const directives = directivesOf(String(said));
  const ages = ['max-age', 's-maxage'].flatMap((name) => secondsOf(directives, name));
  const isSecret = directives.has('no-store');
  const isOld = isSecret || directives.has('no-cache');
  if (!isOld && ages.length === 0 && !directives.has('private')) return undefined;
  const age = Number.parseInt(String(headers.age ?? '0'), 10) || 0;
  const left = ages.length === 0 ? undefined : Math.max(0, Math.min(...ages) - Math.max(0, age)) * 1_000;
  return { maxAgeMs: isOld ? 0 : left, isPrivate: directives.has('private'), isSecret };
}

/** Names in lower case; values as they stand there. Quoted values with commas are of no directive that is read here. */
function directivesOf(text: string): Map<string, string> {
  return new Map(
    text.split(',').map((part) => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')];
    }),
  );
}

/** An age that cannot be read is none at all (RFC 9111, section 4.2.1). */
function secondsOf(directives: ReadonlyMap<string, string>, name: string): number[] {
  const value = directives.get(name);
  if (value === undefined) return [];
  return [/^[0-9]+$/.test(value) ? Number(value) : 0];
}
