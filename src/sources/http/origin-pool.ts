import type Client from 'undici/lib/dispatcher/client.js';
import type Pool from 'undici/lib/dispatcher/pool.js';
import type { Connections, Dispatch, IdleConnectionHandler } from './connections.ts';
import { createPool, DEFAULT_POOL, type PoolSettings } from './http-pool.ts';
import { IdleTime } from './idle-time.ts';

/**
 * The connections to one origin with HTTP/1.1.
 *
 * A server that closes an idle connection at the moment of use loses a request. Two things prevent that:
 * - The gateway closes idle connections first: after the time that the server states in `Keep-Alive: timeout=…` (undici reads it), or
 *   after half the time that the server has been seen to keep them, see {@link IdleTime}. A pool cannot change that time, so a new
 *   one replaces it; the old one completes its calls.
 * - A read that was lost all the same is sent again over `fresh`, which opens a connection for each call: when a server restarts,
 *   every idle connection is closed.
 */
export class OriginPool implements Connections {
  readonly #origin: string;
  readonly #settings: PoolSettings;
  readonly #idleTime: IdleTime;
  #pool: Pool;
  #freshPool: Pool | undefined;
  /** Pools that complete their calls. */
  readonly #closing = new Set<Promise<void>>();
  #isClosed = false;

  constructor(origin: string, settings: PoolSettings) {
    this.#origin = origin;
    this.#settings = settings;
    this.#idleTime = new IdleTime(settings.keepAliveMs ?? DEFAULT_POOL.keepAliveMs);
    this.#pool = this.#open();
  }

  readonly dispatch: Dispatch = (options, handler) => this.#pool.dispatch(options, handler);

  /** Dispatches a call over a new connection. */
  get fresh(): { readonly dispatch: Dispatch } {
    // without pipelining, undici closes the connection after each response
    this.#freshPool ??= createPool(this.#origin, this.#settings, { pipelining: 0 });
    return this.#freshPool;
  }

  /** Resolves after the calls in flight have completed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#pool.close(), this.#freshPool?.close(), ...this.#closing]);
  }

  #open(): Pool {
    const settings = { ...this.#settings, keepAliveMs: this.#idleTime.maxMs };
    return createPool(this.#origin, settings, { onClient: (client) => this.#observed(client) });
  }

  /** Measures how long the connection of a client is idle. A client has one connection, and emits `drain` after each call. */
  #observed(client: Client): Client {
    const dispatch = client.dispatch.bind(client);
    let isConnected = false;
    let idleSince: number | undefined;
    /** How long the connection of the current call was idle before. */
    let wasIdleMs: number | undefined;
    client.dispatch = (options, handler) => {
      const call = handler as IdleConnectionHandler;
      if (idleSince !== undefined) wasIdleMs = (call.startedAt ?? performance.now()) - idleSince;
      idleSince = undefined;
      if (isConnected) call.onIdleConnection?.();
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
