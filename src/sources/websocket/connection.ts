import WebSocket, { type ClientOptions } from 'ws';
import { connectionReason } from '../http/http-failure.ts';
import { hasOtherProtocol, protocolHint } from '../protocol-hint.ts';
import type { SourceFailure, SubscriptionSink } from '../source.ts';
import {
  cancelMessage,
  initMessage,
  PONG,
  readServerMessage,
  type ServerMessage,
  type Subprotocol,
  subscribeMessage,
} from './messages.ts';
import { SinkQueue } from './sink-queue.ts';

/** How long a connection without subscriptions stays open, in milliseconds. */
const LINGER_MS = 1_000;

/** The largest message, as the largest response over HTTP. */
const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/** Codes with which a server says that another attempt would fail, too. */
const FINAL_CODES: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 4400, 4401, 4403, 4406, 4409, 4429, 4500]);

/** How a connection is opened. Times in milliseconds. */
export interface ConnectionOptions {
  /** The subgraph's name, for messages. */
  readonly name: string;
  /** `ws://…`, `wss://…` or `ws+unix:…` */
  readonly url: string;
  readonly subprotocol: Subprotocol;
  readonly headers: Readonly<Record<string, string>>;
  /** The payload of `connection_init`. */
  readonly initPayload: Readonly<Record<string, string>> | undefined;
  readonly tls: Pick<ClientOptions, 'ca' | 'cert' | 'key'> | undefined;
  readonly connectTimeoutMs: number;
  /** How often a ping is sent. A connection on which nothing arrives until the next one is lost. */
  readonly pingMs: number;
}

interface OpenSubscription {
  readonly queue: SinkQueue;
  readonly body: string;
}

/** One connection to a subgraph, for many subscriptions. */
export class UpstreamConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #onClose: () => void;
  readonly #open = new Map<string, OpenSubscription>();
  #lastId = 0;
  #isReady = false;
  #isClosed = false;
  #hasHeard = true;
  #linger: NodeJS.Timeout | undefined;
  readonly #connecting: NodeJS.Timeout;
  #pings: NodeJS.Timeout | undefined;

  /** @param onClose called once, when it takes no more subscriptions */
  constructor(options: ConnectionOptions, onClose: () => void) {
    const { url, subprotocol, headers, tls, connectTimeoutMs } = options;
    this.#options = options;
    this.#onClose = onClose;
    const settings = { headers, ...tls, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false };
    this.#socket = new WebSocket(url, subprotocol, settings);
    this.#connecting = setTimeout(() => this.#lose('timeout'), connectTimeoutMs).unref();
    this.#listen();
  }

  subscribe(body: string, sink: SubscriptionSink): () => void {
    clearTimeout(this.#linger);
    this.#lastId += 1;
    const id = String(this.#lastId);
    const queue = new SinkQueue(sink);
    this.#open.set(id, { queue, body });
    if (this.#isReady) this.#send(subscribeMessage(this.#options.subprotocol, id, body));
    return () => {
      queue.cancel();
      if (!this.#open.delete(id)) return;
      if (this.#isReady) this.#send(cancelMessage(this.#options.subprotocol, id));
      this.#closeIfUnused();
    };
  }

  /** Closes it. Subscriptions that are still open end with a failure. */
  close(): void {
    this.#lose('closed');
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('open', () => this.#send(initMessage(this.#options.initPayload)));
    socket.on('message', (data) => {
      this.#hasHeard = true;
      this.#receive(String(data));
    });
    socket.on('pong', () => {
      this.#hasHeard = true;
    });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      this.#lose(`status ${response.statusCode}`, { status: response.statusCode });
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#lose(connectionReason(error.code) ?? error.code ?? error.message),
    );
    socket.on('close', (code, reason) => {
      const text = String(reason);
      this.#lose(`closed with ${code}${text && ` ${text}`}`, { isFinal: FINAL_CODES.has(code) });
    });
  }

  #receive(text: string): void {
    const message = readServerMessage(text);
    if (message === undefined) return this.#lose('a message that is not of the protocol', { isFinal: true });
    switch (message.type) {
      case 'ack':
        return this.#begin();
      case 'ping':
        return this.#send(PONG);
      case 'refused':
        return this.#lose(message.reason, { isFinal: true });
      case 'ignored':
        return;
      default:
        this.#deliver(message);
    }
  }

  #begin(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    clearTimeout(this.#connecting);
    this.#pings = setInterval(() => this.#ping(), this.#options.pingMs).unref();
    for (const [id, { body }] of this.#open) this.#send(subscribeMessage(this.#options.subprotocol, id, body));
    this.#closeIfUnused();
  }

  #deliver(message: Extract<ServerMessage, { readonly id: string }>): void {
    const { id } = message;
    const subscription = this.#open.get(id);
    if (subscription === undefined) return;
    const { queue } = subscription;
    if (message.type === 'next') {
      if (queue.next(message.result)) return;
      this.#send(cancelMessage(this.#options.subprotocol, id));
    }
    this.#open.delete(id);
    queue.end(message.type === 'error' ? { refusal: `{"errors":${message.errors}}` } : 'complete');
    this.#closeIfUnused();
  }

  #ping(): void {
    if (!this.#hasHeard) return this.#lose('no answer to a ping');
    this.#hasHeard = false;
    this.#socket.ping();
  }

  #send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  #closeIfUnused(): void {
    if (this.#open.size > 0 || this.#isClosed) return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => this.#open.size === 0 && this.#lose('unused'), LINGER_MS).unref();
  }

  #lose(
    reason: string,
    { status, isFinal = false }: { readonly status?: number; readonly isFinal?: boolean } = {},
  ): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#connecting);
    clearTimeout(this.#linger);
    clearInterval(this.#pings);
    this.#onClose();
    const socket = this.#socket;
    // one that is not open yet would report that it was closed
    socket.on('error', () => {});
    if (socket.readyState === WebSocket.OPEN && reason === 'unused') socket.close(1000);
    else socket.terminate();
    const failure = this.#failure(reason, status, isFinal);
    const lost = [...this.#open.values()];
    this.#open.clear();
    for (const { queue } of lost) queue.end({ failure });
  }

  #failure(reason: string, status: number | undefined, isFinal: boolean): SourceFailure {
    const isConnectionFailure = !isFinal && (status === undefined || status >= 500);
    const { name } = this.#options;
    const problem = `The WebSocket to "${name}" ${this.#isReady ? 'was lost' : 'could not be opened'} (${reason}).`;
    const isOther = status === undefined ? reason === NO_SUBPROTOCOL : hasOtherProtocol(status);
    const message = isOther ? `${problem} ${protocolHint(name)}` : problem;
    return { code: 'SUBREQUEST_HTTP_ERROR', message, reason, status, isConnectionFailure, isUnsent: !this.#isReady };
  }
}

/** What `ws` reports of a server that accepts WebSockets, and does not choose the subprotocol. */
const NO_SUBPROTOCOL = 'Server sent no subprotocol';
