import type { Freshness } from './freshness.ts';

/** Names in lower case. */
export type ResponseHeaderMap = Readonly<Record<string, string | string[] | undefined>>;

/** The content of `Cache-Control`, `Expires`, `Age` and `Vary` of a response. */
export interface CachingHeaders {
  /** Directives of `Cache-Control`: names in lower case, values without quotes. */
  readonly directives: ReadonlyMap<string, string>;
  /** The freshness lifetime in seconds; `undefined` if none is given. */
  readonly lifetime: number | undefined;
  /** The age in seconds, from caches on the way. */
  readonly age: number;
  /** Request headers that the response varies with, in lower case; `*` if they cannot be listed. */
  readonly vary: readonly string[];
}

/**
 * Reads caching headers. The shorter of `max-age` and `s-maxage` applies, since responses are cached here and by clients; `Expires`
 * applies without either.
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-4.2
 */
export function readCachingHeaders(headers: ResponseHeaderMap, now = Date.now()): CachingHeaders {
  const directives = directivesOf(textOf(headers['cache-control']) ?? '');
  const ages = ['max-age', 's-maxage'].flatMap((name) => secondsOf(directives, name));
  const age = Number.parseInt(textOf(headers.age) ?? '', 10) || 0;
  return {
    directives,
    lifetime: ages.length > 0 ? Math.min(...ages) : untilExpiry(headers, now),
    age: Math.max(0, age),
    vary: (textOf(headers.vary) ?? '').split(',').flatMap((name) => name.trim().toLowerCase() || []),
  };
}

/** Headers that may identify a client. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie']);

/**
 * Returns how long, and for whom, a response may be cached; `undefined` if its headers do not say. A response that varies with a
 * credential is private if the client sent that credential.
 * @param client the headers of the client, names in lower case
 * @param identityHeaders headers with which the gateway identifies the client to the source: varying with one means varying by client
 */
export function readFreshness(
  headers: ResponseHeaderMap,
  client: ResponseHeaderMap,
  now?: number,
  identityHeaders: ReadonlySet<string> | undefined = undefined,
): Freshness | undefined {
  const { directives, lifetime, age, vary } = readCachingHeaders(headers, now);
  const noStore = directives.has('no-store');
  const isOld = noStore || directives.has('no-cache');
  const isPrivate =
    directives.has('private') ||
    vary.some(
      (name) =>
        name === '*' || (CREDENTIALS.has(name) && client[name] !== undefined) || identityHeaders?.has(name) === true,
    );
  if (!isOld && lifetime === undefined && !isPrivate) return undefined;
  const left = lifetime === undefined ? undefined : Math.max(0, lifetime - age) * 1_000;
  return { maxAgeMs: isOld ? 0 : left, isPrivate, noStore };
}

/** Splits at commas: no directive that is read here may have a quoted value with commas. */
function directivesOf(text: string): Map<string, string> {
  const directives = new Map<string, string>();
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    if (name.trim() !== '') directives.set(name.trim().toLowerCase(), value.trim().replaceAll('"', ''));
  }
  return directives;
}

/** What larger numbers mean (RFC 9111, section 1.2.2). */
const MOST_SECONDS = 2 ** 31;

/** Reads the seconds of a directive. An invalid age means stale (RFC 9111, section 4.2.1). */
function secondsOf(directives: ReadonlyMap<string, string>, name: string): number[] {
  const value = directives.get(name);
  if (value === undefined) return [];
  return [/^[0-9]+$/.test(value) ? Math.min(Number(value), MOST_SECONDS) : 0];
}

/** Returns the seconds until `Expires`. An invalid date, such as `0`, means expired (RFC 9111, section 5.3). */
function untilExpiry({ expires, date }: ResponseHeaderMap, now: number): number | undefined {
  const text = textOf(expires);
  if (text === undefined) return undefined;
  const end = Date.parse(text);
  const made = Date.parse(textOf(date) ?? '');
  if (Number.isNaN(end) || /^-?[0-9]+$/.test(text)) return 0;
  return Math.max(0, Math.floor((end - (Number.isNaN(made) ? now : made)) / 1_000));
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Returns a flat list as an object. Joins several lines of one name into one value (RFC 9110, section 5.3). */
export function headerMap(pairs: readonly string[]): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] as string;
    record[name] = record[name] === undefined ? (pairs[at + 1] as string) : `${record[name]}, ${pairs[at + 1]}`;
  }
  return record;
}
