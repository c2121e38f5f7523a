import { socketPathOf } from '../../../shared/subgraph-url.ts';
import type { Connections, Dispatch } from '../connections.ts';
import { DEFAULT_POOL, type PoolSettings, QueueFullError, SOCKET_ORIGIN } from '../http-pool.ts';
import { OriginPool } from '../origin-pool.ts';
import { type Handler, Http2Call } from './http2-call.ts';
import { Http2Session } from './http2-session.ts';
import { type OpenSocket, socketOpener } from './open-socket.ts';

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
/** How many calls may wait for one session that is being opened before another one is opened, too. */
const CALLS_PER_SESSION = 100;

interface ServedCall {
  readonly options: Parameters<Dispatch>[0];
  readonly handler: Handler;
  readonly call: Http2Call;
  /** Whether a session that was being opened for it has failed, while another one was being opened, too. */
  hasMissed: boolean;
}

/**
 * The connections to one origin with HTTP/2: calls are streams of as few sessions as the server allows.
 *
 * undici's own HTTP/2 is not used: it sends one `POST` at a time over a connection, and after a GOAWAY it may send a request again that
 * the server has processed.
 *
 * - Where the server chooses HTTP/1.1 for a connection, calls use HTTP/1.1 for the largest age of a connection. Then the server chooses again.
 * - A call that the server has not processed before its GOAWAY is sent again over another session, mutations included (RFC 9113, section
 *   8.7). A server that refuses a single stream may be overloaded: that call fails as unsent.
 * - After a lost connection, `fresh` uses only sessions that were opened later.
 */
