import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { PostCall, type PostResponse } from './post-call.ts';

const compress = promisify(gzip);

/** Certificates for the connection to a collector, as PEM. */
export interface CollectorTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What sends requests to a collector: a pool of undici. */
export interface CollectorPool {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  /** Ends when the requests in flight have ended. */
  close(): Promise<void>;
  /** Ends now. */
  destroy(): Promise<void>;
}

/** Opens a pool with one connection to an origin. */
export type OpenCollectorPool = (origin: string, tls: (() => CollectorTls) | undefined) => CollectorPool;

export interface CollectorOptions {
  /** The URL that requests are sent to, without a user and a password. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: 'application/x-protobuf' | 'application/json';
  readonly compression: 'none' | 'gzip';
  /** In milliseconds. */
  readonly timeout: number;
  /** Returns the certificates for the next request: the same object until they change. */
  readonly tls?: (() => CollectorTls) | undefined;
  readonly openPool: OpenCollectorPool;
}

/** The collector has responded, and has not accepted the request. */
export class CollectorRefusal extends Error {
  readonly status: number;
  /** The header `Retry-After`. */
  readonly retryAfter: string | undefined;

  constructor(status: number, retryAfter: string | undefined) {
    super(`the collector responded with status ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** What `CollectorConnection.send` rejects with after `close`. */
export class ConnectionClosed extends Error {}

/**
 * One connection to a collector, which is kept open between requests.
 *
 * By a pool of the kind that subgraphs have: with `node:http`, sockets and streams of further kinds go through the functions of Node that
 * all requests go through, and V8 compiles these less well from then on. Counted, a request took a sixth more instructions, sampled or not.
 */
export class CollectorConnection {
  readonly #url: URL;
  readonly #options: CollectorOptions;
  /** A flat list of names and values. */
  readonly #headers: readonly string[];
  #pool: CollectorPool | undefined;
  #tls: CollectorTls | undefined;
  #isClosed = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    const headers = {
      ...options.headers,
      'content-type': options.contentType,
      ...(options.compression === 'gzip' && { 'content-encoding': 'gzip' }),
    };
    this.#headers = Object.entries(headers).flat();
  }

  /**
   * Sends a request. Rejects with `CollectorRefusal`, `ConnectionClosed`, or the error of the connection. The body may be used again
   * afterwards.
   * @param timeout in milliseconds; default: that of the options
   */
  async send(plain: Buffer, timeout = this.#options.timeout): Promise<void> {
    const body = this.#options.compression === 'gzip' ? await compress(plain) : plain;
    if (this.#isClosed) throw new ConnectionClosed('the connection to the collector is closed');
    const { status, retryAfter } = await this.#post(body, timeout);
    if (status >= 200 && status <= 299) return;
    throw new CollectorRefusal(status, retryAfter);
  }

  /** Closes the connection. A request in flight is rejected. */
  close(): void {
    this.#isClosed = true;
    void this.#pool?.destroy();
  }

  /** Returns the pool, with the current certificates. A connection with earlier ones is closed when it has ended its requests. */
  #current(): CollectorPool {
    const { tls, openPool } = this.#options;
    const current = tls?.();
    if (this.#pool !== undefined && current === this.#tls) return this.#pool;
    void this.#pool?.close();
    this.#tls = current;
    this.#pool = openPool(this.#url.origin, tls);
    return this.#pool;
  }

  #post(body: Buffer, timeout: number): Promise<PostResponse> {
    const { pathname, search } = this.#url;
    return new Promise((resolve, reject) => {
      const call = new PostCall(timeout, resolve, reject);
      const headers = [...this.#headers];
      this.#current().dispatch({ method: 'POST', path: `${pathname}${search}`, headers, body }, call);
    });
  }
}
