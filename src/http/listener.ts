import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigValueError } from '../config/config-value-error.ts';
import { connectionAccepted } from '../shared/turns.ts';
import { continueWhenRead } from './expect-continue.ts';
import { answerHalfClosed } from './half-closed.ts';
import { respondToMalformedRequests } from './malformed-requests.ts';
import type { RequestHandler } from './request-handler.ts';
import { stopAccepting } from './stop-accepting.ts';
import { requestThatMayUpgrade } from './upgradable-request.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  /** Options of HTTPS. Without them the listener serves HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** How long a client may take to send its headers, in milliseconds. Default 15,000. */
  readonly headersTimeoutMs?: number;
  /** How long a client may take to send a whole request, in milliseconds. Default 60,000. */
  readonly requestTimeoutMs?: number;
  /** How long `close` waits for requests in flight once the port is closed, in milliseconds. Default 30,000. */
  readonly graceMs?: number;
  /** How long connections that look idle stay open when closing begins, in milliseconds. Default 250. */
  readonly lingerMs?: number;
  /** Called for each connection before its first byte is read. */
  readonly onConnection?: () => void;
  /** The setting of the port, for messages. Default `--port`. */
  readonly portSetting?: string;
}

export interface Listener {
  readonly port: number;
  /** `http://HOST:PORT`, or `https://…` */
  readonly origin: string;
  /** Uses other certificates, keys and authorities for new connections. Does nothing without TLS. */
  useCertificates(tls: TlsOptions): void;
  /**
   * Completes requests in flight, for `graceMs` at most, and closes all connections. Before that, the port stays open for `delayMs`,
   * for those who do not know yet that it will close. Default 0.
   */
  close(stop?: { readonly delayMs: number }): Promise<void>;
}

/** The handler of a listener, and how it is informed that the listener closes. */
export type ListenerHost = Pick<RequestHandler, 'handle' | 'drain'> &
  Partial<Pick<RequestHandler, 'cutOff' | 'onMalformed' | 'upgrades'>>;

const DEFAULT_GRACE_MS = 30_000;
const DEFAULT_HEADERS_MS = 15_000;
const DEFAULT_REQUEST_MS = 60_000;
/** The most bytes of all headers of a request. Above it, the response is 431. */
const MAX_HEADER_BYTES = 16_384;

/**
 * Connections that may wait to be accepted; the system may allow fewer (`net.core.somaxconn`). With Node's 511, the kernel drops further
 * ones while the process is busy for a moment, and these clients try again after 1, 3, 7 and 15 seconds.
 */
const BACKLOG = 4_096;

/** Above the 60 s that load balancers keep idle connections, so that they close first and never use a closed one. */
const KEEP_ALIVE_MS = 65_000;

/**
 * A client may have sent its next request just before closing began, on a connection that still looks idle. The linger time lets
 * the gateway respond, with `connection: close`, instead of breaking the connection.
 */
const DEFAULT_LINGER_MS = 250;
const SHORTEST_LINGER_MS = 10;

/** Opens the port. Rejects with `ConfigValueError`, which says what to do, when it cannot be opened. */
export async function listen(handler: ListenerHost, options: ListenerOptions): Promise<Listener> {
  const { tls } = options;
  const timeouts = timeoutsOf(options);
  const { upgrades } = handler;
  const settings = upgrades ? { ...timeouts, IncomingMessage: requestThatMayUpgrade(upgrades.accepts) } : timeouts;
  const server = tls
    ? createTlsServer({ ...tls, ...settings }, handler.handle)
    : createServer(settings, handler.handle);
  if (upgrades) server.on('upgrade', upgrades.upgrade);
  let closing: Promise<void> | undefined;
  respondToMalformedRequests(server, handler.onMalformed);
  answerHalfClosed(server);
  continueWhenRead(server, () => closing !== undefined);
  server.on('connection', connectionAccepted);
  if (options.onConnection) server.on('connection', options.onConnection);
  const fresh = trackFreshConnections(server);
  await bind(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `${tls ? 'https' : 'http'}://${urlHost(options.host)}:${port}`,
    useCertificates: (changed) => {
      if ('setSecureContext' in server) server.setSecureContext(changed);
    },
    close({ delayMs } = { delayMs: 0 }) {
      closing ??= drain(server, handler, fresh, { ...options, delayMs });
      return closing;
    },
  };
}

