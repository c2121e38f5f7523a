import type { ServerResponse } from 'node:http';
import { isDue, isOfFuture } from '../../cache/entry.ts';
import { type TagHeader, tagHeaderOf } from '../../cache/tags.ts';
import type { Audience } from '../../client/audience.ts';
import type { Freshness } from '../../client/freshness.ts';
import { TagCollector } from '../../client/tag-collector.ts';
import { steadyNow } from '../../shared/steady-clock.ts';
import type { Cancellation } from '../../sources/cancellation.ts';
import { SharedExecutions, type Sharer } from '../handlers/shared-executions.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import { allTags } from './endpoint-store.ts';
import type { CachePolicy } from './policy.ts';
import { expiresAt, type ResponseStore, type StoredResponse } from './stored-response.ts';

/** A new response, with what the cache needs to know about it. */
export interface FreshResponse {
  readonly response: EndpointResponse;
  /** Whether it may be cached: no section failed. */
  readonly isComplete: boolean;
  readonly tags: readonly string[];
  /** Freshness that the sources reported; `undefined` where they reported none, or the endpoint does not use it. */
  readonly freshness?: Freshness | undefined;
  /** Whether nothing failed: an older response must not be used after this one, even if this one may not be cached. */
  readonly isSound: boolean;
  /** Whether no source was reached, so that nothing can have changed. */
  readonly reachedNoSource: boolean;
}

/** A request to the response cache. */
export interface CacheRequest {
  /** The id of the endpoint, for metrics: `web/dashboard`. */
  readonly endpoint: string;
  readonly key: string;
  /** Key of executions in flight: those with the same key share one. Only executions with the same `key` have the same. */
  readonly inFlightKey: string;
  /** Whether the client asks for a new response, which is then cached for others. */
  readonly isReload: boolean;
  /** The timeout of the endpoint. */
  readonly timeoutMs: number;
  /** Returns a key that is equal for clients whose requests are the same to every source; `undefined` if there are none. */
  readonly clientKey: () => string | undefined;
  readonly policy: CachePolicy;
  /** Whether the response may be shown to other viewers. */
  readonly shared: boolean;
  /** Returns the scope and `Vary` for downstream caches. */
  readonly audience: () => Audience;
  /** Response of the waiting client. */
  readonly res: ServerResponse;
  /** The waiting request. */
  readonly sharer?: Sharer | undefined;
  /**
   * Creates a new response: once for all identical requests in flight.
   * @param collector collects what its values are invalidated by
   */
  readonly make: (cancellation: Cancellation, collector?: TagCollector) => Promise<FreshResponse>;
}

/** Outcome of a look-up, for metrics. */
export type CacheOutcome = 'hit' | 'stale' | 'stale-if-error' | 'miss';

interface Made {
  readonly response: EndpointResponse;
  /** The request of the client that it is for, as a source said; others may have waited for it. */
  readonly onlyFor: CacheRequest | undefined;
}

/** A cache of endpoint responses. */
export interface ResponseCache {
  /**
   * Returns a response: synchronously where a usable one is in memory. Rejects with the error of `make` where no stale
   * response can be used.
   */
  respond(request: CacheRequest): EndpointResponse | Promise<EndpointResponse>;
  purge(tags: readonly string[]): number | Promise<number>;
}

/** Options of a response cache. */
export interface ResponseCacheOptions {
  readonly store: ResponseStore;
  readonly now?: (() => number) | undefined;
  /** The most by which times are shortened at random, as a share, so that not all expires together. Default: 0 */
  readonly jitter?: number | undefined;
  readonly random?: (() => number) | undefined;
  /** The header that tells a CDN the tags of responses. Default: none */
  readonly tagHeader?: TagHeader | undefined;
  /** @param endpoint the id of the endpoint */
  readonly onOutcome?: ((endpoint: string, outcome: CacheOutcome) => void) | undefined;
  /** Called when a background refresh fails. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Creates a response cache. It serves fresh responses; then stale ones while it refreshes them in the background
 * (stale-while-revalidate); then stale ones only where the refresh fails (stale-if-error).
 * @see https://www.rfc-editor.org/rfc/rfc5861
 */
export function createResponseCache(options: ResponseCacheOptions): ResponseCache {
  return new StoredResponses(options);
}

class StoredResponses implements ResponseCache {
  readonly #options: ResponseCacheOptions;
  readonly #now: () => number;
  readonly #sharedExecutions = new SharedExecutions<Made>();

