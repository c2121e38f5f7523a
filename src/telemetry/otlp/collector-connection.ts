import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import requestBy from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';

const compress = promisify(gzip);

/** Certificates for the connection to a collector, as PEM. */
export interface CollectorTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface CollectorOptions {
  /** The URL that requests are sent to. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: 'application/x-protobuf' | 'application/json';
  readonly compression: 'none' | 'gzip';
  /** In milliseconds. */
  readonly timeout: number;
  readonly tls?: CollectorTls | undefined;
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

/** One connection to a collector, which is kept open between requests. */
export class CollectorConnection {
  readonly #pool: Pool;
  readonly #options: CollectorOptions;
  readonly #path: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: CollectorOptions) {
    const { origin, pathname, search } = new URL(options.url);
    this.#options = options;
    this.#path = pathname + search;
    this.#pool = new Pool(origin, { connections: 1, connect: { ...options.tls } });
    this.#headers = {
      ...options.headers,
      'content-type': options.contentType,
      ...(options.compression === 'gzip' && { 'content-encoding': 'gzip' }),
    };
  }

  /**
   * Sends a request. Rejects with `CollectorRefusal`, or with the error of the connection. The body may be used again afterwards.
   * @param timeout in milliseconds; default: that of the options
   */
  async send(plain: Buffer, timeout = this.#options.timeout): Promise<void> {
    const { statusCode, headers, body } = await requestBy.call(this.#pool, {
      path: this.#path,
      method: 'POST',
      headers: this.#headers,
      body: this.#options.compression === 'gzip' ? await compress(plain) : plain,
      signal: AbortSignal.timeout(timeout),
    });
    await body.dump();
    if (statusCode >= 200 && statusCode <= 299) return;
    const retryAfter = headers['retry-after'];
    throw new CollectorRefusal(statusCode, typeof retryAfter === 'string' ? retryAfter : undefined);
  }

  /** Closes the connection after the request in flight. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Closes the connection at once. A request in flight is rejected. */
  destroy(): Promise<void> {
    return this.#pool.destroy();
  }
}