/** Returns timeouts of the server. Clients that send a request too slowly get 408, so that they do not hold connections forever. */
function timeoutsOf({ headersTimeoutMs, requestTimeoutMs }: ListenerOptions) {
  const requestTimeout = requestTimeoutMs ?? DEFAULT_REQUEST_MS;
  const headersTimeout = Math.min(headersTimeoutMs ?? DEFAULT_HEADERS_MS, requestTimeout);
  return {
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout,
    headersTimeout,
    // Node checks its connections only in this interval
    connectionsCheckingInterval: Math.min(5_000, Math.ceil(headersTimeout / 4)),
  };
}

/** Tracks connections that have not sent a request yet: Node counts them as busy, so they would delay closing. */
function trackFreshConnections(server: Server): ReadonlySet<Socket> {
  const fresh = new Set<Socket>();
  const track = (socket: Socket) => {
    fresh.add(socket);
    socket.on('close', () => fresh.delete(socket));
  };
  server.on('connection', track);
  server.on('secureConnection', (secure: Socket) => {
    // requests use the TLS socket; the raw socket below it has the same peer
    for (const raw of fresh) if (haveSamePeer(raw, secure)) fresh.delete(raw);
    track(secure);
  });
  const begin = (req: IncomingMessage) => void fresh.delete(req.socket);
  server.on('request', begin);
  // Node takes a request for an upgrade where there is a listener
  if (server.listenerCount('upgrade') > 0) server.on('upgrade', begin);
  return fresh;
}

function haveSamePeer(left: Socket, right: Socket): boolean {
  return left.remotePort === right.remotePort && left.remoteAddress === right.remoteAddress;
}

async function drain(
  server: Server,
  handler: ListenerHost,
  fresh: ReadonlySet<Socket>,
  { graceMs = DEFAULT_GRACE_MS, lingerMs = DEFAULT_LINGER_MS, delayMs }: ListenerOptions & { readonly delayMs: number },
): Promise<void> {
  const closed = new Promise((resolve) => server.once('close', resolve));
  handler.drain();
  if (delayMs > 0) await sleep(delayMs);
  await stopAccepting(server, delayMs > 0);
  // again and again: a connection may become idle later. After an immediate, since what has arrived is read before it
  const linger = setInterval(() => setImmediate(closeUnused, server, fresh), Math.max(SHORTEST_LINGER_MS, lingerMs));
  const grace = setTimeout(() => {
    handler.cutOff?.();
    server.closeAllConnections();
  }, graceMs);
  await closed;
  clearInterval(linger);
  clearTimeout(grace);
  // Stops the timer with which Node checks for slow connections.
  server.close();
}

function closeUnused(server: Server, fresh: ReadonlySet<Socket>): void {
  server.closeIdleConnections();
  for (const socket of fresh) socket.destroy();
}

function bind(server: Server, { host, port, portSetting = '--port' }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(bindError(error, `${urlHost(host)}:${port}`, portSetting)),
    );
    server.listen(port, host, BACKLOG, resolve);
  });
}

function bindError(error: NodeJS.ErrnoException, where: string, setting: string): ConfigValueError {
  if (error.code === 'EADDRINUSE') {
    const hint = `Another process listens there: end it, or choose another port with ${setting} (0 takes any free one).`;
    return new ConfigValueError(`Cannot listen on ${where}: the port is in use. ${hint}`, { cause: error });
  }
  if (error.code === 'EACCES') {
    return new ConfigValueError(`Cannot listen on ${where}: not permitted. Choose a port above 1023 with ${setting}.`, {
      cause: error,
    });
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    const hint = `Choose one of its addresses with ${setting === '--port' ? '--host' : setting}, or 0.0.0.0 for all of them.`;
    return new ConfigValueError(`Cannot listen on ${where}: this machine has no such address. ${hint}`, {
      cause: error,
    });
  }
  return new ConfigValueError(`Cannot listen on ${where}: ${error.message}`, { cause: error });
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