export class Http2Connections implements Connections {
  readonly #origin: URL;
  readonly #settings: PoolSettings;
  readonly #maxAgeMs: number;
  readonly #timeoutMs: number;
  readonly #openSocket: ReturnType<typeof socketOpener>;
  readonly #sessions = new Set<Http2Session>();
  #opening = 0;
  #waiting: ServedCall[] = [];
  /** Connections with HTTP/1.1, once the server has chosen it. */
  #http1: OriginPool | undefined;
  #http1Until = Number.NEGATIVE_INFINITY;
  #lostAt = Number.NEGATIVE_INFINITY;
  #onEmpty: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(origin: string, settings: PoolSettings) {
    const socketPath = socketPathOf(origin);
    this.#origin = new URL(socketPath === undefined ? origin : SOCKET_ORIGIN);
    this.#settings = settings;
    this.#maxAgeMs = settings.maxAgeMs ?? DEFAULT_POOL.maxAgeMs;
    this.#timeoutMs = settings.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.#openSocket = socketOpener(this.#origin, { lookup: settings.lookup, socketPath });
  }

  readonly dispatch: Dispatch = (options, handler) => {
    if (this.#usesHttp1) return (this.#http1 as OriginPool).dispatch(options, handler);
    const call = new Http2Call(options, handler);
    if (this.#closing) call.fail(new ClosedError());
    else {
      this.#waiting.push({ options, handler, call, hasMissed: false });
      this.#sendWaiting();
      this.#refuseIfFull(call);
    }
    return true;
  };

  readonly fresh = {
    dispatch: ((options, handler) => {
      if (this.#usesHttp1) return (this.#http1 as OriginPool).fresh.dispatch(options, handler);
      for (const session of this.#sessions) if (session.openedAt < this.#lostAt) session.retire();
      return this.dispatch(options, handler);
    }) satisfies Dispatch as Dispatch,
  };

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const isEmpty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const session of this.#sessions) if (this.#waiting.length === 0) session.retire();
    this.#checkEmpty();
    await Promise.all([isEmpty, this.#http1?.close()]);
  }

  get #usesHttp1(): boolean {
    return this.#http1 !== undefined && performance.now() < this.#http1Until;
  }

  /** Calls for which a session is being opened do not count as waiting. */
  #refuseIfFull(call: Http2Call): void {
    const { queue = DEFAULT_POOL.queue } = this.#settings;
    if (this.#waiting.length <= queue + this.#opening * CALLS_PER_SESSION || this.#waiting.at(-1)?.call !== call)
      return;
    this.#waiting.pop();
    call.fail(new QueueFullError(this.#waiting.length));
  }

  /** Sends the calls that wait over the sessions with room, and opens a session for the others. */
  #sendWaiting(): void {
    while (this.#waiting.length > 0) {
      const session = this.#withRoom();
      if (session === undefined) break;
      // taken first: a handler may dispatch another call meanwhile
      const next = this.#waiting.shift() as ServedCall;
      const ended = (isToSendAgain: boolean) => {
        if (isToSendAgain) this.#waiting.unshift(next);
        this.#sendWaiting();
      };
      if (!next.call.send(session, this.#origin, ended)) this.#waiting.unshift(next);
    }
    if (this.#waiting.length > this.#opening * CALLS_PER_SESSION) this.#open();
    this.#checkEmpty();
  }

  #withRoom(): Http2Session | undefined {
    for (const session of this.#sessions) if (session.hasRoom) return session;
    return undefined;
  }

  #open(): void {
    const { connections = DEFAULT_POOL.connections } = this.#settings;
    let used = this.#opening;
    for (const session of this.#sessions) if (session.isUsable) used++;
    if (used >= connections) return;
    this.#opening++;
    const { tls, http2 } = this.#settings;
    this.#openSocket({ tls, http2, timeoutMs: this.#timeoutMs })
      .then((opened) => this.#opened(opened))
      .catch((error: Error) => this.#notOpened(error))
      .finally(() => {
        this.#opening--;
        this.#sendWaiting();
      });
  }

  async #opened({ socket, protocol }: OpenSocket): Promise<void> {
    if (protocol === 'http/1.1') {
      socket.destroy();
      this.#useHttp1();
      return;
    }
    const { keepAliveMs = DEFAULT_POOL.keepAliveMs } = this.#settings;
    const times = { keepAliveMs, maxAgeMs: this.#maxAgeMs, timeoutMs: this.#timeoutMs };
    const session = await Http2Session.open(this.#origin, socket, times);
    this.#sessions.add(session);
    session.onTested = () => this.#sendWaiting();
    session.onClose(() => {
      this.#sessions.delete(session);
      if (session.isLost) this.#lostAt = performance.now();
      this.#sendWaiting();
    });
  }

  /**
   * Fails the calls that wait, unless another session may take them. A session that is being opened is waited for once: while many calls
   * wait, there is always another one, also when the server is down.
   */
  #notOpened(error: Error): void {
    if ([...this.#sessions].some((session) => session.isUsable)) return;
    const isLast = this.#opening === 1;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ hasMissed }) => !isLast && !hasMissed);
    const failed = waiting.filter(({ hasMissed }) => isLast || hasMissed);
    for (const served of this.#waiting) served.hasMissed = true;
    for (const { call } of failed) call.fail(error);
  }

  #useHttp1(): void {
    this.#http1 ??= new OriginPool(this.#origin.origin, { ...this.#settings, http2: undefined });
    this.#http1Until = performance.now() + this.#maxAgeMs;
    const moved = this.#waiting;
    this.#waiting = [];
    for (const { options, handler } of moved) this.#http1.dispatch(options, handler);
    if (this.#closing) void this.#http1.close();
  }

  #checkEmpty(): void {
    if (!this.#onEmpty || this.#waiting.length > 0 || this.#opening > 0) return;
    for (const session of this.#sessions) session.retire();
    if (this.#sessions.size === 0) this.#onEmpty();
  }
}

/** A call after `close`, with the code that undici has for it. */
class ClosedError extends Error {
  readonly code = 'UND_ERR_CLOSED';

  constructor() {
    super('The connections are closed.');
    this.name = 'ClosedError';
  }
}
