import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { constants } from 'node:http2';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { IdleConnectionHandler } from '../connections.ts';
import { ConnectionLostError, Http2Error } from './http2-error.ts';
import type { Http2Session } from './http2-session.ts';

/** How often a call is sent that servers do not process because they go away. */
const MOST_TRIES = 3;

export type Handler = Dispatcher.DispatchHandler & IdleConnectionHandler;

/** One request: waits for a session, becomes a stream of it, and reports to a handler of undici. */
export class Http2Call {
  readonly #options: Dispatcher.DispatchOptions;
  readonly #handler: Handler;
  #session: Http2Session | undefined;
  #stream: ClientHttp2Stream | undefined;
  #isDone = false;
  #hasResponse = false;
  #sentAt = 0;
  #tries = 0;

  constructor(options: Dispatcher.DispatchOptions, handler: Handler) {
    this.#options = options;
    this.#handler = handler;
  }

  /** Ends a call that was not sent. */
  fail(error: Error): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#handler.onError?.(error);
  }

  /**
   * Sends the call. Calls `ended` when its stream is closed, with whether the call is to be sent again over another session.
   * @returns whether the session took it; otherwise another session can
   */
  send(session: Http2Session, origin: URL, ended: (isToSendAgain: boolean) => void): boolean {
    const { body } = this.#options;
    const wasIdle = session.isIdle;
    this.#handler.onConnect?.((reason) => this.#abort(reason));
    // a call that has been cancelled while it waited says nothing about the connection
    if (this.#isDone) return true;
    let stream: ClientHttp2Stream;
    try {
      stream = session.open(requestHeaders(this.#options, origin), body === undefined || body === null);
    } catch (error) {
      if (!session.isUsable) return false;
      this.fail(error as Error);
      return true;
    }
    this.#session = session;
    this.#stream = stream;
    this.#sentAt = performance.now();
    stream.on('response', (headers) => this.#onResponse(headers));
    stream.on('end', () => this.#onEnd());
    stream.on('error', () => {});
    stream.on('close', () => ended(this.#onClose()));
    this.#tries++;
    if (wasIdle) this.#handler.onIdleConnection?.();
    if (this.#isDone || body === undefined || body === null) return true;
    if (body instanceof Readable) this.#sendStream(body, stream);
    else stream.end(body as string | Buffer);
    return true;
  }

  /** Sends a body that is not there as a whole. It can be read once. */
  #sendStream(body: Readable, stream: ClientHttp2Stream): void {
    this.#tries = MOST_TRIES;
    body.on('error', () => stream.close(constants.NGHTTP2_CANCEL));
    body.on('close', () => {
      if (!body.readableEnded) stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on('close', () => body.destroy());
    body.pipe(stream);
  }

  #abort(reason: Error = new Error('The call was aborted.')): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    this.#session?.suspect(this.#sentAt);
    this.#handler.onError?.(reason);
  }

  #onResponse(headers: Readonly<Record<string, unknown>>): void {
    if (this.#isDone) return;
    const stream = this.#stream as ClientHttp2Stream;
    this.#hasResponse = true;
    this.#session?.received();
    const { onHeaders } = this.#handler;
    const goesOn = onHeaders?.call(
      this.#handler,
      Number(headers[':status']),
      rawHeaders(headers),
      () => stream.resume(),
      '',
    );
    stream.on('data', (chunk: Buffer) => {
      if (this.#isDone) return;
      this.#session?.received();
      if (this.#handler.onData?.(chunk) === false) stream.pause();
    });
    if (goesOn === false) stream.pause();
  }

  /** A stream that was reset ends, too; its failure is reported when it is closed. */
  #onEnd(): void {
    const stream = this.#stream as ClientHttp2Stream;
    if (this.#isDone || !this.#hasResponse || stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.aborted) return;
    this.#isDone = true;
    // a server may respond before it has read the whole request, whose rest nobody needs
    if (!stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL);
    this.#handler.onComplete?.([]);
  }

  /** Returns whether the call is to be sent again. */
  #onClose(): boolean {
    if (this.#isDone) return false;
    const failure = this.#failure();
    const isProcessed = !(failure instanceof Http2Error) || failure.code !== 'HTTP2_NOT_PROCESSED';
    if (!isProcessed && this.#session?.isUsable === false && this.#tries < MOST_TRIES) return true;
    this.fail(failure);
    return false;
  }

  #failure(): Error {
    const { rstCode, id } = this.#stream as ClientHttp2Stream;
    const { isLost, lastStreamId, error } = this.#session as Http2Session;
    const isRefused = rstCode === constants.NGHTTP2_REFUSED_STREAM;
    const isAfterLast = id !== undefined && lastStreamId !== undefined && id > lastStreamId;
    if (isRefused || isAfterLast)
      return new Http2Error('HTTP2_NOT_PROCESSED', 'The server has not processed the request.');
    if (isLost) return new ConnectionLostError(error);
    return new Http2Error('HTTP2_STREAM_RESET', `The server has reset the stream (${rstCode}).`);
  }
}

/** Headers of HTTP/1.1 that are about the connection (RFC 9113, section 8.2.2). */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host']);

function requestHeaders({ method, path, headers }: Dispatcher.DispatchOptions, origin: URL): OutgoingHttpHeaders {
  const result: OutgoingHttpHeaders = {
    ':method': method,
    ':scheme': origin.protocol.slice(0, -1),
    ':authority': origin.host,
    ':path': path,
  };
  for (const [name, value] of pairsOf(headers)) {
    if (name === 'host') result[':authority'] = value;
    if (OF_CONNECTION.has(name) || (name === 'te' && value !== 'trailers')) continue;
    const before = result[name];
    result[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
  }
  return result;
}

/** Returns names, in lower case, and values. `headers` is a flat list or an object. */
function* pairsOf(headers: Dispatcher.DispatchOptions['headers']): Iterable<[string, string]> {
  if (Array.isArray(headers)) {
    for (let at = 0; at < headers.length; at += 2) yield [String(headers[at]).toLowerCase(), String(headers[at + 1])];
    return;
  }
  for (const [name, value] of Object.entries(headers ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) yield [name.toLowerCase(), String(one)];
  }
}

/** Returns the headers of a response as undici has them: a flat list of bytes. */
function rawHeaders(headers: Readonly<Record<string, unknown>>): Buffer[] {
  const raw: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':')) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      raw.push(Buffer.from(name, 'latin1'), Buffer.from(String(one), 'latin1'));
    }
  }
  return raw;
}
