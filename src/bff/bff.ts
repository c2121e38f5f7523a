import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientFacts } from '../client/identity.ts';
import type { Problem } from '../config/problem.ts';
import type { Engine } from '../engine/engine.ts';
import { type Call, replyTo, type Served } from './call.ts';
import { compileEndpoints, type Endpoint, readEndpointFolder } from './endpoints/endpoints.ts';
import { problemReply, type Reply } from './reply.ts';
import { buildRoutingTable } from './router.ts';

export interface BffOptions {
  /** The folder with one folder for each client. */
  readonly dir: string;
  /** The engine in force just now; endpoints are checked again when another one comes. */
  readonly engine: () => Engine | undefined;
  /** Called each time the endpoints have been checked, with everything that is wrong: an empty list is good news. */
  readonly onProblems?: (problems: readonly Problem[]) => void;
  readonly logger?: { error(details: object, message: string): void };
  /** Whether problems tell of files and of endpoints with similar paths. By default, unless `NODE_ENV=production`. */
  readonly dev?: boolean;
  /** How long the engine may take for one request, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Largest request body in bytes. Default 1 MiB. */
  readonly maxRequestBytes?: number;
}

export interface Bff {
  /** Answers everything under `/bff`; false for other paths, which are left alone. `client` is what is known of who asks. */
  handle(req: IncomingMessage, res: ServerResponse, client?: ClientFacts): boolean;
  /** Reads the folder again. Requests under way keep the endpoints that they began with. */
  reload(): void;
  /** The endpoints that fit the schema in force; none while there is no schema. */
  endpoints(): readonly Endpoint[];
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_REQUEST_BYTES = 2 ** 20;

/**
 * Serves the endpoints of the `bff/` folder.
 * Throws when the folder is there but cannot be read; mistakes in its files go to `onProblems`.
 */
export function createBff(options: BffOptions): Bff {
  const settings = {
    dev: options.dev ?? process.env.NODE_ENV !== 'production',
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxRequestBytes: options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES,
  };
  let folder = readEndpointFolder(options.dir);
  let served: Served | undefined;

  function serve(): Served | undefined {
    const engine = options.engine();
    if (engine === undefined) return undefined;
    if (served?.engine === engine && served.folder === folder) return served;
    const loaded = compileEndpoints(folder, engine.publicSchema);
    served = { engine, folder, loaded, table: buildRoutingTable(loaded) };
    options.onProblems?.(loaded.problems);
    return served;
  }

  async function answer(call: Call): Promise<void> {
    let reply: Reply;
    try {
      reply = await replyTo(call, serve(), settings);
    } catch (error) {
      if (call.res.destroyed) return;
      options.logger?.error({ err: error, requestId: call.requestId }, 'A BFF endpoint failed');
      reply = problemReply({ status: 500, kind: 'failed', detail: 'The answer could not be made.' }, call.path);
    }
    write(call, reply);
  }

  serve();
  return {
    handle(req, res, client) {
      const url = req.url ?? '/';
      const mark = url.indexOf('?');
      const path = mark < 0 ? url : url.slice(0, mark);
      if (path !== '/bff' && !path.startsWith('/bff/')) return false;
      const query = mark < 0 ? '' : url.slice(mark + 1);
      void answer({ req, res, path, query, requestId: requestIdOf(req, res), client });
      return true;
    },
    reload() {
      folder = readEndpointFolder(options.dir);
      serve();
    },
    endpoints: () => serve()?.loaded.endpoints ?? [],
  };
}

/** The id that the host has given the request, else the one that the client has sent, else a new one. */
function requestIdOf(req: IncomingMessage, res: ServerResponse): string {
  const given = res.getHeader('x-request-id') ?? req.headers['x-request-id'];
  const id = typeof given === 'string' && given !== '' ? given : randomUUID();
  if (!res.hasHeader('x-request-id')) res.setHeader('x-request-id', id);
  return id;
}

function write({ req, res }: Call, reply: Reply): void {
  if (res.destroyed || res.headersSent) return;
  const length = reply.status === 204 ? {} : { 'content-length': String(Buffer.byteLength(reply.body)) };
  res.writeHead(reply.status, { ...reply.headers, ...length });
  res.end(req.method === 'HEAD' ? undefined : reply.body);
}
