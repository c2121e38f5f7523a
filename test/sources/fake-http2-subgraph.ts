import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FakeHttp2Subgraph {
  readonly url: string;
  readonly port: number;
  readonly server: Http2Server | Http2SecureServer;
  /** Every session that was opened to it. */
  readonly sessions: readonly ServerHttp2Session[];
  /** The connection of each. */
  readonly sockets: readonly Socket[];
  /** Ends its sessions and its port, as when its process ends. */
  stop(): Promise<void>;
}

export type OnStream = (stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>, session: number) => void;

/** A real HTTP/2 server, with TLS if it has a certificate. */
export async function fakeHttp2Subgraph(
  onStream: OnStream,
  { port = 0, path, ...options }: SecureServerOptions & { port?: number; path?: string } = {},
): Promise<FakeHttp2Subgraph> {
  const server = options.cert ? createSecureServer(options) : createServer(options);
  const sessions: ServerHttp2Session[] = [];
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => void sockets.push(socket));
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.resume();
    onStream(stream, headers, sessions.indexOf(stream.session as ServerHttp2Session));
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(port, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  const stop = async () => {
    for (const session of sessions) session.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  onTestFinished(async () => {
    if (server.listening) await stop();
  });
  const { port: actual } = server.address() as AddressInfo;
  const origin = options.cert ? 'https://localhost' : 'http://127.0.0.1';
  return { url: `${origin}:${actual}/graphql`, port: actual, server, sessions, sockets, stop };
}

export function respond(stream: ServerHttp2Stream, body = '{"data":{}}'): void {
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  stream.end(body);
}

export const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_NO_ERROR } = constants;
