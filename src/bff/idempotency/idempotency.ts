import { LRUCache } from 'lru-cache';
import { type RedisClient, type SharedRedis, StoreUnavailable } from '../../store/redis.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';

/** What is known of a key. `reply` is there once the first request has its answer. */
export interface Remembered {
  /** Digest of what was asked for. */
  readonly payload: string;
  readonly response?: Pick<EndpointResponse, 'status' | 'headers'> & { readonly body: string };
}

/** Where keys are remembered. Throws `StoreUnavailable` when that cannot be told just now. */
export interface KeyStore {
  /** Claims the key: `undefined` where nobody had it, else what is known of it. */
  claim(key: string, remembered: Remembered, ms: number): Promise<Remembered | undefined>;
  get(key: string): Promise<Remembered | undefined>;
  finish(key: string, remembered: Remembered, ms: number): Promise<void>;
  release(key: string): Promise<void>;
}

/** Beyond so many keys, or so many characters of answers, those unused for longest are forgotten. */
export function createMemoryKeyStore({ maxKeys = 50_000, maxChars = 32 * 2 ** 20 } = {}): KeyStore {
  const known = new LRUCache<string, Remembered>({
    max: maxKeys,
    maxSize: maxChars,
    sizeCalculation: ({ response }) => 256 + (response?.body.length ?? 0),
  });
  return {
    async claim(key, remembered, ms) {
      const there = known.get(key);
      if (there === undefined) known.set(key, remembered, { ttl: ms });
      return there;
    },
    get: async (key) => known.get(key),
    finish: async (key, remembered, ms) => void known.set(key, remembered, { ttl: ms }),
    release: async (key) => void known.delete(key),
  };
}

export function createRedisKeyStore(redis: SharedRedis): KeyStore {
  const keyOf = (key: string) => `${redis.prefix}:bff:idempotency:${key}`;
  const read = (text: string | null): Remembered | undefined => (text === null ? undefined : JSON.parse(text));
  const run = <T>(command: (client: RedisClient) => Promise<T>) => redis.run(command, redis.requiredMs);
  const release = async (key: string) => void (await run((client) => client.unlink(keyOf(key))));

  /** A claim that was given up may still be carried out: it would keep the client's next try from being answered. */
  async function setOrUndo(key: string, text: string, ms: number): Promise<'OK' | null> {
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
    async claim(key, remembered, ms) {
      const claimed = await setOrUndo(key, JSON.stringify(remembered), ms);
      return claimed === 'OK' ? undefined : read(await run((client) => client.get(keyOf(key))));
    },
    get: async (key) => read(await run((client) => client.get(keyOf(key)))),
    async finish(key, remembered, ms) {
      await run((client) => client.set(keyOf(key), JSON.stringify(remembered), 'PX', Math.ceil(ms)));
    },
    release,
  };
}

export type Repetition =
  /** The answer of this request, or of the first one with the key. */
  | { readonly kind: 'reply'; readonly response: EndpointResponse; readonly replayed: boolean }
  /** The key was used for something else. */
  | { readonly kind: 'other-payload' }
  /** The first request with the key is not done, and took too long to wait for. */
  | { readonly kind: 'still-running' }
  /** Nobody can say whether the key was used, for the store is away. */
  | { readonly kind: 'unknown'; readonly error: StoreUnavailable };

export interface OnceRequest {
  /** Of the endpoint, the viewer and the key that the client chose. */
  readonly key: string;
  readonly payload: string;
  readonly windowMs: number;
  /** How long one request can take at most: until then a key without an answer is one that is being worked on. */
  readonly timeoutMs: number;
  /** `keep`: whether something may have been done, so that it must not be done again. */
  readonly run: () => Promise<{ readonly response: EndpointResponse; readonly keep: boolean }>;
}

const POLL_MS = 50;

/** A request that has begun keeps its key this much longer than it may take, for a process that is slow to write its answer. */
const CLAIM_MARGIN_MS = 5_000;

/**
 * Runs a request once for each key: repetitions get the answer of the first, also those that come while it is under way.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export class Once {
  readonly #store: KeyStore;
  /** Not a single flight: who waits looks into the store afterwards, as the payload may differ or nothing may be kept. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(store: KeyStore) {
    this.#store = store;
  }

  async answer(request: OnceRequest): Promise<Repetition> {
    const { key, payload, timeoutMs } = request;
    try {
      const there = await this.#store.claim(key, { payload }, timeoutMs + CLAIM_MARGIN_MS);
      if (there === undefined) return await this.#first(request);
      if (there.payload !== payload) return { kind: 'other-payload' };
      if (there.response !== undefined) return { kind: 'reply', response: there.response, replayed: true };
      return await this.#wait(request);
    } catch (error) {
      if (error instanceof StoreUnavailable) return { kind: 'unknown', error };
      throw error;
    }
  }

  async #first({ key, payload, windowMs, run }: OnceRequest): Promise<Repetition> {
    const work = this.#carryOut(key, payload, windowMs, run);
    this.#running.set(key, work);
    try {
      return { kind: 'reply', response: await work, replayed: false };
    } finally {
      this.#running.delete(key);
    }
  }

  async #carryOut(key: string, payload: string, windowMs: number, run: OnceRequest['run']): Promise<EndpointResponse> {
    let done: Awaited<ReturnType<OnceRequest['run']>>;
    try {
      done = await run();
    } catch (error) {
      await this.#quietly(() => this.#store.release(key));
      throw error;
    }
    const { status, headers, body } = done.response;
    const response = { status, headers, body: String(body) };
    await this.#quietly(() =>
      done.keep ? this.#store.finish(key, { payload, response }, windowMs) : this.#store.release(key),
    );
    return done.response;
  }

  /** What was done was done: that the store went away meanwhile must not hide the answer. */
  async #quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  /** The first request runs in this process, or in another one, which is looked after now and then. */
  async #wait(request: OnceRequest): Promise<Repetition> {
    const until = performance.now() + request.timeoutMs;
    while (performance.now() < until) {
      const running = this.#running.get(request.key);
      await (running?.catch(() => {}) ?? new Promise((resolve) => setTimeout(resolve, POLL_MS)));
      const there = await this.#store.get(request.key);
      if (there === undefined) return await this.answer(request);
      if (there.payload !== request.payload) return { kind: 'other-payload' };
      if (there.response !== undefined) return { kind: 'reply', response: there.response, replayed: true };
    }
    return { kind: 'still-running' };
  }
}
