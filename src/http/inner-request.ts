import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { giveBody } from '../shared/read-bytes.ts';

/** What an operation on a WebSocket becomes: a request that passes all middleware, as if it had come alone. */
export interface InnerRequestParts {
  /** The connection that it came on. */
  readonly socket: Socket;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Names in lower case. */
  readonly headers: IncomingMessage['headers'];
  readonly body?: string | undefined;
}

/** A request that did not come as an HTTP message of its own. */
export class InnerRequest extends IncomingMessage {
  constructor({ socket, method, url, headers, body }: InnerRequestParts) {
    super(socket);
    this.method = method;
    this.url = url;
    this.httpVersionMajor = this.httpVersionMinor = 1;
    this.httpVersion = '1.1';
    this.headers = headers;
    this.rawHeaders = Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
    this.complete = true;
    if (body !== undefined) giveBody(this, Buffer.from(body));
    this.push(null);
  }

  /** The connection is for other operations, too. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error);
  }
}

/** A response that is not sent: its status and its body are read by what sends them in another form. */
export class InnerResponse extends ServerResponse {
  readonly #chunks: Buffer[] = [];

  constructor(req: InnerRequest) {
    super(req);
    // it takes everything at once: nothing would say that it can take more
    const highWaterMark = Number.MAX_SAFE_INTEGER;
    const sink = new Writable({ highWaterMark, write: (_chunk, _encoding, done) => done() });
    // the response uses a few members of a socket, which every stream that can be written has
    this.assignSocket(sink as unknown as Socket);
    this.once('finish', () => sink.destroy());
  }

  /** The body of a response that was written as a whole. Large ones are written in parts, which may end inside a character. */
  get body(): string {
    return String(Buffer.concat(this.#chunks));
  }

  // biome-ignore lint/suspicious/noExplicitAny: the signature has many forms
  override end(chunk?: any, ...rest: any[]): this {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) this.#chunks.push(bytesOf(chunk));
    return super.end(chunk, ...rest);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the signature has many forms
  override write(chunk: any, ...rest: any[]): boolean {
    this.#chunks.push(bytesOf(chunk));
    return super.write(chunk, ...(rest as [BufferEncoding]));
  }
}

function bytesOf(chunk: string | Buffer): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
