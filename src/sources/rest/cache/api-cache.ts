import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { readCachingHeaders } from '../../../client/read-freshness.ts';
import { CORRELATION_HEADERS } from '../../../client/sharing.ts';
import { untilAborted } from '../../../shared/deadline.ts';
import { AbortableSingleFlight, type AbortableWork } from '../../../shared/single-flight.ts';
import type { ApiRequest } from '../api-request.ts';
import type { RawResponse } from '../api-response.ts';
import type { CacheStore } from './cache-store.ts';
import { type CachedResponse, cachedResponse, conditionsFor, isFresh, served, servesOnError } from './kept-answer.ts';

/** A request that may be answered by what is kept. */
export interface CacheLookup {
  readonly origin: string;
  readonly request: ApiRequest;
  /** Headers of the request, in lower case, whose values are not the same for everyone. */
  readonly ofUser: ReadonlySet<string>;
  /** Aborted when nobody waits for the answer any more, or its time is up. */
  readonly signal: AbortSignal;
  /** Calls the API, with these headers besides. */
  call(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RawResponse>;
}

/** What is kept for a request. */
interface Found {
  readonly cached: CachedResponse | undefined;
  /** The headers by which the answers to the URL are told apart so far. */
  readonly names: readonly string[];
}

/** An answer that just came, and whether others may have it, too. */
interface Renewed {
  readonly answer: RawResponse;
  readonly isShared: boolean;
}

/** A call that renews what is kept. */
interface Renewal extends AbortableWork {
  readonly result: Promise<Renewed>;
}

const MOST_LONELY = 10_000;
/** Requests that say themselves what they have, or want only a part, are none of a cache's business here. */
const CONDITIONAL = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range', 'range'];

/**
 * A cache of what APIs answer to `GET`, for all clients together: as long as their headers say, and told apart by what
 * these say it depends on. What is stale is confirmed where it can be; equal requests under way are one.
 * @see https://www.rfc-editor.org/rfc/rfc9111
 */
export class ApiCache {
  readonly #cacheStore: CacheStore;
  readonly #now: () => number;
  readonly #sharedCalls = new AbortableSingleFlight<Renewal>();
  /** Requests whose last answer was for one alone. */
  readonly #unshareable = new LRUCache<string, true>({ max: MOST_LONELY });

  constructor(cacheStore: CacheStore, now: () => number = Date.now) {
    this.#cacheStore = cacheStore;
    this.#now = now;
  }

  /** Whether an answer to this request may be kept at all. */
  static takes({ method, headers, body }: ApiRequest): boolean {
    return method === 'GET' && body === undefined && CONDITIONAL.every((name) => headers[name] === undefined);
  }

