import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { ClientWrites } from '../../http/client-writes.ts';
import { checkHeaderLines } from '../../http/middleware/header-lines.ts';
import { removePathPrefix } from '../../http/path-prefix.ts';
import { errorResponse } from '../../http/response.ts';
import type { Cors } from '../../policy/requests/cors.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { pathOf } from '../../shared/url-path.ts';
import type { GraphqlRoute } from '../route.ts';
import type { HandleInner } from './check-credentials.ts';
import { ClientSocket, type ClientSocketSettings } from './client-socket.ts';
import type { Subprotocol } from './messages.ts';

export interface WebSocketServerOptions {
  readonly settings: ClientSocketSettings & { readonly subprotocols: readonly Subprotocol[] };
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
}

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
      socket.on('error', () => socket.destroy());
      try {
        check(req, options, isDraining);
      } catch (error) {
        return refuse(socket, error);
      }
      const route = routeOf(req) as GraphqlRoute;
      if (pathPrefix !== undefined) removePathPrefix(req, pathPrefix);
      server.handleUpgrade(req, socket, head, (webSocket) => {
        const parts = { socket: webSocket, request: req, subprotocol: webSocket.protocol as Subprotocol, settings };
        const client = new ClientSocket({ ...parts, handleInner, clientWrites, respond: route.respondInner });
        clients.add(client);
        webSocket.once('close', () => clients.delete(client));
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

/** Throws `GatewayError` for a handshake that is refused. All else is checked for each operation. */
function check(
  req: IncomingMessage,
  { settings, cors, maxUrlBytes = Number.POSITIVE_INFINITY }: WebSocketServerOptions,
  isDraining: boolean,
): void {
  checkHeaderLines(req);
  const { headers, url = '/' } = req;
  if (isDraining) throw new GatewayError(503, 'SERVICE_UNAVAILABLE', 'The gateway is shutting down.');
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
  const { status, headers, body } = errorResponse(known);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\n${lines.join('')}\r\n${String(body)}`);
}
