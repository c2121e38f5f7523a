import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ClientWrites } from '../../http/client-writes.ts';
import { checkHeaderLines } from '../../http/middleware/header-lines.ts';
import { removePathPrefix } from '../../http/path-prefix.ts';
import { endWithError } from '../../http/raw-response.ts';
import type { Cors } from '../../policy/requests/cors.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { ShuttingDownError } from '../../shared/shutting-down-error.ts';
import { pathOf } from '../../shared/url-path.ts';
import type { GraphqlRoute } from '../route.ts';
import type { HandleInner } from './check-credentials.ts';
import { ClientSocket, type ClientSocketParts, type ClientSocketSettings } from './client-socket.ts';
import type { Subprotocol } from './messages.ts';

export interface WebSocketServerOptions {
  readonly settings: ClientSocketSettings & {
    readonly subprotocols: readonly Subprotocol[];
    /** The most open connections of this process. */
    readonly maxConnections?: number | undefined;
  };
  /** The largest message, in bytes. */
  readonly maxRequestBytes: number;
  readonly maxUrlBytes?: number | undefined;
  readonly pathPrefix?: string | undefined;
  readonly cors?: Cors | undefined;
  /** Returns the route of GraphQL at a path. */
  readonly routeAt: (path: string) => GraphqlRoute | undefined;
  readonly handleInner: HandleInner;
  /** Limits what waits for clients that do not read. */
  readonly clientWrites?: ClientWrites | undefined;
  /** In how much time all connections are closed when the gateway stops, in milliseconds. */
  readonly drainMs: number;
  /** Called for each handshake that is refused. */
  readonly onRefused?: ((reason: WebSocketRefusal) => void) | undefined;
}

/** Why a handshake is refused. */
export type WebSocketRefusal = 'max_connections' | 'origin' | 'shutdown' | 'malformed';

/** The WebSockets of all clients. */
export interface ClientWebSockets {
  readonly size: number;
  /** Returns whether a request opens a WebSocket at a path of GraphQL. */
  accepts(req: IncomingMessage): boolean;
  /** Opens it, or responds with an error. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes all connections, at random moments of the time for it. */
  drain(): void;
  /** Closes all connections at once. */
  cutOff(): void;
}

export function createWebSockets(options: WebSocketServerOptions): ClientWebSockets {
  const { settings, maxRequestBytes, pathPrefix, routeAt, handleInner, clientWrites } = options;
  // what surrounds the body of a request in a message is short
  const maxPayload = maxRequestBytes + 1_024;
  const handleProtocols = (offered: Set<string>) => settings.subprotocols.find((one) => offered.has(one)) ?? false;
  const server = new WebSocketServer({ noServer: true, maxPayload, handleProtocols, perMessageDeflate: false });
  const clients = new Set<ClientSocket>();
  let isDraining = false;
  const stops = () => isDraining;

  const routeOf = ({ url }: IncomingMessage) => {
    // the request may turn out to be for another handler
    const target = { url } as IncomingMessage;
    if (pathPrefix !== undefined) removePathPrefix(target, pathPrefix);
    const path = pathOf(target.url);
    return routeAt(path.endsWith('/') ? path.slice(0, -1) : path);
  };

  return {
    get size() {
      return clients.size;
    },
    accepts: (req) => req.headers.upgrade?.toLowerCase() === 'websocket' && routeOf(req) !== undefined,
    upgrade(req, socket, head) {
      destroyOnError(socket);
      try {
        check(req, options, { isDraining, count: clients.size });
      } catch (error) {
        options.onRefused?.(reasonOf(error));
        return refuse(socket, error);
      }
      const route = routeOf(req) as GraphqlRoute;
      if (pathPrefix !== undefined) removePathPrefix(req, pathPrefix);
      server.handleUpgrade(req, socket, head, (webSocket) => {
        const subprotocol = webSocket.protocol as Subprotocol;
        const { respondInner: respond } = route;
        const handshake = { url: req.url ?? '/', socket: req.socket };
        // member by member: an object that is copied from another has a hidden class of its own
        const parts: ClientSocketParts = {
          socket: webSocket,
          handshake,
          subprotocol,
          settings,
          handleInner,
          clientWrites,
          isDraining: stops,
          respond,
        };
        const client = new ClientSocket(parts, req);
        track(clients, client, webSocket);
      });
    },
    drain() {
      isDraining = true;
      for (const client of clients) setTimeout(() => client.goAway(), Math.random() * options.drainMs).unref();
    },
    cutOff() {
      for (const client of server.clients) client.terminate();
    },
  };
}

/** Adds a client until it leaves. A function of its own: a listener made where the request is would keep that in memory. */
function track(clients: Set<ClientSocket>, client: ClientSocket, webSocket: WebSocket): void {
  clients.add(client);
  webSocket.on('close', () => clients.delete(client));
}

function destroyOnError(socket: Duplex): void {
  socket.on('error', () => socket.destroy());
}

/** Throws `GatewayError` for a handshake that is refused. All else is checked for each operation. */
function check(
  req: IncomingMessage,
  { settings, cors, maxUrlBytes = Number.POSITIVE_INFINITY }: WebSocketServerOptions,
  { isDraining, count }: { readonly isDraining: boolean; readonly count: number },
): void {
  checkHeaderLines(req);
  const { headers, url = '/' } = req;
  if (count >= (settings.maxConnections ?? Number.POSITIVE_INFINITY)) throw tooMany();
  if (isDraining) throw new ShuttingDownError();
  if (Buffer.byteLength(url) > maxUrlBytes) throw new GatewayError(414, 'URI_TOO_LONG', 'The URL is too long.');
  if (!isAllowedOrigin(url, headers, cors)) {
    const message = `Pages of ${headers.origin} may not open a WebSocket here. Allow the origin in cors.policies.`;
    throw new GatewayError(403, 'FORBIDDEN', message);
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (settings.subprotocols.some((name) => offered.includes(name))) return;
  const message = `The WebSocket has none of the subprotocols ${settings.subprotocols.join(', ')}.`;
  throw new GatewayError(400, 'BAD_REQUEST', message);
}

function tooMany(): GatewayError {
  const message =
    'The gateway has as many open WebSockets as websocket.max_connections allows. Try again later, or use server-sent events.';
  return new GatewayError(503, 'SUBSCRIPTION_LIMIT_EXCEEDED', message);
}

const REASONS: ReadonlyMap<string, WebSocketRefusal> = new Map([
  ['SUBSCRIPTION_LIMIT_EXCEEDED', 'max_connections'],
  ['FORBIDDEN', 'origin'],
  ['SERVICE_UNAVAILABLE', 'shutdown'],
]);

function reasonOf(error: unknown): WebSocketRefusal {
  return (error instanceof GatewayError ? REASONS.get(error.code) : undefined) ?? 'malformed';
}

/**
 * Whether the page that opens a WebSocket may do so. Browsers send cookies with it, and do not apply CORS: a page of another site
 * could read what the user may read.
 */
function isAllowedOrigin(url: string, headers: IncomingHttpHeaders, cors: Cors | undefined): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  if (origin.slice(origin.indexOf('://') + 3) === host) return true;
  return cors?.headersFor(pathOf(url), headers)?.['access-control-allow-origin'] !== undefined;
}

function refuse(socket: Duplex, error: unknown): void {
  const known =
    error instanceof GatewayError ? error : new GatewayError(500, 'INTERNAL_SERVER_ERROR', 'Internal server error');
  endWithError(socket, known, 'Refused');
}
