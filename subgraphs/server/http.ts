import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface RunningService {
  /** Where clients call it: `http://HOST:PORT/graphql`, or `http://HOST:PORT` for REST. */
  readonly url: string;
  readonly port: number;
  /** As if the process were gone: open connections are cut, new ones refused. The data stays. Harmless twice. */
  stop(): Promise<void>;
  /** Answers again, on the same port. Harmless twice. */
  start(): Promise<void>;
}

export interface Listening {
  readonly name: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** What comes after the port in the service's URL: `/graphql` or nothing. */
  readonly path: string;
}

/** What `startService` rejects with: a message for people. `portTaken` when another port would do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly portTaken: boolean;

  constructor(message: string, portTaken: boolean) {
    super(message);
    this.portTaken = portTaken;
  }
}

/** Rejects with a `ListenError`, for example when the port is taken. */
export async function startService(where: Listening, handle: RequestHandler): Promise<RunningService> {
  let server: Server | undefined = await listen(where, handle);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${where.host.includes(':') ? `[${where.host}]` : where.host}:${port}${where.path}`,
    port,
    async stop() {
      const running = server;
      server = undefined;
      if (running) await end(running);
    },
    async start() {
      server ??= await listen({ ...where, port }, handle);
    },
  };
}

function listen(where: Listening, handle: RequestHandler): Promise<Server> {
  const server = createServer((request, response) => {
    Promise.resolve(handle(request, response)).catch((error: unknown) => {
      console.error(`${where.name}: ${error instanceof Error ? error.stack : error}`);
      if (!response.headersSent) sendJson(response, 500, { error: 'Internal error' });
      else response.destroy();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explainListenError(error, where)));
    server.listen(where.port, where.host, () => resolve(server));
  });
}

function explainListenError(error: NodeJS.ErrnoException, { name, host, port }: Listening): Error {
  if (error.code !== 'EADDRINUSE')
    return new ListenError(`${name} cannot listen on ${host}:${port}: ${error.message}`, false);
  return new ListenError(
    `${name} cannot listen on ${host}:${port}: something else does. End that, or give ${name} another port.`,
    true,
  );
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** The body as text; `undefined` when it is longer than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes = 4_000_000): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  contentType = 'application/json; charset=utf-8',
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length }).end(bytes);
}