  constructor(options: ResponseCacheOptions) {
    this.#options = options;
    this.#now = options.now ?? steadyNow;
  }

  readonly #shorten = (ms: number): number => {
    const { jitter = 0, random = Math.random } = this.#options;
    return ms * (1 - jitter * random());
  };

  respond(request: CacheRequest): EndpointResponse | Promise<EndpointResponse> {
    const stored = this.#options.store.get(request.key);
    return stored instanceof Promise ? stored.then((found) => this.#use(request, found)) : this.#use(request, stored);
  }

  purge(tags: readonly string[]): number | Promise<number> {
    return this.#options.store.purge(tags);
  }

  #use(request: CacheRequest, found: StoredResponse | undefined): EndpointResponse | Promise<EndpointResponse> {
    const time = this.#now();
    const stored = found && isOfFuture(found, time) ? undefined : found;
    if (request.isReload) return this.#load(request, stored);
    if (stored !== undefined && time < stored.freshUntil) {
      const { random = Math.random } = this.#options;
      if (isDue(stored, time, random())) this.#refresh(request, stored);
      return this.#respondWith('hit', request, stored, time);
    }
    if (stored !== undefined && time < stored.staleUntil) {
      this.#refresh(request, stored);
      return this.#respondWith('stale', request, stored, time);
    }
    return this.#load(request, stored);
  }

  /** Makes a response again in the background: in one process at a time, and once. */
  #refresh(request: CacheRequest, stored: StoredResponse): void {
    const isUnderWay = () => this.#sharedExecutions.has(request.inFlightKey);
    if (isUnderWay()) return;
    const begin = (isClaimed: boolean) => {
      if (isClaimed && !isUnderWay())
        this.#fetch(request, undefined, stored).catch((error) => this.#options.onError?.(error));
    };
    const claim = this.#options.store.claim(request.key, stored);
    if (claim instanceof Promise) void claim.then(begin);
    else begin(claim);
  }

  #respondWith(
    outcome: CacheOutcome,
    { endpoint }: CacheRequest,
    { response, storedAt }: StoredResponse,
    time: number,
  ): EndpointResponse {
    this.#options.onOutcome?.(endpoint, outcome);
    const age = String(Math.max(0, Math.floor((time - storedAt) / 1000)));
    return { ...response, headers: { ...response.headers, age, 'cache-status': STATUS[outcome] } };
  }

  /**
   * @param res response of the waiting client; `undefined` for a background refresh
   * @param older what is cached
   */
  async #fetch(
    request: CacheRequest,
    res: ServerResponse | undefined,
    older: StoredResponse | undefined,
  ): Promise<EndpointResponse> {
    const make = async (cancellation: Cancellation): Promise<Made> => {
      const begun = this.#options.store.begin();
      const collector = new TagCollector(begun instanceof Promise ? await begun : begun);
      const startedAt = this.#now();
      const fresh = await request.make(cancellation, collector);
      const stored = await this.#store(request, fresh, collector, startedAt, older);
      const isPrivate = request.shared && fresh.freshness?.isPrivate === true;
      return { response: stored ?? fresh.response, onlyFor: isPrivate ? request : undefined };
    };
    const join = (key: string | undefined) =>
      this.#sharedExecutions.join(key, res, make, res && request.sharer, request.timeoutMs);
    const { response, onlyFor } = await join(request.inFlightKey);
    if (onlyFor === undefined || onlyFor === request) return response;
    const clientKey = request.clientKey();
    if (clientKey !== undefined && clientKey === onlyFor.clientKey()) return response;
    return (await join(clientKey && `${request.key}\n${clientKey}`)).response;
  }

  async #load(request: CacheRequest, stored: StoredResponse | undefined): Promise<EndpointResponse> {
    const mayFallBack = stored !== undefined && this.#now() < stored.errorUntil;
    try {
      const response = await this.#fetch(request, request.res, stored);
      if (!mayFallBack || response.status < 500) {
        this.#options.onOutcome?.(request.endpoint, 'miss');
        return response;
      }
    } catch (error) {
      if (!mayFallBack) throw error;
    }
    return this.#respondWith('stale-if-error', request, stored as StoredResponse, this.#now());
  }

  /** Stores a response and returns it as it was stored; `undefined` where it may not be cached. */
  async #store(
    request: CacheRequest,
    fresh: FreshResponse,
    { tags, moment, hasErrorStatus, hasUncachedNull }: TagCollector,
    startedAt: number,
    older: StoredResponse | undefined,
  ): Promise<EndpointResponse | undefined> {
    if (hasErrorStatus) return undefined;
    const end = async () => {
      if (older && fresh.isSound) await this.#options.store.set(request.key, endedAt(older, startedAt), moment);
    };
    const time = this.#now();
    const form = storedForm(request, fresh, tags, time, this.#options.tagHeader, this.#shorten);
    if (form === undefined) return void (await end());
    const stored = { ...form, tookMs: Math.max(0, time - startedAt) };
    const isAllowed = !hasUncachedNull || !request.policy.respectsSources;
    if (!isAllowed) await end();
    else if (expiresAt(stored) > time) await this.#options.store.set(request.key, stored, moment);
    const { response } = stored;
    const headers = { ...response.headers, 'cache-status': STATUS.miss };
    return { ...response, headers, timings: fresh.response.timings };
  }
}

