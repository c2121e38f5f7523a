import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { RawData, WebSocket } from 'ws';
import type { Identity } from '../../client/identity.ts';
import { isSameUser } from '../../client/principal.ts';
import type { ClientResponse, ClientWrites } from '../../http/client-writes.ts';
import { InnerRequest, InnerResponse } from '../../http/inner-request.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { Renewal } from '../../pipeline/subscriber.ts';
import { dropBody } from '../../shared/read-bytes.ts';
import { isRecord } from '../graphql-over-http.ts';
import type { OperationMessages } from '../incremental/incremental-service.ts';
import { checkCredentials, type HandleInner, type Handshake, type Refusal } from './check-credentials.ts';
import {
  closeCode,
  closeReason,
  DUPLICATE,
  FORBIDDEN,
  INIT_TIMEOUT,
  INVALID,
  TOO_MANY_INITS,
  TRY_AGAIN_LATER,
  UNAUTHORIZED,
} from './close-codes.ts';
import { acceptOf, areTooLarge, headersIn, headersOf } from './connection-headers.ts';
import {
  ACK,
  type ClientMessage,
  completeMessage,
  connectionErrorMessage,
  errorMessage,
  errorsOf,
  eventMessages,
  nextMessage,
  parsed,
  pongMessage,
  readClientMessage,
  type Subprotocol,
} from './messages.ts';
import { pingMistake, tooManyOperations } from './socket-errors.ts';
import { SocketWriter } from './socket-writer.ts';

/** Settings of the WebSockets of clients. Times in milliseconds. */
export interface ClientSocketSettings {
  /** Members of the payload of `connection_init` that become headers of each operation, in lower case. */
  readonly headers: readonly string[];
  readonly maxOperations: number;
  readonly initTimeoutMs: number;
  /** How often a ping is sent. A connection on which nothing arrives until the next one is closed. */
  readonly pingMs: number;
}

export interface ClientSocketParts {
  readonly socket: WebSocket;
  /** What is left of the handshake. */
  readonly handshake: Handshake;
  readonly subprotocol: Subprotocol;
  readonly settings: ClientSocketSettings;
  readonly handleInner: HandleInner;
  readonly clientWrites?: ClientWrites | undefined;
  /** Whether the gateway stops. */
  readonly isDraining: () => boolean;
  /** Responds to an operation; passes on the events of a subscription, and the parts of a result. */
  readonly respond: (context: RequestContext, receive: (messages: OperationMessages) => Promise<void>) => void;
}

const TOO_LARGE_HEADERS = 'The payload of connection_init is larger than headers may be.';

/** An operation in progress. */
interface Operation {
  readonly id: string;
  readonly res: InnerResponse;
  /** Set once it has results that are delivered one by one. */
  messages: OperationMessages | undefined;
}

/** The WebSocket of one client. Each operation is a request of its own to everything behind. */
export class ClientSocket {
  readonly #parts: ClientSocketParts;
  readonly #operations = new Map<string, Operation>();
  readonly #writer: SocketWriter;
  /** Messages that wait for the acknowledgement. */
  #early: ClientMessage[] | undefined;
  #headers: IncomingHttpHeaders;
  /** How the client accepts results. */
  #accept = acceptOf();
  /** Whose credentials were accepted. */
  #identity: Identity | undefined;
  /** The credentials that were sent last with a ping. */
  #renewal: Renewal | undefined;
  #isRenewing = false;
  #state: 'new' | 'initializing' | 'ready' = 'new';
  #hasHeard = true;
  #isLeaving = false;
  #initTimer: NodeJS.Timeout | undefined;
  readonly #pings: NodeJS.Timeout;