  /** Rejects with what the call rejects with, where there is nothing to fall back on. */
  async answer(asking: CacheLookup): Promise<RawResponse> {
    const key = keyOf(asking, isOfUser(asking));
    const found = await this.#find(key, asking);
    const { cached } = found;
    if (cached && isFresh(cached, this.#now())) return served(cached, this.#now());
    const mayFallBack = cached !== undefined && servesOnError(cached, this.#now());
    try {
      const answer = await this.#ask(key, found, asking);
      return mayFallBack && answer.status >= 500 ? served(cached, this.#now()) : answer;
    } catch (error) {
      if (!mayFallBack) throw error;
      return served(cached, this.#now());
    }
  }

  /** What was done to a URL makes what was kept of it doubtful (RFC 9111, section 4.4). */
  async forget(asking: CacheLookup): Promise<void> {
    for (const saysWho of [false, true]) await this.#cacheStore.delete(keyOf(asking, saysWho));
  }

  /** One call for all equal requests, unless the last answer was for one alone: then nobody waits for another's. */
  async #ask(key: string, found: Found, asking: CacheLookup): Promise<RawResponse> {
    const { signal } = asking;
    const equal = variantKey(key, asking, [...asking.ofUser]);
    const begin = (own: AbortSignal) => this.#renew(key, found, asking, own);
    const isUnshareable = this.#unshareable.has(equal);
    const [renewed, isOwn] = isUnshareable
      ? ([await untilAborted(begin(signal), signal), true] as const)
      : await this.#askTogether(equal, signal, begin);
    if (renewed.isShared) this.#unshareable.delete(equal);
    else this.#unshareable.set(equal, true);
    return isOwn || renewed.isShared ? renewed.answer : asking.call({}, signal);
  }

  /** Waits for the call of this key, and begins it where there is none. Returns whether it was begun here, too. */
  async #askTogether(
    key: string,
    signal: AbortSignal,
    begin: (own: AbortSignal) => Promise<Renewed>,
  ): Promise<readonly [Renewed, boolean]> {
    let isOwn = false;
    const flight = this.#sharedCalls.join(key, () => {
      isOwn = true;
      const abort = new AbortController();
      return { result: begin(abort.signal), abort: () => abort.abort() };
    });
    try {
      return [await untilAborted(flight.work.result, signal), isOwn];
    } finally {
      flight.leave();
    }
  }

  async #find(key: string, asking: CacheLookup): Promise<Found> {
    const first = await this.#cacheStore.get(key);
    const names = first?.kind === 'vary' ? first.names : [];
    const cached = first?.kind === 'vary' ? await this.#cacheStore.get(variantKey(key, asking, names)) : first;
    return { cached: cached?.kind === 'answer' && this.#now() < cached.usefulUntil ? cached : undefined, names };
  }

  async #renew(key: string, found: Found, asking: CacheLookup, signal: AbortSignal): Promise<Renewed> {
    const { cached } = found;
    const answer = await asking.call(cached ? conditionsFor(cached) : {}, signal);
    const now = this.#now();
    const isConfirmed = cached !== undefined && answer.status === NOT_MODIFIED;
    const whole = isConfirmed ? { ...cached, headers: { ...cached.headers, ...ofRepresentation(answer) } } : answer;
    const made = cachedResponse(
      { status: whole.status, headers: whole.headers, text: whole.text },
      isOfUser(asking),
      now,
    );
    if (made === undefined) {
      // a failure says nothing of what is kept
      if (cached && answer.status < 500) await this.#cacheStore.delete(key);
      return { answer: { status: whole.status, headers: whole.headers, text: whole.text }, isShared: false };
    }
    await this.#keep(key, made, found.names, asking);
    return { answer: served(made, now), isShared: true };
  }

  /**
   * A header that the API names in `Vary` counts whether the request has it or not: to have none is a value, too (RFC 9111, section
   * 4.1). What an earlier answer has named goes on counting, for some APIs name it in some of their answers only.
   */
  async #keep(key: string, made: CachedResponse, before: readonly string[], asking: CacheLookup): Promise<void> {
    const names = [...new Set([...readCachingHeaders(made.headers).vary, ...before])].sort();
    if (names.length === 0) return this.#cacheStore.set(key, made);
    await this.#cacheStore.set(key, { kind: 'vary', names, usefulUntil: made.usefulUntil });
    await this.#cacheStore.set(variantKey(key, asking, names), made);
  }
}

const NOT_MODIFIED = 304;

/** RFC 9111, section 3.2: what is about the message and not about what it carries stays as it was. */
function ofRepresentation({ headers }: RawResponse): RawResponse['headers'] {
  const { 'content-length': _length, 'content-encoding': _encoding, 'content-type': _type, ...others } = headers;
  // an age is that of the answer that has just come
  return { age: undefined, ...others };
}

/** Whether a request may say who asks. */
function isOfUser({ ofUser, request }: CacheLookup): boolean {
  return ofUser.size > 0 || request.headers.authorization !== undefined;
}

/**
 * By the URL and all headers that are the same for everyone: whoever sends others asks another API. What is said to nobody in
 * particular is kept apart, for most APIs do not say that it is for nobody else.
 */
function keyOf({ origin, request, ofUser }: CacheLookup, saysWho: boolean): string {
  const isFixed = (name: string) => !ofUser.has(name) && !CORRELATION_HEADERS.has(name) && name !== 'content-type';
  const fixed = Object.entries(request.headers).filter(([name]) => isFixed(name));
  return hash('sha256', JSON.stringify([origin, request.path, saysWho, fixed.sort()]), 'base64url');
}

function variantKey(key: string, { request }: CacheLookup, names: readonly string[]): string {
  if (names.length === 0) return key;
  const values = [...names].sort().map((name) => [name, request.headers[name] ?? null]);
  return hash('sha256', JSON.stringify([key, values]), 'base64url');
}
