import { Agent, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

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
  /** Returns the certificates for the next request: the same object until they change. */
  readonly tls?: (() => CollectorTls) | undefined;
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
 * By `node:http`: posts of some hundred kilobytes a second need none of the speed of the pools that subgraphs have.
 */
export class CollectorConnection {
  readonly #agent: Agent;
  readonly #url: URL;
  readonly #options: CollectorOptions;
  readonly #headers: Readonly<Record<string, string>>;
  #tls: CollectorTls | undefined;
  #isClosed = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    const one = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#url.protocol === 'https:' ? new SecureAgent(one) : new Agent(one);
    this.#headers = {
      ...options.headers,
      'content-type': options.contentType,
      ...(options.compression === 'gzip' && { 'content-encoding': 'gzip' }),
    };
  }

  /**
   * Sends a request. Rejects with `CollectorRefusal`, `ConnectionClosed`, or the error of the connection. The body may be used again
   * afterwards.
   * @param timeout in milliseconds; default: that of the options
   */
  async send(plain: Buffer, timeout = this.#options.timeout): Promise<void> {
    const body = this.#options.compression === 'gzip' ? await compress(plain) : plain;
    if (this.#isClosed) throw new ConnectionClosed('the connection to the collector is closed');
    const { statusCode = 0, headers } = await this.#post(body, AbortSignal.timeout(timeout));
    if (statusCode >= 200 && statusCode <= 299) return;
    throw new CollectorRefusal(statusCode, headers['retry-after']);
  }

  /** Closes the connection. A request in flight is rejected. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  /** Returns the certificates. An idle connection with earlier ones is closed: the agent opens another one. */
  #currentTls(): CollectorTls | undefined {
    const tls = this.#options.tls?.();
    if (tls === this.#tls) return tls;
    this.#tls = tls;
    for (const idle of Object.values(this.#agent.freeSockets)) for (const socket of idle ?? []) socket.destroy();
    return tls;
  }

  #post(body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
    const request = this.#url.protocol === 'https:' ? requestSecure : requestPlain;
    const tls = this.#currentTls();
    const headers = { ...this.#headers, 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const sent = request(this.#url, { ...tls, method: 'POST', agent: this.#agent, headers, signal }, (response) => {
        response.once('end', () => resolve(response));
        response.once('error', reject);
        response.resume();
      });
      sent.once('error', (error) => reject(signal.aborted ? signal.reason : error));
      sent.end(body);
    });
  }
}