  /** @param handshake the request, which is not kept: it takes more memory than all else of an idle client */
  constructor(parts: ClientSocketParts, handshake: IncomingMessage) {
    this.#parts = parts;
    const { socket, settings } = parts;
    this.#headers = headersOf(handshake.headers);
    this.#writer = new SocketWriter(socket, parts.handshake.socket, parts.clientWrites);
    const initTimeout = () => this.#state !== 'ready' && this.#close(INIT_TIMEOUT, 'Connection initialisation timeout');
    this.#initTimer = setTimeout(initTimeout, settings.initTimeoutMs).unref();
    this.#pings = setInterval(ClientSocket.#pingOne, settings.pingMs, this).unref();
    socket.on('message', (data: RawData) => this.#receive(String(data)));
    socket.on('pong', () => {
      this.#hasHeard = true;
    });
    // what is wrong with a frame closes the socket, which is reported below
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
  }

  /**
   * Closes because the gateway stops: after the end of all subscriptions, and the results of other operations. What the client sends
   * meanwhile is not executed, so that it can send it elsewhere.
   */
  goAway(): void {
    if (!this.#isLeaving) for (const { messages } of this.#operations.values()) messages?.interrupt?.();
    this.#isLeaving = true;
    if (this.#operations.size === 0) this.#close(1001, 'The gateway is shutting down');
  }

  /** Cancels the operations at once: the client may not answer the close message. */
  #close(code: number, reason?: string): void {
    const { socket } = this.#parts;
    socket.close(code, reason);
    // the answer has to be read; anything else is ignored
    socket.resume();
    this.#cancelAll();
  }

  #receive(text: string): void {
    const { socket } = this.#parts;
    // what comes after the close message of the gateway is ignored
    if (socket.readyState !== socket.OPEN) return;
    this.#hasHeard = true;
    const message = readClientMessage(text);
    if (typeof message === 'string') return this.#close(INVALID, message);
    if (this.#mustWait(message)) this.#holdBack(message);
    else this.#handle(message);
  }

  /**
   * Whether a message waits until the connection is acknowledged: clients of the older subprotocol begin operations right after
   * `connection_init`.
   */
  #mustWait({ type }: ClientMessage): boolean {
    const isEarly = this.#state === 'initializing' && this.#parts.subprotocol === 'graphql-ws';
    return isEarly && (type === 'subscribe' || type === 'complete');
  }

  /** Keeps a message for later, and reads nothing more until then. */
  #holdBack(message: ClientMessage): void {
    this.#early ??= [];
    this.#early.push(message);
    this.#parts.socket.pause();
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case 'init':
        return this.#initialize(message.payload);
      case 'ping':
        return this.#answerPing(message.payload);
      case 'pong':
        return;
      case 'terminate':
        return this.#close(1000);
      case 'complete':
        this.#cancel(message.id);
        return this.#isLeaving ? this.goAway() : undefined;
      case 'subscribe':
        if (this.#state !== 'ready') return this.#close(UNAUTHORIZED, 'Unauthorized');
        return this.#start(message.id, message.body);
    }
  }

  #initialize(payload: Readonly<Record<string, unknown>>): void {
    const { settings } = this.#parts;
    if (this.#state !== 'new') return this.#close(TOO_MANY_INITS, 'Too many initialisation requests');
    this.#state = 'initializing';
    const own = headersIn(payload, settings.headers);
    if (areTooLarge(own)) return this.#close(INVALID, TOO_LARGE_HEADERS);
    this.#headers = { ...this.#headers, ...own };
    this.#accept = acceptOf(payload);
    checkCredentials(this.#parts, { ...this.#headers }, (result) => {
      if ('status' in result) return this.#refuse(result);
      this.#identity = result.client.identity;
      this.#state = 'ready';
      clearTimeout(this.#initTimer);
      this.#initTimer = undefined;
      void this.#send(ACK);
      this.#handleEarly();
    });
  }

