import type { Freshness } from './freshness.ts';

/** Names in lower case. */
export type ResponseHeaderMap = Readonly<Record<string, string | string[] | undefined>>;

/** What `Cache-Control`, `Expires` and `Vary` of an answer say. */
export interface CachingHeaders {
  /** Of `Cache-Control`: names in lower case, values without quotes. */
  readonly directives: ReadonlyMap<string, string>;
  /** How long it was good when it was made, in seconds; `undefined` where nothing is said. */
  readonly lifetime: number | undefined;
  /** How old it is by now, in seconds, having been kept by caches on the way. */
  readonly age: number;
  /** Headers of the request that it depends on, in lower case; `*` stands for whatever else it may depend on. */
  readonly vary: readonly string[];
}

/**
 * Of `max-age` and `s-maxage` the shorter holds, as answers are kept here and by clients; `Expires` where neither is there.
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

/** Headers by which clients say who they are. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie']);

/**
 * What a source says of how long its answer may be kept, and for whom; `undefined` where nothing is said. One that varies
 * with a credential is for the client alone that sent one.
 * @param client the headers of the client that asked, names in lower case
 * @param identityHeaders headers that identify the client to the source: a response that varies by one of them varies by client
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

/** Quoted values with commas are of no directive that is read here. */
function directivesOf(text: string): Map<string, string> {
  const directives = new Map<string, string>();
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    if (name.trim() !== '') directives.set(name.trim().toLowerCase(), value.trim().replaceAll('"', ''));
  }
  return directives;
}

/** An age that cannot be read is none at all (RFC 9111, section 4.2.1). */
function secondsOf(directives: ReadonlyMap<string, string>, name: string): number[] {
  const value = directives.get(name);
  if (value === undefined) return [];
  return [/^[0-9]+$/.test(value) ? Number(value) : 0];
}

/** What is no date, `0` above all, is over already (RFC 9111, section 5.3). */
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
