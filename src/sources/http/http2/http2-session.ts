import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { randomAge } from '../http-pool.ts';
import { ConnectionLostError, Http2Error } from './http2-error.ts';
import { ConnectTimeoutError } from './open-socket.ts';

/** Settings of one session. Times in milliseconds. */
export interface SessionSettings {
  readonly keepAliveMs: number;
  readonly maxAgeMs: number;
  /** How long the server may take to open the session, and to respond to a `PING`. */
  readonly timeoutMs: number;
}

/** Bytes of one response that the server may send before the gateway has read them. Node's 64 KiB slow down long responses. */
const STREAM_WINDOW = 1024 * 1024;
/** The same for all responses of a session together. */
const SESSION_WINDOW = 16 * 1024 * 1024;
/** What Node may buffer for a session, in MB. Its default of 10 makes it reject streams. */
const SESSION_MEMORY = 1_024;
/** The streams of a server that states no limit. */
const DEFAULT_STREAMS = 100;
/** The most streams of one session. More go to another one, so that not all depends on a single connection. */
const MOST_STREAMS = 250;

/**
 * One HTTP/2 connection. Takes streams from the moment when the server has sent its SETTINGS, which shows that it speaks HTTP/2.
 *
 * A session takes no more streams after a GOAWAY, after its largest age, and while it is suspect: a call was aborted, and nothing had
 * arrived since it was sent. The connection may be dead then, without either side having closed it, and many calls would wait for it in
 * vain. So the session sends a PING. It is used again after the response, and is closed without one.
 */
export class Http2Session {
  readonly openedAt = performance.now();
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #settings: SessionSettings;
  readonly #idle: NodeJS.Timeout;
  readonly #age: NodeJS.Timeout;
  #streams = 0;
  #served = 0;
  #isRetired = false;
  #isSuspect = false;
  #receivedAt = 0;
  /** The last stream that the server processes, after a GOAWAY. */
  lastStreamId: number | undefined;
  /** Whether the connection is closed, other than by the gateway. */
  isLost = false;
  error: Error | undefined;

  private constructor(session: ClientHttp2Session, socket: Socket, settings: SessionSettings) {
    this.#session = session;
    this.#socket = socket;
    this.#settings = settings;
    session.on('goaway', (code, lastStreamId) => {
      this.lastStreamId = lastStreamId;
      if (code !== 0) this.isLost = true;
      this.retire();
    });
    session.on('error', (error) => {
      this.error = error;
      this.isLost = true;
    });
    socket.prependListener('close', () => {
      if (!this.#isRetired || this.#streams > 0) this.isLost = true;
    });
    this.#idle = setTimeout(() => {
      if (this.#streams === 0) this.retire();
    }, settings.keepAliveMs).unref();
    this.#age = setTimeout(() => this.retire(), randomAge(settings.maxAgeMs)).unref();
    session.on('close', () => {
      clearTimeout(this.#idle);
      clearTimeout(this.#age);
    });
  }

  /** Resolves when the server has sent its SETTINGS. Rejects with `Http2Error` when it sends something else. */
  static open(origin: URL, socket: Socket, settings: SessionSettings): Promise<Http2Session> {
    return new Promise((resolve, reject) => {
      const session = connect(origin, {
        createConnection: () => socket,
        settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
        maxSessionMemory: SESSION_MEMORY,
      });
      const timer = setTimeout(() => session.destroy(new ConnectTimeoutError()), settings.timeoutMs);
      const failed = (error?: Error) => {
        clearTimeout(timer);
        reject(openingError(error));
      };
      session.once('error', failed).once('close', failed);
      session.once('remoteSettings', () => {
        clearTimeout(timer);
        session.off('error', failed).off('close', failed);
        session.setLocalWindowSize(SESSION_WINDOW);
        session.unref();
        resolve(new Http2Session(session, socket, settings));
      });
    });
  }

  get isUsable(): boolean {
    return !this.#isRetired && !this.#session.closed && !this.#session.destroyed && !this.#isSuspect && !this.isLost;
  }

  get hasRoom(): boolean {
    const { maxConcurrentStreams = DEFAULT_STREAMS } = this.#session.remoteSettings;
    return this.#streams < Math.min(maxConcurrentStreams, MOST_STREAMS) && this.isUsable;
  }

  /** Whether the next call may meet the moment at which the server closes the idle connection. */
  get isIdle(): boolean {
    return this.#streams === 0 && this.#served > 0;
  }

  /** Opens a stream. Throws when the session takes no more, or a header is malformed. */
  open(headers: OutgoingHttpHeaders, isComplete: boolean): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream: isComplete });
    if (this.#streams++ === 0) this.#session.ref();
    stream.once('close', () => {
      this.#served++;
      if (--this.#streams > 0) return;
      this.#session.unref();
      this.#idle.refresh();
      if (this.#isRetired) this.#endWhenUnused();
    });
    return stream;
  }

  /** Records that bytes have arrived. */
  received(): void {
    this.#receivedAt = performance.now();
  }

  /** Tests the connection, unless bytes have arrived since a call that was aborted was sent. */
  suspect(sentAt: number): void {
    if (this.#receivedAt >= sentAt || this.#isSuspect || this.#session.destroyed) return;
    this.#isSuspect = true;
    const timer = setTimeout(() => this.#session.destroy(new ConnectTimeoutError()), this.#settings.timeoutMs).unref();
    this.#session.ping((error) => {
      clearTimeout(timer);
      if (!error) this.#isSuspect = false;
      this.onTested?.();
    });
  }

  /** Called when the session may take streams again. */
  onTested: (() => void) | undefined;

  onClose(listener: () => void): void {
    this.#session.once('close', listener);
  }

  /** Takes no more streams, and closes the connection after those in flight. */
  retire(): void {
    this.#isRetired = true;
    if (this.#streams === 0) this.#endWhenUnused();
  }

  /** Node's own `close` waits for bytes that are still to be written, and for the server to close its side, which it may never do. */
  #endWhenUnused(): void {
    setImmediate(() => {
      if (this.#streams > 0) return;
      this.#session.destroy();
      this.#socket.destroySoon();
    });
  }
}

/** A server of HTTP/1.1 responds in another protocol; one that closes the connection may be restarting. */
function openingError(error: (Error & { readonly code?: unknown }) | undefined): Error {
  if (error instanceof ConnectTimeoutError) return error;
  if (error === undefined || error.code === 'ECONNRESET' || error.code === 'EPIPE')
    return new ConnectionLostError(error);
  return new Http2Error('HTTP2_UNSUPPORTED', 'The server has no HTTP/2.', error);
}