  #refuse({ status, errors }: Refusal): void {
    const { subprotocol } = this.#parts;
    const [error] = errors;
    this.#early = undefined;
    const code = closeCode(status);
    // after it, some clients do not connect again
    const isFinal = code !== TRY_AGAIN_LATER;
    if (isFinal && subprotocol === 'graphql-ws' && error) void this.#send(connectionErrorMessage(error));
    this.#close(code, closeReason(error?.message));
  }

  /** Handles what has come before the connection was acknowledged. */
  #handleEarly(): void {
    const early = this.#early;
    if (early === undefined) return;
    this.#early = undefined;
    const { socket } = this.#parts;
    if (!this.#writer.isWaiting) socket.resume();
    for (const message of early) if (socket.readyState === socket.OPEN) this.#handle(message);
  }

  /** Answers a ping. Its payload may have new credentials of the same user. Those of another user close the connection. */
  #answerPing(payload: Readonly<Record<string, unknown>> | undefined): void {
    const { settings } = this.#parts;
    const given = Object.keys(payload ?? {}).filter((name) => settings.headers.includes(name.toLowerCase()));
    if (payload === undefined || given.length === 0) return void this.#send(pongMessage(payload));
    const changed = headersIn(payload, settings.headers);
    const mistake = pingMistake(given, changed, { isReady: this.#state === 'ready', isRenewing: this.#isRenewing });
    if (mistake !== undefined) return void this.#send(pongMessage({ errors: [mistake] }));
    this.#isRenewing = true;
    const headers = { ...this.#headers, ...changed };
    checkCredentials(this.#parts, { ...headers }, (result) => {
      this.#isRenewing = false;
      if ('status' in result) return void this.#send(pongMessage({ errors: result.errors }));
      const { identity } = result.client;
      if (!isSameUser(this.#identity, identity)) return this.#close(FORBIDDEN, 'The credentials are of another user');
      this.#headers = headers;
      this.#identity = identity;
      this.#renewal = { identity, headers: this.#operationHeaders(), check: result.credentialCheck() };
      for (const { messages } of this.#operations.values()) messages?.renew?.(this.#renewal);
      void this.#send(pongMessage(undefined));
    });
  }

  #operationHeaders(): IncomingHttpHeaders {
    return { ...this.#headers, 'content-type': 'application/json', accept: this.#accept };
  }

  #start(id: string, body: string): void {
    if (this.#isLeaving) return;
    const { handshake, settings, handleInner, respond, subprotocol } = this.#parts;
    if (this.#operations.has(id)) return this.#close(DUPLICATE, closeReason(`Subscriber for ${id} already exists`));
    if (this.#operations.size >= settings.maxOperations)
      return void this.#send(errorMessage(subprotocol, id, [tooManyOperations(settings.maxOperations)]));
    const { pathname } = new URL(handshake.url, 'http://localhost');
    const headers = this.#operationHeaders();
    const req = new InnerRequest({ socket: handshake.socket, method: 'POST', url: pathname, headers, body });
    const res = new InnerResponse(req);
    const operation: Operation = { id, res, messages: undefined };
    this.#operations.set(id, operation);
    res.on('close', () => this.#ended(operation));
    handleInner(req, res, (context) => respond(context, (messages) => this.#deliver(operation, context, messages)));
  }

  #ended(operation: Operation): void {
    const { id, res, messages } = operation;
    const isCancelled = this.#operations.get(id) !== operation;
    if (isCancelled) return;
    this.#operations.delete(id);
    // a client sends elsewhere what is refused because the gateway stops
    const isTooLate = res.statusCode === 503 && this.#parts.isDraining();
    if (messages === undefined && !isTooLate) this.#sendResult(id, res.body);
    if (this.#isLeaving || isTooLate) this.goAway();
  }

  /** Sends the whole result of an operation that is no subscription, or of one that was refused. */
  #sendResult(id: string, text: string): void {
    const { subprotocol } = this.#parts;
    const result = parsed(text);
    if (!isRecord(result) || result.data === undefined)
      return void this.#send(errorMessage(subprotocol, id, errorsOf(text)));
    void this.#send(nextMessage(subprotocol, id, text));
    void this.#send(completeMessage(id));
  }

  async #deliver(operation: Operation, { req, requestId }: RequestContext, messages: OperationMessages): Promise<void> {
    const { subprotocol } = this.#parts;
    const { id, res } = operation;
    const { responseHook } = res as ClientResponse;
    operation.messages = messages;
    // a new id is a tree of short strings, which reading it makes one
    requestId.charCodeAt(0);
    dropBody(req);
    // credentials may have come while it started
    if (this.#renewal) messages.renew?.(this.#renewal);
    try {
      if (responseHook && (await responseHook.startStream(res, {})) === undefined) return;
      for await (const message of messages) {
        for (const sent of eventMessages(subprotocol, id, message)) await this.#send(sent);
        if (message.errors) return;
      }
      // the client has to know that the subscription was not complete
      if (messages.reason === 'shutdown') this.goAway();
      else if (messages.reason === 'completed') await this.#send(completeMessage(id));
    } finally {
      await messages.return();
      res.end();
    }
  }

  #cancel(id: string): void {
    const operation = this.#operations.get(id);
    if (operation === undefined) return;
    this.#operations.delete(id);
    operation.res.destroy();
  }

  /** Sends a text. Returns a promise while the client has not taken what was sent before. */
  #send(text: string): Promise<void> | undefined {
    return this.#writer.send(text);
  }

  static #pingOne(client: ClientSocket): void {
    client.#ping();
  }

  #ping(): void {
    const { socket } = this.#parts;
    // while the client does not take what was sent, nothing is read from it; that has a limit of its own
    if (socket.isPaused) this.#hasHeard = true;
    if (!this.#hasHeard) return socket.terminate();
    this.#hasHeard = false;
    socket.ping();
  }

  #closed(): void {
    clearTimeout(this.#initTimer);
    clearInterval(this.#pings);
    this.#cancelAll();
  }

  #cancelAll(): void {
    for (const id of [...this.#operations.keys()]) this.#cancel(id);
  }
}
