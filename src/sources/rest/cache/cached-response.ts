import { type CachingHeaders, readCachingHeaders } from '../../../client/read-freshness.ts';
import { CORRELATION_HEADERS } from '../../../client/sharing.ts';
import type { RawResponse } from '../api-response.ts';

/** A response of an API in the cache. */
export interface CachedResponse extends RawResponse {
  readonly kind: 'answer';
  /** When the response arrived or was revalidated, in milliseconds since 1970. */
  readonly storedAt: number;
  /** When the entry can be deleted, in milliseconds since 1970: it is too old to be served or revalidated. */
  readonly usefulUntil: number;
}

/** The request headers that the responses for one URL vary by. */
export interface CachedVary {
  readonly kind: 'vary';
  /** In lower case, sorted. */
  readonly names: readonly string[];
  readonly usefulUntil: number;
}

export type CacheEntry = CachedResponse | CachedVary;

/** How long a stale response with a validator stays in the cache, in seconds, so that it can be revalidated. */
const REVALIDATABLE_SECONDS = 3_600;

/** Statuses whose responses may be cached (RFC 9110, section 15.1). */
const CACHEABLE_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 404, 410]);

/**
 * The answer as a cache may keep it that several users share; `undefined` where it may not.
 * @param isOfUser whether the request had `Authorization`, or another header that is not the same for everyone
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-3
 */
export function cachedResponse(
  response: RawResponse,
  isUserSpecific: boolean,
  now: number,
): CachedResponse | undefined {
  const caching = readCachingHeaders(response.headers, now);
  const { directives, vary } = caching;
  if (!CACHEABLE_STATUSES.has(response.status) || response.headers['set-cookie'] !== undefined) return undefined;
  if (directives.has('no-store') || directives.has('private') || vary.some(variesByRequest)) return undefined;
  const isForAll = ['public', 's-maxage', 'must-revalidate'].some((name) => directives.has(name));
  if (isUserSpecific && !isForAll) return undefined;
  const staleSeconds = Math.max(canRevalidate(response) ? REVALIDATABLE_SECONDS : 0, staleIfError(caching));
  const seconds = leftSeconds(caching) + staleSeconds;
  if (seconds <= 0) return undefined;
  return { ...response, kind: 'answer', storedAt: now, usefulUntil: now + seconds * 1_000 };
}

/** Returns whether a `Vary` header name makes a response usable for one request only. */
function variesByRequest(name: string): boolean {
  return name === '*' || CORRELATION_HEADERS.has(name);
}

/** Returns whether a cached response may be served without revalidation. */
export function isFresh(cached: CachedResponse, now: number): boolean {
  const caching = readCachingHeaders(cached.headers, cached.storedAt);
  return (now - cached.storedAt) / 1_000 < leftSeconds(caching);
}

/** Returns whether a cached response may be served when the API fails (RFC 5861, section 4). */
export function canServeOnError(cached: CachedResponse, now: number): boolean {
  const caching = readCachingHeaders(cached.headers, cached.storedAt);
  return (now - cached.storedAt) / 1_000 < leftSeconds(caching) + staleIfError(caching);
}

/** Returns the cached response with its current `Age`. */
export function withAge({ status, headers, text, storedAt }: CachedResponse, now: number): RawResponse {
  const { age } = readCachingHeaders(headers, storedAt);
  const reached = age + Math.max(0, Math.floor((now - storedAt) / 1_000));
  return { status, headers: { ...headers, age: String(reached) }, text };
}

/** Returns the conditional request headers that revalidate a response; empty when it has no validator. */
export function conditionsFor({ headers }: RawResponse): Record<string, string> {
  const conditions: Record<string, string> = {};
  const { etag, 'last-modified': modified } = headers;
  if (typeof etag === 'string') conditions['if-none-match'] = etag;
  if (typeof modified === 'string') conditions['if-modified-since'] = modified;
  return conditions;
}

function canRevalidate(response: RawResponse): boolean {
  return Object.keys(conditionsFor(response)).length > 0;
}

/** Returns the remaining freshness lifetime in a shared cache, in seconds: `s-maxage` takes precedence. */
function leftSeconds(caching: CachingHeaders): number {
  const { directives, lifetime, age } = caching;
  if (directives.has('no-cache')) return 0;
  const shared = Number(directives.get('s-maxage'));
  return Math.max(0, (Number.isInteger(shared) && directives.has('s-maxage') ? shared : (lifetime ?? 0)) - age);
}

function staleIfError({ directives }: CachingHeaders): number {
  const never = ['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) => directives.has(name));
  const seconds = Number(directives.get('stale-if-error'));
  return never || !Number.isInteger(seconds) || seconds < 0 ? 0 : seconds;
}

/** Reads an entry; `undefined` for one of another version of the gateway. */
export function readCached(text: string): CacheEntry | undefined {
  try {
    const cached = JSON.parse(text) as Partial<CachedResponse> & Partial<CachedVary>;
    if (!Number.isFinite(cached.usefulUntil)) return undefined;
    if (cached.kind === 'vary') return isListOfTexts(cached.names) ? (cached as CachedVary) : undefined;
    const { kind, status, headers, storedAt, text: body } = cached as Partial<CachedResponse>;
    const isWhole = kind === 'answer' && Number.isInteger(status) && typeof body === 'string';
    const hasRest = typeof headers === 'object' && headers !== null && Number.isFinite(storedAt);
    return isWhole && hasRest ? (cached as CachedResponse) : undefined;
  } catch {
    return undefined;
  }
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
