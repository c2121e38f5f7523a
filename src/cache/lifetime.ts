import type { Freshness } from '../client/freshness.ts';
import { headerMap, readCachingHeaders, readFreshness } from '../client/read-freshness.ts';
import type { ForwardedHeaders, SubgraphResponse } from '../sources/source.ts';
import type { FetchHint } from './fetch-hint.ts';

/** How long responses of one subgraph are cached, as the config says. Times are in milliseconds. */
export interface LifetimeSettings {
  /** The longest time, and the time where nothing else says how long. */
  readonly ttlMs?: number | undefined;
  /** The longest time of a value that is null. Without it, such values are not cached. */
  readonly negativeTtlMs?: number | undefined;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  /** The most by which times are shortened at random, as a share, so that not all expires together. */
  readonly jitter: number;
}

/** What the source says about caching a response. */
export interface SaidBySource {
  /** `undefined` where it says nothing. */
  readonly freshness: Freshness | undefined;
  readonly staleWhileRevalidateMs?: number | undefined;
  readonly staleIfErrorMs?: number | undefined;
  /** Tags of the response: `Surrogate-Key`, `Cache-Tag`. */
  readonly tags: readonly string[];
  /** Whether it is for one request only, whatever else it says: it sets a cookie, or varies with anything. */
  readonly isUnique: boolean;
}

/** How long a value is cached. */
export interface Lifetime {
  readonly freshMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** Of a response with a cookie for its client, or that varies with anything. */
export const FOR_ONE_CLIENT: Freshness = { maxAgeMs: undefined, isPrivate: true, noStore: false };

const NOTHING_SAID: SaidBySource = { freshness: undefined, tags: [], isUnique: false };

/** Reads the caching headers of a response. A source without headers says how long in another way. */
export function saidBySource(
  response: Exclude<SubgraphResponse, { kind: 'failure' }>,
  client: Readonly<Record<string, string | string[] | undefined>>,
  forwarded: ForwardedHeaders | undefined,
): SaidBySource {
  const { headers, freshness } = response;
  if (headers === undefined) {
    const { tags = NOTHING_SAID.tags } = response;
    return freshness === undefined && tags.length === 0 ? NOTHING_SAID : { ...NOTHING_SAID, freshness, tags };
  }
  const map = headerMap(headers);
  const { directives, vary } = readCachingHeaders(map);
  const isStrict = ['no-cache', 'must-revalidate', 'proxy-revalidate'].some((name) => directives.has(name));
  const seconds = (name: string) => (isStrict ? 0 : msOf(directives.get(name)));
  return {
    freshness: freshness ?? readFreshness(map, client, undefined, forwarded?.identityHeaders),
    staleWhileRevalidateMs: seconds('stale-while-revalidate'),
    staleIfErrorMs: seconds('stale-if-error'),
    tags: tagsIn(map),
    isUnique: map['set-cookie'] !== undefined || vary.includes('*'),
  };
}

/** `Surrogate-Key: product-7 home`, `Cache-Tag: product-7,home`. */
export function tagsIn(headers: Readonly<Record<string, string | string[] | undefined>>): string[] {
  const keys = String(headers['surrogate-key'] ?? '').split(' ');
  const tags = String(headers['cache-tag'] ?? '').split(',');
  return [...keys, ...tags].map((tag) => tag.trim()).filter((tag) => tag !== '');
}

function msOf(seconds: string | undefined): number | undefined {
  return seconds !== undefined && /^[0-9]{1,10}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

/**
 * Returns how long a value is cached: the shortest time that the schema, the source and the config say.
 * @param isNull whether the value is null, or a root field is
 * @returns `undefined` where it is not cached: none of them says how long, or one says that it may not be
 */
export function lifetimeOf(
  hint: FetchHint,
  said: SaidBySource,
  isNull: boolean,
  settings: LifetimeSettings,
): Lifetime | undefined {
  const { freshness } = said;
  if (said.isUnique || freshness?.noStore) return undefined;
  const isSaid = hint.isComplete || freshness?.maxAgeMs !== undefined || settings.ttlMs !== undefined;
  if (!isSaid || (isNull && settings.negativeTtlMs === undefined)) return undefined;
  const times = [hint.maxAgeMs, freshness?.maxAgeMs, settings.ttlMs, isNull ? settings.negativeTtlMs : undefined];
  const freshMs = Math.min(...times.filter((time) => time !== undefined));
  if (freshMs <= 0) return undefined;
  return {
    freshMs,
    staleWhileRevalidateMs: said.staleWhileRevalidateMs ?? settings.staleWhileRevalidateMs,
    staleIfErrorMs: said.staleIfErrorMs ?? settings.staleIfErrorMs,
  };
}
