import { LRUCache } from 'lru-cache';
import { type RedisClient, type SharedRedis, StoreUnavailable } from '../../store/redis.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';

/** The record of a key. `response` is set when the first request has finished. */
export interface KeyRecord {
  /** Digest of the parameters. */
  readonly payload: string;
  readonly response?: Pick<EndpointResponse, 'status' | 'headers'> & { readonly body: string };
}

/** A store of idempotency keys. Its methods reject with `StoreUnavailable` while it is unavailable. */
export interface KeyStore {
  /** Claims a key for `ms` milliseconds. Resolves with `undefined` if it was free, else with its record. */
  claim(key: string, record: KeyRecord, ms: number): Promise<KeyRecord | undefined>;
  get(key: string): Promise<KeyRecord | undefined>;
  finish(key: string, record: KeyRecord, ms: number): Promise<void>;
  release(key: string): Promise<void>;
}

/** Creates a store in memory. It evicts the least recently used keys beyond a number of keys or of characters. */
export function createMemoryKeyStore({ maxKeys = 50_000, maxChars = 32 * 2 ** 20 } = {}): KeyStore {
  // allocates the places of all keys at once, which takes milliseconds, so only where a client sends a key
  let records: LRUCache<string, KeyRecord> | undefined;
  const opened = () => {
    records ??= new LRUCache<string, KeyRecord>({
      max: maxKeys,
      maxSize: maxChars,
      sizeCalculation: ({ response }) => 256 + (response?.body.length ?? 0),
    });
    return records;
  };
  return {
    async claim(key, record, ms) {
      const existing = opened().get(key);
      if (existing === undefined) opened().set(key, record, { ttl: ms });
      return existing;
    },
    get: async (key) => records?.get(key),
    finish: async (key, record, ms) => void opened().set(key, record, { ttl: ms }),
    release: async (key) => void records?.delete(key),
  };
}

/** Creates a store in Redis, which all processes share. */
export function createRedisKeyStore(redis: SharedRedis): KeyStore {
  const keyOf = (key: string) => `${redis.prefix}:bff:idempotency:${key}`;
  const read = (text: string | null): KeyRecord | undefined => (text === null ? undefined : JSON.parse(text));
  const run = <T>(command: (client: RedisClient) => Promise<T>) => redis.run(command, redis.requiredMs);
  const release = async (key: string) => void (await run((client) => client.unlink(keyOf(key))));

  /** Claims a key. After a timeout Redis may still execute the command; then the key is released for the client's retry. */
  async function setOrRelease(key: string, text: string, ms: number): Promise<'OK' | null> {
    let sent: Promise<'OK' | null> | undefined;
    try {
      return await run((client) => {
        sent = client.set(keyOf(key), text, 'PX', Math.ceil(ms), 'NX');
        return sent;
      });
    } catch (error) {
      sent?.then((claimed) => (claimed === 'OK' ? release(key) : undefined)).catch(() => {});
      throw error;
    }
  }

  return {
    async claim(key, record, ms) {
      const claimed = await setOrRelease(key, JSON.stringify(record), ms);
      return claimed === 'OK' ? undefined : read(await run((client) => client.get(keyOf(key))));
    },
    get: async (key) => read(await run((client) => client.get(keyOf(key)))),
    async finish(key, record, ms) {
      await run((client) => client.set(keyOf(key), JSON.stringify(record), 'PX', Math.ceil(ms)));
    },
    release,
  };
}

/** The outcome of a request with an idempotency key. */
export type IdempotentResult =
  /** The response of this request, or of the first one with the key. */
  | { readonly kind: 'response'; readonly response: EndpointResponse; readonly replayed: boolean }
  /** The key was used with other parameters. */
  | { readonly kind: 'key-reused' }
  /** The first request with the key has not finished within the timeout. */
  | { readonly kind: 'still-running' }
  /** The store is unavailable, so it is unknown whether the key was used. */
  | { readonly kind: 'store-unavailable'; readonly error: StoreUnavailable };

/** A request with an idempotency key. */
export interface IdempotentRequest {
  /** Digest of the endpoint, the caller and the client's key. */
  readonly key: string;
  readonly payload: string;
  readonly windowMs: number;
  /** Timeout of one request. Until then, a key without a response counts as in progress. */
  readonly timeoutMs: number;
  /** Executes the request. `store`: whether something may have changed, so that it must not be executed again. */
  readonly run: () => Promise<{ readonly response: EndpointResponse; readonly store: boolean }>;
  /** Returns the response for retries after `run` rejected; `undefined` where it cannot have changed anything. */
  readonly afterError: (error: unknown) => EndpointResponse | undefined;
}

const POLL_MS = 50;

/** How much longer than its timeout a request holds its key, for a process that is slow to store its response. */
const CLAIM_MARGIN_MS = 5_000;

/**
 * Runs a request once for each key. Retries get the response of the first request, even while it is in progress.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export class IdempotentExecutor {
  readonly #store: KeyStore;
  /** Not a single flight: who waits looks into the store afterwards, as the payload may differ or nothing may be kept. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(store: KeyStore) {
    this.#store = store;
  }

  async execute(request: IdempotentRequest): Promise<IdempotentResult> {
    const { key, payload, timeoutMs } = request;
    try {
      const existing = await this.#store.claim(key, { payload }, timeoutMs + CLAIM_MARGIN_MS);
      if (existing === undefined) return await this.#first(request);
      if (existing.payload !== payload) return { kind: 'key-reused' };
      if (existing.response !== undefined) return { kind: 'response', response: existing.response, replayed: true };
      return await this.#wait(request);
    } catch (error) {
      if (error instanceof StoreUnavailable) return { kind: 'store-unavailable', error };
      throw error;
    }
  }

  async #first(request: IdempotentRequest): Promise<IdempotentResult> {
    const { key } = request;
    const work = this.#executeFirst(request);
    this.#running.set(key, work);
    try {
      return { kind: 'response', response: await work, replayed: false };
    } finally {
      this.#running.delete(key);
    }
  }

  async #executeFirst(request: IdempotentRequest): Promise<EndpointResponse> {
    const { run, afterError } = request;
    let done: Awaited<ReturnType<IdempotentRequest['run']>>;
    try {
      done = await run();
    } catch (error) {
      await this.#finish(request, afterError(error));
      throw error;
    }
    await this.#finish(request, done.store ? done.response : undefined);
    return done.response;
  }

  /** Stores a response for retries; without one, the key is free again. */
  async #finish({ key, payload, windowMs }: IdempotentRequest, made: EndpointResponse | undefined): Promise<void> {
    if (made === undefined) return this.#ignoringUnavailable(() => this.#store.release(key));
    const { status, headers, body } = made;
    const response = { status, headers, body: String(body) };
    await this.#ignoringUnavailable(() => this.#store.finish(key, { payload, response }, windowMs));
  }

  /** Runs store work. An unavailable store must not hide the response of an executed request. */
  async #ignoringUnavailable(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  /** Waits for the first request, in this process or, by polling the store, in another one. */
  async #wait(request: IdempotentRequest): Promise<IdempotentResult> {
    const until = performance.now() + request.timeoutMs;
    while (performance.now() < until) {
      const running = this.#running.get(request.key);
      await (running?.catch(() => {}) ?? new Promise((resolve) => setTimeout(resolve, POLL_MS)));
      const existing = await this.#store.get(request.key);
      if (existing === undefined) return await this.execute(request);
      if (existing.payload !== request.payload) return { kind: 'key-reused' };
      if (existing.response !== undefined) return { kind: 'response', response: existing.response, replayed: true };
    }
    return { kind: 'still-running' };
  }
}
