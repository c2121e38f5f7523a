import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { isOfFuture } from '../../../cache/entry.ts';
import { readCachingHeaders } from '../../../client/read-freshness.ts';
import { CORRELATION_HEADERS } from '../../../client/sharing.ts';
import { type CacheMoment, earlierMoment } from '../../../client/tag-collector.ts';
import { nextInOrder } from '../../../shared/arrival-order.ts';
import { untilAborted } from '../../../shared/deadline.ts';
import { AbortableSingleFlight, type AbortableWork } from '../../../shared/single-flight.ts';
import { steadyNow } from '../../../shared/steady-clock.ts';
import type { FetchEvent } from '../../source.ts';
import type { ApiRequest } from '../api-request.ts';
import type { RawResponse, StoredAt } from '../api-response.ts';
import type { CacheStore } from './cache-store.ts';
import {
  type CachedResponse,
  type CachedVary,
  cachedResponse,
  canServeOnError,
  conditionsFor,
  isFresh,
  withAge,
} from './cached-response.ts';

/** A request that a cached response may answer. */
export interface CacheLookup {
  readonly origin: string;
  readonly request: ApiRequest;
  /** Names, in lower case, of request headers whose values differ between users. */
  readonly userHeaders: ReadonlySet<string>;
  /** Set where an event is about what is looked up: nothing that is older than the event answers it. */
  readonly event?: FetchEvent | undefined;
  /** Whether the client asks for a new response. */
  readonly isReload?: boolean | undefined;
  /** Returns what a response is invalidated by. */
  readonly tagsOf?: ((headers: RawResponse['headers']) => readonly string[]) | undefined;
  /** Aborted when the client disconnects or the deadline passes. */
  readonly signal: AbortSignal;
  /** Calls the API with these additional headers. */
  call(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RawResponse>;
}

/** What the cache has for a request. */
interface Found {
  readonly cached: CachedResponse | undefined;
  /** The request headers that the responses for this URL vary by, as far as seen. */
  readonly names: readonly string[];
  /** The state of invalidations when it was looked up. */
  readonly moment: CacheMoment;
}

/** A response that has just arrived, and whether other users may get it, too. */
interface Revalidated {
  readonly response: RawResponse;
  readonly isShared: boolean;
}

/** A call that refreshes a cached response. */
interface Revalidation extends AbortableWork {
  readonly result: Promise<Revalidated>;
  /** Why the last request that waited for it has left. */
  reason: unknown;
}

const MAX_UNSHAREABLE = 10_000;
/** Headers of conditional and range requests, which this cache does not answer. */
const CONDITIONAL = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range', 'range'];

/**
 * A cache of responses of APIs to `GET` requests, shared by all clients. Respects `Cache-Control`, `Expires` and `Vary`.
 * Revalidates stale responses where they have a validator. Equal requests in flight share one call.
 * @see https://www.rfc-editor.org/rfc/rfc9111
 */
export class ApiCache {
  readonly #cacheStore: CacheStore;
  readonly #now: () => number;
  readonly #sharedCalls = new AbortableSingleFlight<Revalidation>();
  /** Keys of requests whose last response could not be shared. */
  readonly #unshareable = new LRUCache<string, true>({ max: MAX_UNSHAREABLE });
  /** When a request was last made for an event: what was called before is not stored after it. */
  readonly #madeForEvents = new LRUCache<string, number>({ max: MAX_UNSHAREABLE });

  constructor(cacheStore: CacheStore, now: () => number = steadyNow) {
    this.#cacheStore = cacheStore;
    this.#now = now;
  }

  /** Returns whether the response to this request may be cached at all. */
  static isCacheable({ method, headers, body }: ApiRequest): boolean {
    return method === 'GET' && body === undefined && CONDITIONAL.every((name) => headers[name] === undefined);
  }

