import type { ServerResponse } from 'node:http';
import type { Audience } from '../../client/audience.ts';
import type { Freshness } from '../../client/freshness.ts';
import type { Cancellation } from '../../sources/cancellation.ts';
import { SharedExecutions } from '../handlers/flights.ts';
import type { EndpointResponse } from '../responses/reply.ts';
import type { CachePolicy } from './policy.ts';
import { type ResponseStore, type StoredResponse, usefulUntil } from './stored-answer.ts';

/** A reply that was just made, and what is to be known of it. */
export interface Fresh {
  readonly response: EndpointResponse;
  /** Whether it may be kept: nothing is missing from it. */
  readonly whole: boolean;
  readonly tags: readonly string[];
  /** What its sources say of how long it holds; `undefined` where they say nothing, or nobody asked them. */
  readonly freshness?: Freshness | undefined;
  /** No source can have done anything for it. */
  readonly untouched: boolean;
}

export interface CacheRequest {
  readonly key: string;
  readonly policy: CachePolicy;
  /** Whether others than this viewer may be shown the answer. */
  readonly shared: boolean;
  /** Returns what caches on the way to the viewer are told. */
  readonly audience: () => Audience;
  /** Who waits. */
  readonly res: ServerResponse;
  /** Makes a new answer: once for all who ask at the same time. */
  readonly make: (cancellation: Cancellation) => Promise<Fresh>;
}

/** Told of each look-up. */
export type CacheOutcome = 'hit' | 'stale' | 'stale-if-error' | 'miss';

export interface ResponseCache {
  /** At once where a good answer is in memory. Rejects with what `make` rejects with where there is none to fall back on. */
  answer(request: CacheRequest): EndpointResponse | Promise<EndpointResponse>;
  purge(tags: readonly string[]): number | Promise<number>;
}

export interface ResponseCacheOptions {
  readonly store: ResponseStore;
  readonly now?: (() => number) | undefined;
  readonly onOutcome?: ((outcome: CacheOutcome) => void) | undefined;
  /** Told when an answer could not be renewed in the background. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Serves kept answers while they are fresh; for a while after that, while new ones are fetched behind the client's back;
 * and for another while, where new ones cannot be had.
 * @see https://www.rfc-editor.org/rfc/rfc5861
 */
export function createResponseCache(options: ResponseCacheOptions): ResponseCache {
  const { store, now = Date.now, onOutcome, onError } = options;
  const sharedExecutions = new SharedExecutions<EndpointResponse>();
  /** What is under way when something is purged may have read what was true before. */
  let purges = 0;

  function use(
    request: CacheRequest,
    stored: StoredResponse | undefined,
  ): EndpointResponse | Promise<EndpointResponse> {
    const time = now();
    if (stored !== undefined && time < stored.freshUntil) return served('hit', stored, time);
    if (stored !== undefined && time < stored.staleUntil) {
      if (!sharedExecutions.has(request.key)) fetchNew(request, undefined).catch((error) => onError?.(error));
      return served('stale', stored, time);
    }
    return load(request, stored);
  }

  function served(outcome: CacheOutcome, { response, storedAt }: StoredResponse, time: number): EndpointResponse {
    onOutcome?.(outcome);
    const age = String(Math.max(0, Math.floor((time - storedAt) / 1000)));
    return { ...response, headers: { ...response.headers, age, 'cache-status': STATUS[outcome] } };
  }

  /** `res`: who waits for it; nobody does for what is fetched behind the client's back. */
  function fetchNew(request: CacheRequest, res: ServerResponse | undefined): Promise<EndpointResponse> {
    return sharedExecutions.join(request.key, res, async (cancellation) => {
      const before = purges;
      const fresh = await request.make(cancellation);
      return (before === purges ? await keep(request, fresh) : undefined) ?? fresh.response;
    });
  }

  async function load(request: CacheRequest, stored: StoredResponse | undefined): Promise<EndpointResponse> {
    const mayFallBack = stored !== undefined && now() < stored.errorUntil;
    try {
      const response = await fetchNew(request, request.res);
      if (!mayFallBack || response.status < 500) {
        onOutcome?.('miss');
        return response;
      }
    } catch (error) {
      if (!mayFallBack) throw error;
    }
    return served('stale-if-error', stored as StoredResponse, now());
  }

  /** The reply as it is kept; `undefined` where it may not be. */
  async function keep(
    { key, policy, shared, audience }: CacheRequest,
    fresh: Fresh,
  ): Promise<EndpointResponse | undefined> {
    const { response } = fresh;
    if (!fresh.whole || response.status >= 300 || response.etag === undefined) return undefined;
    const { freshness } = fresh;
    const mostMs = freshness?.maxAgeMs ?? Number.POSITIVE_INFINITY;
    if (mostMs === 0 || (shared && freshness?.isPrivate)) return undefined;
    const freshMs = Math.min(policy.freshMs, mostMs);
    const time = now();
    const staleUntil = time + freshMs + policy.staleWhileRevalidateMs;
    const { isPrivate, vary } = audience();
    const headers: Record<string, string> = {
      'content-type': response.headers['content-type'] ?? '',
      'cache-control': notLonger(isPrivate ? policy.privateText : policy.sharedText, mostMs),
    };
    if (vary.length > 0) headers.vary = vary.join(', ');
    const body = typeof response.body === 'string' ? Buffer.from(response.body) : response.body;
    const kept = { status: response.status, headers, etag: response.etag, body, forms: new Map() };
    const stored: StoredResponse = {
      response: kept,
      storedAt: time,
      freshUntil: time + freshMs,
      staleUntil,
      errorUntil: Math.max(staleUntil, time + freshMs + policy.staleIfErrorMs),
      tags: fresh.tags,
    };
    if (usefulUntil(stored) > time) await store.set(key, stored);
    return { ...kept, headers: { ...headers, 'cache-status': STATUS.miss }, timings: response.timings };
  }

  return {
    answer(request) {
      const stored = store.get(request.key);
      return stored instanceof Promise ? stored.then((answer) => use(request, answer)) : use(request, stored);
    },
    purge(tags) {
      purges++;
      return store.purge(tags);
    },
  };
}

function notLonger(text: string, mostMs: number): string {
  if (mostMs === Number.POSITIVE_INFINITY) return text;
  const most = Math.floor(mostMs / 1000);
  return text.replace(/\b(max-age|s-maxage)=(\d+)/g, (_, name, seconds) => `${name}=${Math.min(seconds, most)}`);
}

/** @see https://www.rfc-editor.org/rfc/rfc9211 */
const STATUS: Readonly<Record<CacheOutcome, string>> = {
  hit: 'headgate; hit',
  stale: 'headgate; hit; detail=revalidating',
  'stale-if-error': 'headgate; hit; detail=stale-if-error',
  miss: 'headgate; fwd=uri-miss',
};
