import { Agent as HttpAgent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { readSubgraphUrl, socketPathOf, subgraphUrlLabel } from '../../shared/subgraph-url.ts';

export interface ServiceOptions {
  /** The time for a whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  /** In bytes. */
  readonly maxResponseBytes: number;
}

/** A failure of the coprocessor. The message is for the log. */
export class CoprocessorError extends Error {
  override readonly name = 'CoprocessorError';
}

/** How a request reaches the service. */
type Target = RequestOptions;

/** Sends JSON to a service, over HTTP or a Unix socket. Keeps its connections. */
export class ServiceClient {
  readonly #options: ServiceOptions;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https = new HttpsAgent({ keepAlive: true });
  readonly #targets = new Map<string, Target>();

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Resolves with the text of a response whose status is 200. Rejects with `CoprocessorError` in any other case. */
  async post(url: string, text: string): Promise<string> {
    const body = Buffer.from(text);
    const deadline = performance.now() + this.#options.timeoutMs;
    try {
      return await this.#send(url, body, deadline);
    } catch (error) {
      // the service has closed a connection that was idle, and has not read the request
      if (error instanceof LostConnection && performance.now() < deadline)
        return await this.#send(url, body, deadline).catch((again) => failed(url, again));
      return failed(url, error);
    }
  }

  /** Closes connections: those of requests in flight with their responses. */
  close(): void {
    for (const agent of [this.#http, this.#https]) {
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  }

  #send(url: string, body: Buffer, deadline: number): Promise<string> {
    const target = this.#targetOf(url);
    const { timeoutMs, maxResponseBytes } = this.#options;
    return new Promise((resolve, reject) => {
      const send = target.protocol === 'https:' ? requestHttps : requestHttp;
      const agent = target.protocol === 'https:' ? this.#https : this.#http;
      const headers = { 'content-type': 'application/json', accept: 'application/json', 'content-length': body.length };
      const request = send({ ...target, agent, method: 'POST', headers });
      const late = () => request.destroy(new Error(`no response within ${timeoutMs} ms`));
      const timer = setTimeout(late, Math.max(1, deadline - performance.now()));
      const settle = (end: () => void) => {
        clearTimeout(timer);
        end();
      };
      request.on('response', (response) => {
        readText(response, maxResponseBytes).then(
          (text) => settle(() => resolve(text)),
          (error) => settle(() => reject(request.errored ?? error)),
        );
      });
      request.on('error', (error) => settle(() => reject(isLost(request, error) ? new LostConnection() : error)));
      request.end(body);
    });
  }

  #targetOf(url: string): Target {
    let target = this.#targets.get(url);
    if (target === undefined) {
      target = targetOf(url);
      this.#targets.set(url, target);
    }
    return target;
  }
}

class LostConnection extends Error {
  override readonly message = 'the connection was closed';
}

function isLost(request: { readonly reusedSocket: boolean }, error: Error): boolean {
  return request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
}

function failed(url: string, error: unknown): never {
  const reason = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error);
  throw new CoprocessorError(`the coprocessor at ${subgraphUrlLabel(url)} failed: ${reason}`);
}

function targetOf(url: string): Target {
  const address = readSubgraphUrl(url);
  if (typeof address === 'string') throw new TypeError(`${url}: ${address}`);
  const { origin, path, credentials: auth } = address;
  const socketPath = socketPathOf(origin);
  if (socketPath !== undefined) return { socketPath, path, host: 'localhost' };
  const { protocol, hostname, port } = new URL(origin);
  // URLs have brackets around IPv6 addresses, connections have not
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return { protocol, host, path, ...(port !== '' && { port }), ...(auth !== undefined && { auth }) };
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const { statusCode } = response;
  if (statusCode !== 200) {
    response.destroy();
    throw new Error(`it responded with the status ${statusCode}; expected 200`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    // to leave the loop closes the connection
    if (size > maxBytes)
      throw new Error(`its response is larger than ${maxBytes} bytes (coprocessor.max_response_size)`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString();
}
