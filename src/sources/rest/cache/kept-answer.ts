import { type CachingHeaders, readCachingHeaders } from '../../../client/read-freshness.ts';
import { CORRELATION_HEADERS } from '../../../client/sharing.ts';
import type { RawResponse } from '../api-response.ts';

/** An answer of an API as it is kept. */
export interface CachedResponse extends RawResponse {
  readonly kind: 'answer';
  /** When it came or was confirmed, in milliseconds since 1970. */
  readonly storedAt: number;
  /** After that it is of no use. */
  readonly usefulUntil: number;
}

/** Says by which headers of a request the answers to one URL are told apart. */
export interface CachedVary {
  readonly kind: 'vary';
  /** In lower case, sorted. */
  readonly names: readonly string[];
  readonly usefulUntil: number;
}

export type Kept = CachedResponse | CachedVary;

/** How long an answer is kept beyond its time if the API can be asked whether it is still good, in seconds. */
const CONFIRMABLE_SECONDS = 3_600;

/** Statuses that stand for the same thing to everyone who asks (RFC 9110, section 15.1). */
const KEPT_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 404, 410]);

/**
 * The answer as a cache may keep it that several users share; `undefined` where it may not.
 * @param isOfUser whether the request had `Authorization`, or another header that is not the same for everyone
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-3
 */
export function cachedResponse(answer: RawResponse, isOfUser: boolean, now: number): CachedResponse | undefined {
  const caching = readCachingHeaders(answer.headers, now);
  const { directives, vary } = caching;
  if (!KEPT_STATUSES.has(answer.status) || answer.headers['set-cookie'] !== undefined) return undefined;
  if (directives.has('no-store') || directives.has('private') || vary.some(isOfOneRequest)) return undefined;
  const isForAll = ['public', 's-maxage', 'must-revalidate'].some((name) => directives.has(name));
  if (isOfUser && !isForAll) return undefined;
  const staleSeconds = Math.max(isConfirmable(answer) ? CONFIRMABLE_SECONDS : 0, staleIfError(caching));
  const seconds = leftSeconds(caching) + staleSeconds;
  if (seconds <= 0) return undefined;
  return { ...answer, kind: 'answer', storedAt: now, usefulUntil: now + seconds * 1_000 };
}

/** What varies with the id of a request is for this request alone, as what varies with more than headers may be. */
function isOfOneRequest(name: string): boolean {
  return name === '*' || CORRELATION_HEADERS.has(name);
}

/** Whether it may be served without asking. */
export function isFresh(cached: CachedResponse, now: number): boolean {
  const caching = readCachingHeaders(cached.headers, cached.storedAt);
  return (now - cached.storedAt) / 1_000 < leftSeconds(caching);
}

/** Whether it may be served where the API cannot give a better one (RFC 5861, section 4). */
export function servesOnError(cached: CachedResponse, now: number): boolean {
  const caching = readCachingHeaders(cached.headers, cached.storedAt);
  return (now - cached.storedAt) / 1_000 < leftSeconds(caching) + staleIfError(caching);
}

/** The answer with the `Age` that it has reached. */
export function served({ status, headers, text, storedAt }: CachedResponse, now: number): RawResponse {
  const { age } = readCachingHeaders(headers, storedAt);
  const reached = age + Math.max(0, Math.floor((now - storedAt) / 1_000));
  return { status, headers: { ...headers, age: String(reached) }, text };
}

/** What asks whether an answer is still good; empty where it cannot be asked. */
export function conditionsFor({ headers }: RawResponse): Record<string, string> {
  const conditions: Record<string, string> = {};
  const { etag, 'last-modified': modified } = headers;
  if (typeof etag === 'string') conditions['if-none-match'] = etag;
  if (typeof modified === 'string') conditions['if-modified-since'] = modified;
  return conditions;
}

function isConfirmable(answer: RawResponse): boolean {
  return Object.keys(conditionsFor(answer)).length > 0;
}

/** Of the lifetimes that an answer has, that for caches which several users share counts. */
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