/** Returns what to store of a new response, with the headers for downstream caches; `undefined` where it may not be cached. */
function storedForm(
  { policy, shared, audience }: CacheRequest,
  { response, isComplete, freshness, tags }: FreshResponse,
  dependencies: ReadonlySet<string>,
  time: number,
  tagHeader: TagHeader | undefined,
  shorten: (ms: number) => number,
): Omit<StoredResponse, 'tookMs'> | undefined {
  const { status, etag } = response;
  if (!isComplete || status >= 300 || etag === undefined) return undefined;
  const maxAgeMs = freshness?.maxAgeMs ?? Number.POSITIVE_INFINITY;
  if (maxAgeMs === 0 || (shared && freshness?.isPrivate)) return undefined;
  const { isPrivate, vary } = audience();
  const headers: Record<string, string> = {
    'content-type': response.headers['content-type'] ?? '',
    'cache-control': capMaxAge(isPrivate ? policy.privateText : policy.sharedText, maxAgeMs),
  };
  if (vary.length > 0) headers.vary = vary.join(', ');
  if (!isPrivate) Object.assign(headers, tagHeaderOf(allTags(tags, dependencies), tagHeader));
  const body = typeof response.body === 'string' ? Buffer.from(response.body) : response.body;
  const freshUntil = time + shorten(Math.min(policy.freshMs, maxAgeMs));
  const staleUntil = freshUntil + policy.staleWhileRevalidateMs;
  return {
    response: { status, headers, etag, body, encodedBodies: new Map() },
    storedAt: time,
    freshUntil,
    staleUntil,
    errorUntil: Math.max(staleUntil, freshUntil + policy.staleIfErrorMs),
    tags,
    dependencies: [...dependencies],
  };
}

/** Returns a response that takes the place of a cached one, and cannot be used. */
function endedAt(older: StoredResponse, time: number): StoredResponse {
  return { ...older, storedAt: time, freshUntil: time, staleUntil: time, errorUntil: time };
}

function capMaxAge(text: string, maxAgeMs: number): string {
  if (maxAgeMs === Number.POSITIVE_INFINITY) return text;
  const maxAge = Math.floor(maxAgeMs / 1000);
  return text.replace(/\b(max-age|s-maxage)=(\d+)/g, (_, name, seconds) => `${name}=${Math.min(seconds, maxAge)}`);
}

/** Returns the outcome that a `Cache-Status` of an endpoint stands for. */
export function outcomeOf(cacheStatus: string | undefined): CacheOutcome | undefined {
  return OUTCOMES.find((outcome) => STATUS[outcome] === cacheStatus);
}

const OUTCOMES: readonly CacheOutcome[] = ['hit', 'stale', 'stale-if-error', 'miss'];

/** `Cache-Status` by outcome. @see https://www.rfc-editor.org/rfc/rfc9211 */
const STATUS: Readonly<Record<CacheOutcome, string>> = {
  hit: 'headgate; hit',
  stale: 'headgate; hit; detail=revalidating',
  'stale-if-error': 'headgate; hit; detail=stale-if-error',
  miss: 'headgate; fwd=uri-miss',
};
