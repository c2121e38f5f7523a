import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { PoolSettings } from '../http-pool.ts';
import { type Lookup, spreadLookup } from '../spread-lookup.ts';
import { Http2Error } from './http2-error.ts';

/** The protocol of an open socket. */
export type Protocol = 'h2' | 'http/1.1';

export interface OpenSocket {
  readonly socket: Socket;
  readonly protocol: Protocol;
}

export type SocketSettings = Pick<PoolSettings, 'tls' | 'http2'> & { readonly timeoutMs: number };

/**
 * Returns a function that opens sockets to an origin. Over TLS, the server chooses the protocol (ALPN, RFC 7301). Without TLS, it is
 * HTTP/2 with prior knowledge (RFC 9113, section 3.3). The function rejects with what the network reports, or with `Http2Error`.
 */
export function socketOpener(
  origin: URL,
  { lookup, socketPath }: { readonly lookup?: Lookup | undefined; readonly socketPath?: string | undefined } = {},
): (settings: SocketSettings) => Promise<OpenSocket> {
  const isSecure = origin.protocol === 'https:';
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const target = {
    host,
    port: Number(origin.port) || (isSecure ? 443 : 80),
    autoSelectFamily: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    lookup: spreadLookup(lookup),
    ...(socketPath !== undefined && { path: socketPath }),
  };
  return ({ tls, http2, timeoutMs }) => {
    if (!isSecure)
      return opened(connectPlain(target), 'connect', timeoutMs).then((socket) => ({ socket, protocol: 'h2' }));
    const ALPNProtocols = http2 === 'http2only' ? ['h2'] : ['h2', 'http/1.1'];
    const options = { ...target, ...tls?.(), ALPNProtocols, ...(isIP(host) === 0 && { servername: host }) };
    return opened(connectTls(options), 'secureConnect', timeoutMs).then(
      (socket) => ({ socket, protocol: protocolOf(socket as TLSSocket, http2 === 'http2only') }),
      (error) => {
        throw isNoProtocol(error) ? new Http2Error('HTTP2_UNSUPPORTED', 'The server has no HTTP/2.', error) : error;
      },
    );
  };
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new ConnectTimeoutError()), timeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('error', reject);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off('error', reject);
      // a socket without a listener of `error` ends the process
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** A connection that was not opened in time, with the code that undici has for it. */
export class ConnectTimeoutError extends Error {
  readonly code = 'UND_ERR_CONNECT_TIMEOUT';

  constructor() {
    super('No connection in time.');
    this.name = 'ConnectTimeoutError';
  }
}

function protocolOf(socket: TLSSocket, needsHttp2: boolean): Protocol {
  if (socket.alpnProtocol === 'h2') return 'h2';
  if (!needsHttp2) return 'http/1.1';
  socket.destroy();
  throw new Http2Error('HTTP2_UNSUPPORTED', 'The server has no HTTP/2.');
}

/** Returns whether the server has refused all protocols that were offered. */
function isNoProtocol(error: { readonly code?: unknown }): boolean {
  return (
    error.code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' ||
    error.code === 'ERR_SSL_SSL/TLS_ALERT_NO_APPLICATION_PROTOCOL'
  );
}
