// Only these parts: the rest of undici (fetch, WebSocket, caches) is most of its code, and would be loaded at every start.
import type { Dispatcher } from 'undici';
import connector, { type Connect } from 'undici/lib/core/connect.js';
import symbols from 'undici/lib/core/symbols.js';
import Client from 'undici/lib/dispatcher/client.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { socketPathOf } from '../../shared/subgraph-url.ts';
import { type Lookup, spreadLookup } from './spread-lookup.ts';
import type { CurrentTls } from './subgraph-tls.ts';

export type HttpPool = Pool;

/** Settings of one pool. Times in milliseconds. */
export interface PoolSettings {
  /** The most connections. Further calls wait for a free one; the wait counts towards their timeout. */
  readonly connections?: number | undefined;
  /** The most calls that wait for a connection. Further calls fail at once. */
  readonly queue?: number | undefined;
  /** How long an unused connection stays open. */
  readonly keepAliveMs?: number | undefined;
  /** The longest use of a connection. */
  readonly maxAgeMs?: number | undefined;
  /** Timeout for opening a connection. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** TLS options of new connections. */
  readonly tls?: CurrentTls | undefined;
  /** Looks up the addresses of a host, as `dns.lookup` does. */
  readonly lookup?: Lookup | undefined;
  /** `enable`: HTTP/2 if a server with TLS chooses it. `http2only`: HTTP/2 in any case, also without TLS. Default HTTP/1.1. */
  readonly http2?: 'enable' | 'http2only' | undefined;
}

export const DEFAULT_POOL = {
  connections: 256,
  queue: 4_096,
  /** Below the 5 s after which Node's and many other servers close an idle connection, so that the gateway closes it first. */
  keepAliveMs: 4_000,
  maxAgeMs: 300_000,
} as const;

/** A call that found as many calls waiting as are allowed. */
export class QueueFullError extends Error {
  readonly code = 'QUEUE_FULL';

  constructor(calls: number) {
    super(`${calls} calls wait for a connection already.`);
    this.name = 'QueueFullError';
  }
}

/** What a user of a pool adds to it. */
export interface PoolExtras {
  /** 0: each connection is closed after one response. */
  readonly pipelining?: 0 | undefined;
  /** Called with each client, which has one connection. */
  readonly onClient?: (client: Client) => Client;
}

/**
 * Opens the connections to one origin, as they are needed.
 *
 * - Each connection looks the host up again, and starts with the next of its addresses.
 * - A connection is replaced when it has reached its largest age (a random share of up to a fifth earlier, so that connections that were
 *   opened together are not replaced together): its next request has `connection: close`. So a host that has got another address, or
 *   a balancer that has got another backend, receives its part of the requests after that time.
 * - Calls that find no free connection wait, up to a number.
 */
export function createPool(
  origin: string,
  settings: PoolSettings = {},
  { pipelining, onClient = (client) => client }: PoolExtras = {},
): HttpPool {
  const { connections = DEFAULT_POOL.connections, queue = DEFAULT_POOL.queue, lookup } = settings;
  const { keepAliveMs = DEFAULT_POOL.keepAliveMs, maxAgeMs = DEFAULT_POOL.maxAgeMs } = settings;
  const { connectTimeoutMs } = settings;
  const timeout = connectTimeoutMs === undefined ? {} : { timeout: connectTimeoutMs };
  const socketPath = socketPathOf(origin);
  const target = { autoSelectFamily: true, lookup: spreadLookup(lookup), socketPath };
  const connect = connectBy({ ...target, ...timeout }, settings.tls);
  return new BoundedPool(socketPath === undefined ? origin : SOCKET_ORIGIN, queue, {
    connections,
    connect,
    keepAliveTimeout: keepAliveMs,
    // Each call has its own deadline (see http-call.ts); undici's timers would be a second one.
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(pipelining !== undefined && { pipelining }),
    factory: (host, options) => onClient(new AgingClient(host, options as ConnectOptions, maxAgeMs)),
  });
}

/** The origin of requests over a Unix domain socket, for their `host` header. */
export const SOCKET_ORIGIN = 'http://localhost';

/** Returns a function that opens sockets, with the current certificates. */
function connectBy(options: object, tls: CurrentTls | undefined): Connect {
  let current = tls?.();
  let connect = connector({ ...options, ...current });
  if (tls === undefined) return connect;
  return (target, callback) => {
    const next = tls();
    if (next !== current) connect = connector({ ...options, ...next });
    current = next;
    return connect(target, callback);
  };
}

// A `super` call with a computed name is one that V8 does not optimize.
const dispatchByPool = Pool.prototype[symbols.kDispatch];
const dispatchByClient = Client.prototype[symbols.kDispatch];

class BoundedPool extends Pool {
  readonly #queue: number;

  constructor(origin: string, queue: number, options: Pool.Options) {
    super(origin, options);
    this.#queue = queue;
  }

  override [symbols.kDispatch](options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    // undici hands the error to the handler
    if (this[symbols.kQueued] >= this.#queue) throw new QueueFullError(this.#queue);
    return dispatchByPool.call(this, options, handler);
  }
}

type ConnectOptions = Client.Options & { readonly connect: Connect };

/** One connection, which is opened again after its largest age. */
class AgingClient extends Client {
  #isOld = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(origin: URL, { connect, ...options }: ConnectOptions, maxAgeMs: number) {
    super(origin, {
      ...options,
      connect: (target, callback) =>
        connect(target, (error, socket) => {
          if (!error) this.#startAging(maxAgeMs);
          callback(error, socket);
        }),
    });
  }

  override [symbols.kDispatch](options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#isOld) options.reset = true;
    return dispatchByClient.call(this, options, handler);
  }

  #startAging(maxAgeMs: number): void {
    this.#isOld = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isOld = true;
    }, randomAge(maxAgeMs)).unref();
  }
}

/** The longest time that a timer of Node takes, about 25 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** So many different ages: Node keeps a list for each duration of a timer until that has passed, also when the timer was cleared. */
const AGES = 32;

/** Returns the age of one connection: the largest one, less a random share of up to a fifth. */
export function randomAge(maxAgeMs: number): number {
  const share = Math.floor(Math.random() * AGES) / AGES;
  return Math.min(LONGEST_TIMER_MS, maxAgeMs * (1 - share / 5));
}