  /** Returns a cached response or calls the API. Rejects as the call does when there is no stale response to fall back on. */
  async fetch(lookup: CacheLookup): Promise<RawResponse> {
    const key = keyOf(lookup, isUserSpecific(lookup));
    if (lookup.event) this.#madeForEvents.set(key, lookup.event.order);
    const found = await this.#find(key, lookup);
    const { cached } = found;
    const cacheKey = variantKey(key, lookup, found.names);
    const stored = { key: cacheKey, moment: found.moment };
    const serve = (entry: CachedResponse) => ({ ...withAge(entry, this.#now()), stored });
    const mayServe = cached !== undefined && !lookup.event && !lookup.isReload;
    if (mayServe && isFresh(cached, this.#now())) return serve(cached);
    const mayFallBack = cached !== undefined && !lookup.event && canServeOnError(cached, this.#now());
    try {
      const response = await this.#refresh(key, found, lookup);
      return mayFallBack && response.status >= 500 ? serve(cached) : response;
    } catch (error) {
      if (!mayFallBack) throw error;
      return serve(cached);
    }
  }

  /** Adds tags to a cached response. It is deleted where one was invalidated since a moment. Never rejects. */
  async addTags({ key, moment }: StoredAt, tags: readonly string[], since: CacheMoment): Promise<void> {
    await this.#cacheStore.addTags(key, tags, earlierMoment(moment, since));
  }

  /** Deletes cached responses for a URL after a request that may have changed it (RFC 9111, section 4.4). */
  async invalidate(lookup: CacheLookup): Promise<void> {
    for (const isUserSpecific of [false, true]) await this.#cacheStore.delete(keyOf(lookup, isUserSpecific));
  }

  /** Makes one call for all equal requests. If the last response could not be shared, each request makes its own call. */
  async #refresh(key: string, found: Found, lookup: CacheLookup): Promise<RawResponse> {
    const { signal, event } = lookup;
    const equal = variantKey(key, lookup, [...lookup.userHeaders]);
    const begin = (own: AbortSignal) => this.#revalidate(key, found, lookup, own);
    const isUnshareable = this.#unshareable.has(equal);
    const [revalidated, isOwn] = isUnshareable
      ? ([await untilAborted(begin(signal), signal), true] as const)
      : await this.#fetchShared(event ? `${equal} event ${event.order}` : equal, signal, begin);
    if (revalidated.isShared) this.#unshareable.delete(equal);
    else this.#unshareable.set(equal, true);
    return isOwn || revalidated.isShared ? revalidated.response : lookup.call({}, signal);
  }

  /** Joins the call in flight for this key, or begins one. Also returns whether it was begun here. */
  async #fetchShared(
    key: string,
    signal: AbortSignal,
    begin: (own: AbortSignal) => Promise<Revalidated>,
  ): Promise<readonly [Revalidated, boolean]> {
    let isOwn = false;
    const flight = this.#sharedCalls.join(key, () => {
      isOwn = true;
      const abort = new AbortController();
      const work: Revalidation = {
        result: begin(abort.signal),
        reason: undefined,
        abort: () => abort.abort(work.reason),
      };
      return work;
    });
    try {
      return [await untilAborted(flight.work.result, signal), isOwn];
    } finally {
      if (signal.aborted) flight.work.reason = signal.reason;
      flight.leave();
    }
  }

  async #find(key: string, lookup: CacheLookup): Promise<Found> {
    const first = await this.#cacheStore.get(key);
    const names = first.cached?.kind === 'vary' ? first.cached.names : [];
    const { cached, moment } =
      first.cached?.kind === 'vary' ? await this.#cacheStore.get(variantKey(key, lookup, names)) : first;
    const now = this.#now();
    const isUseful = cached?.kind === 'answer' && now < cached.usefulUntil && !isOfFuture(cached, now);
    return { cached: isUseful ? cached : undefined, names, moment: earlierMoment(first.moment, moment) };
  }

  async #revalidate(key: string, found: Found, lookup: CacheLookup, signal: AbortSignal): Promise<Revalidated> {
    const { cached } = found;
    const order = nextInOrder();
    const moment = await this.#cacheStore.moment();
    const response = await lookup.call(cached ? conditionsFor(cached) : {}, signal);
    const now = this.#now();
    const isNotModified = cached !== undefined && response.status === NOT_MODIFIED;
    const whole = isNotModified
      ? { ...cached, headers: { ...cached.headers, ...ofRepresentation(response) } }
      : response;
    const made = cachedResponse(
      { status: whole.status, headers: whole.headers, text: whole.text },
      isUserSpecific(lookup),
      now,
    );
    const isOutdated = (this.#madeForEvents.get(key) ?? 0) > order;
    if (made !== undefined && isOutdated) return { response: withAge(made, now), isShared: true };
    if (made === undefined) {
      // a failure of the API does not invalidate the cached response
      if (cached && response.status < 500) await this.#cacheStore.delete(key);
      return { response: { status: whole.status, headers: whole.headers, text: whole.text }, isShared: false };
    }
    const stored = { key: await this.#store(key, made, { ...found, moment }, lookup), moment };
    return { response: { ...withAge(made, now), stored }, isShared: true };
  }

  /**
   * Stores a response under the values of its `Vary` headers. A missing header is a value, too (RFC 9111, section 4.1). Keeps the
   * header names of earlier responses, because some APIs send `Vary` with some of their responses only.
   * @returns the key under which it is
   */
  async #store(
    key: string,
    made: CachedResponse,
    { names: before, moment }: Pick<Found, 'names' | 'moment'>,
    lookup: CacheLookup,
  ): Promise<string> {
    const names = [...new Set([...readCachingHeaders(made.headers).vary, ...before])].sort();
    const tags = lookup.tagsOf?.(made.headers);
    const variant = variantKey(key, lookup, names);
    const varied: CachedVary = { kind: 'vary', names, usefulUntil: made.usefulUntil };
    if (names.length > 0) await this.#cacheStore.set(key, varied, moment, tags);
    await this.#cacheStore.set(variant, made, moment, tags);
    return variant;
  }
}

const NOT_MODIFIED = 304;

/** Returns the headers of a 304 that update the cached response; headers about the message itself do not (RFC 9111, section 3.2). */
function ofRepresentation({ headers }: RawResponse): RawResponse['headers'] {
  const { 'content-length': _length, 'content-encoding': _encoding, 'content-type': _type, ...others } = headers;
  // the age restarts with the response that has just arrived
  return { age: undefined, ...others };
}

/** Returns whether a request may identify its user. */
function isUserSpecific({ userHeaders, request }: CacheLookup): boolean {
  return userHeaders.size > 0 || request.headers.authorization !== undefined;
}

/**
 * Returns the key of a URL with all headers that are the same for every user; other values of these count as another API. Responses
 * to anonymous requests have keys of their own, because most APIs do not mark them as anonymous.
 */
function keyOf({ origin, request, userHeaders }: CacheLookup, isUserSpecific: boolean): string {
  const isFixed = (name: string) => !userHeaders.has(name) && !CORRELATION_HEADERS.has(name) && name !== 'content-type';
  const fixed = Object.entries(request.headers).filter(([name]) => isFixed(name));
  return hash('sha256', JSON.stringify([origin, request.path, isUserSpecific, fixed.sort()]), 'base64url');
}

function variantKey(key: string, { request }: CacheLookup, names: readonly string[]): string {
  if (names.length === 0) return key;
  const values = [...names].sort().map((name) => [name, request.headers[name] ?? null]);
  return hash('sha256', JSON.stringify([key, values]), 'base64url');
}
