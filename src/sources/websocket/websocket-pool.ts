import { type SubgraphAddress, socketPathOf } from '../../shared/subgraph-url.ts';
import { basicAuthorization } from '../http/http-source.ts';
import type { SignRequest } from '../http/signing/sign-request.ts';
import type { CurrentTls } from '../http/subgraph-tls.ts';
import type { CancelSubscription, ForwardHeaders, SourceRequest, SubscriptionSink } from '../source.ts';
import { UpstreamConnection } from './connection.ts';
import type { Subprotocol } from './messages.ts';

/** A subgraph that is reached over WebSockets. */
export interface WebSocketTarget {
  readonly name: string;
  readonly address: SubgraphAddress;
  readonly subprotocol: Subprotocol;
  /** Returns the client headers to send. */
  readonly forward?: ForwardHeaders | undefined;
  /** Whether they are sent in the payload of `connection_init`, too. Without headers, there is no payload. */
  readonly sendsInitPayload: boolean;
  readonly tls?: CurrentTls | undefined;
  readonly sign?: SignRequest | undefined;
  readonly connectTimeoutMs: number;
  readonly pingMs: number;
}

/** Headers that the WebSocket itself sets, or that belong to a body. */
const OWN_HEADERS =
  /^(?:sec-websocket-.*|connection|upgrade|host|content-.*|accept|accept-encoding|transfer-encoding|origin)$/;

/** The WebSockets to all subgraphs. Subscriptions with the same headers for a subgraph share one connection. */
export class WebSocketPool {
  readonly #connections = new Map<string, UpstreamConnection>();

  /** How many connections are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** Starts a subscription, as `Source.subscribe` does. */
  subscribe(target: WebSocketTarget, request: SourceRequest, sink: SubscriptionSink): CancelSubscription {
    const forwarded = target.forward?.(request.client);
    const headers: Record<string, string> = {};
    const pairs = forwarded?.pairs ?? [];
    for (let i = 0; i < pairs.length; i += 2) {
      const name = pairs[i] as string;
      // a connection is for several requests
      if (!OWN_HEADERS.test(name) && !forwarded?.correlation?.has(name)) headers[name] = pairs[i + 1] as string;
    }
    const connection = this.#connect(target, headers);
    let isCancelled = false;
    const stop = connection.subscribe(request.body, sink);
    const { signal } = request.client;
    const cancel = () => {
      if (isCancelled) return;
      isCancelled = true;
      signal?.removeEventListener('abort', cancel);
      stop();
    };
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    return cancel;
  }

  /** Closes all connections. */
  close(): void {
    for (const connection of [...this.#connections.values()]) connection.close();
  }

  #connect(target: WebSocketTarget, headers: Readonly<Record<string, string>>): UpstreamConnection {
    const url = webSocketUrl(target.address);
    const { name, subprotocol, sendsInitPayload, connectTimeoutMs, pingMs } = target;
    const key = JSON.stringify([name, url, subprotocol, sendsInitPayload, headers]);
    const known = this.#connections.get(key);
    if (known) return known;
    const own = { ...headers };
    const { credentials } = target.address;
    if (credentials !== undefined) own.authorization ??= basicAuthorization(credentials);
    const connection = new UpstreamConnection(
      {
        ...{ name, url, subprotocol, connectTimeoutMs, pingMs },
        headers: signed(target, own),
        initPayload: sendsInitPayload && Object.keys(headers).length > 0 ? headers : undefined,
        tls: target.tls?.(),
      },
      () => {
        if (this.#connections.get(key) === connection) this.#connections.delete(key);
      },
    );
    this.#connections.set(key, connection);
    return connection;
  }
}

function webSocketUrl({ origin, path }: SubgraphAddress): string {
  const socket = socketPathOf(origin);
  return socket === undefined ? `ws${origin.slice('http'.length)}${path}` : `ws+unix:${socket}:${path}`;
}

function signed(
  { address: { origin, path }, sign }: WebSocketTarget,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (sign === undefined) return headers;
  const { protocol, host } = new URL(origin.startsWith('unix:') ? 'http://localhost' : origin);
  const flat = Object.entries(headers).flat();
  const list = sign({ method: 'GET', scheme: protocol.slice(0, -1), authority: host, path, headers: flat }, undefined);
  const all: Record<string, string> = {};
  for (let i = 0; i < list.length; i += 2) all[list[i] as string] = list[i + 1] as string;
  return all;
}
