import type { Dispatcher, Pool as FullPool } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
// Only the pool: the rest of undici (fetch, WebSocket, caches) is most of its code, and would be loaded at every start.
import Pool from 'undici/lib/dispatcher/pool.js';
import { IdleTime } from './idle-time.ts';

/** Below the 5 s after which Node's and many other servers close an idle connection, so that the gateway closes it first. */
const IDLE_CONNECTION_MS = 4_000;

export interface PoolSettings {
  /** The most connections. Further calls wait for a free one; the wait counts towards their timeout. Default 256. */
  readonly connections?: number | undefined;
  /** Timeout for opening a connection, in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
}

const DEFAULT_CONNECTIONS = 256;

type Dispatch = Dispatcher['dispatch'];
type PoolOptions = FullPool.Options;

/** A handler of undici that learns whether its call gets a connection that has been idle. */
export interface IdleConnectionHandler {
  onIdleConnection?(): void;
}

/**
 * The connections to one origin.
 *
 * A server that closes an idle connection at the moment of use loses a request. Two things prevent that:
 * - The gateway closes idle connections first: after the time that the server states in `Keep-Alive: timeout=…` (undici reads it), or
 *   after half the time that the server has been seen to keep them, see {@link IdleTime}. A pool cannot change that time, so a new
 *   one replaces it; the old one completes its calls.
 * - A read that was lost all the same is sent again over `fresh`, which opens a connection for each call: when a server restarts,
 *   every idle connection is closed.
 */
export class OriginPool {
  readonly #origin: string;
  readonly #settings: PoolSettings;
  readonly #idleTime = new IdleTime(IDLE_CONNECTION_MS);
  #pool: Pool;
  #freshPool: Pool | undefined;
  /** Pools that complete their calls. */
  readonly #closing = new Set<Promise<void>>();
  #isClosed = false;

  constructor(origin: string, settings: PoolSettings) {
    this.#origin = origin;
    this.#settings = settings;
    this.#pool = this.#open();
  }

  readonly dispatch: Dispatch = (options, handler) => this.#pool.dispatch(options, handler);

  /** Dispatches a call over a new connection. */
  get fresh(): { readonly dispatch: Dispatch } {
    // without pipelining, undici closes the connection after each response
    this.#freshPool ??= new Pool(this.#origin, { ...this.#options(), pipelining: 0 });
    return this.#freshPool;
  }

  /** Resolves after the calls in flight have completed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#pool.close(), this.#freshPool?.close(), ...this.#closing]);
  }

  #open(): Pool {
    const factory = (origin: URL, options: object) => this.#observed(new Client(origin, options as Client.Options));
    return new Pool(this.#origin, { ...this.#options(), keepAliveTimeout: this.#idleTime.maxMs, factory });
  }

  #options(): PoolOptions {
    const { connections = DEFAULT_CONNECTIONS, connectTimeoutMs } = this.#settings;
    return {
      connections,
      ...(connectTimeoutMs !== undefined && { connectTimeout: connectTimeoutMs }),
      // Each call has its own deadline (see http-call.ts); undici's timers would be a second one.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
  }

  /** Measures how long the connection of a client is idle. A client has one connection, and emits `drain` after each call. */
  #observed(client: Client): Client {
    const dispatch = client.dispatch.bind(client);
    let isConnected = false;
    let idleSince: number | undefined;
    /** How long the connection of the current call was idle before. */
    let wasIdleMs: number | undefined;
    client.dispatch = (options, handler) => {
      if (idleSince !== undefined) wasIdleMs = performance.now() - idleSince;
      idleSince = undefined;
      if (isConnected) (handler as IdleConnectionHandler).onIdleConnection?.();
      return dispatch(options, handler);
    };
    client.on('connect', () => {
      isConnected = true;
    });
    client.on('drain', () => {
      if (wasIdleMs !== undefined) this.#idleTime.wasGood(wasIdleMs);
      wasIdleMs = undefined;
      idleSince = isConnected ? performance.now() : undefined;
    });
    client.on('disconnect', (_origin, _targets, { code }: Error & { readonly code?: string }) => {
      const idleMs = idleSince === undefined ? undefined : performance.now() - idleSince;
      isConnected = false;
      idleSince = undefined;
      wasIdleMs = undefined;
      if (idleMs !== undefined && (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET')) this.#closedByServer(idleMs);
      else if (idleMs !== undefined) this.#idleTime.wasGood(idleMs);
    });
    return client;
  }

  #closedByServer(idleMs: number): void {
    if (!this.#idleTime.wasClosed(idleMs) || this.#isClosed) return;
    const closing = this.#pool.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    this.#pool = this.#open();
  }
}
