import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatProblem, type Problem } from '../config/problem.ts';
import type { Engine, EngineRequest } from '../engine/engine.ts';
import { answerReply } from './answer.ts';
import { readJsonBody } from './body.ts';
import { coerceParameters, hasBody } from './coerce.ts';
import {
  compileEndpoints,
  type Endpoint,
  type EndpointFolder,
  type LoadedEndpoints,
  readEndpointFolder,
} from './endpoints.ts';
import { type ProblemDetails, problemReply, type Reply } from './reply.ts';
import {
  type AnyEndpoint,
  allowedMethods,
  buildRoutingTable,
  type Match,
  matchPath,
  nearEndpoints,
  type RoutingTable,
} from './router.ts';

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
}

export interface Bff {
  /** Answers everything under `/bff`; false for other paths, which are left alone. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  /** Reads the folder again. Requests under way keep the endpoints that they began with. */
  reload(): void;
  /** The endpoints that fit the schema in force; none while there is no schema. */
  endpoints(): readonly Endpoint[];
}

/** Endpoints as checked against one engine's schema. */
interface Served {
  readonly engine: Engine;
  readonly folder: EndpointFolder;
  readonly loaded: LoadedEndpoints;
  readonly table: RoutingTable;
}

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly query: string;
  readonly requestId: string;
}

/**
 * Serves the endpoints of the `bff/` folder.
 * Throws when the folder is there but cannot be read; mistakes in its files go to `onProblems`.
 */
export function createBff(options: BffOptions): Bff {
  const dev = options.dev ?? process.env.NODE_ENV !== 'production';
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
      reply = await replyTo(call, serve(), dev);
    } catch (error) {
      if (call.res.destroyed) return;
      options.logger?.error({ err: error, requestId: call.requestId }, 'A BFF endpoint failed');
      reply = problemReply({ status: 500, kind: 'failed', detail: 'The answer could not be made.' }, call.path);
    }
    write(call, reply);
  }

  serve();
  return {
    handle(req, res) {
      const url = req.url ?? '/';
      const mark = url.indexOf('?');
      const path = mark < 0 ? url : url.slice(0, mark);
      if (path !== '/bff' && !path.startsWith('/bff/')) return false;
      void answer({ req, res, path, query: mark < 0 ? '' : url.slice(mark + 1), requestId: requestIdOf(req, res) });
      return true;
    },
    reload() {
      folder = readEndpointFolder(options.dir);
      serve();
    },
    endpoints: () => serve()?.loaded.endpoints ?? [],
  };
}

async function replyTo(call: Call, served: Served | undefined, dev: boolean): Promise<Reply> {
  if (served === undefined) {
    const detail = 'There is no schema to serve yet.';
    return problemReply({ status: 503, kind: 'not-ready', detail, headers: { 'retry-after': '1' } }, call.path);
  }
  const matches = matchPath(served.table, call.path);
  if (matches.length === 0) return problemReply(notFound(call, served, dev), call.path);
  const asked = call.req.method === 'HEAD' ? 'GET' : call.req.method;
  if (asked === 'OPTIONS') return { status: 204, headers: { allow: allowedMethods(matches) }, body: '' };
  const match = matches.find(({ endpoint }) => endpoint.method === asked);
  if (match === undefined) return problemReply(methodNotAllowed(call, matches), call.path);
  const { endpoint } = match;
  if ('problems' in endpoint) return problemReply(doesNotFit(endpoint, dev), call.path);
  return execute(call, served.engine, endpoint, match);
}

async function execute(call: Call, engine: Engine, endpoint: Endpoint, match: Match): Promise<Reply> {
  const body = hasBody(endpoint.method) ? await readJsonBody(call.req) : undefined;
  if (body && 'problem' in body) return problemReply(body.problem, call.path);
  const query = new URLSearchParams(call.query);
  const coerced = coerceParameters(endpoint.parameters, { path: match.parameters, query, body: body?.value });
  if ('errors' in coerced) {
    const names = coerced.errors.map((error) => `"${error.parameter}"`).join(', ');
    const extensions = { errors: coerced.errors };
    return problemReply(
      { status: 400, kind: 'invalid-parameters', detail: `Not accepted: ${names}.`, extensions },
      call.path,
    );
  }
  const answer = await engine.execute({
    query: endpoint.query,
    variables: coerced.variables,
    client: clientOf(call),
    readOnly: endpoint.method === 'GET',
  });
  return answerReply(endpoint, answer, call.path);
}

function notFound(call: Call, served: Served, dev: boolean): ProblemDetails {
  const detail = `There is no endpoint at ${call.path}.`;
  if (!dev) return { status: 404, kind: 'no-endpoint', detail };
  const extensions = {
    near: nearEndpoints(served.table, call.path),
    endpoints: [...served.table.values()].flat().map((endpoint) => `${endpoint.method} ${endpoint.path}`),
    problems: served.folder.problems.map(formatProblem),
  };
  return { status: 404, kind: 'no-endpoint', detail, extensions };
}

function methodNotAllowed(call: Call, matches: readonly Match[]): ProblemDetails {
  const allow = allowedMethods(matches);
  const detail = `${call.path} does not answer ${call.req.method}; it answers ${allow}.`;
  return { status: 405, kind: 'method-not-allowed', detail, headers: { allow } };
}

function doesNotFit(endpoint: Exclude<AnyEndpoint, Endpoint>, dev: boolean): ProblemDetails {
  const detail = 'This endpoint does not fit the schema that is served just now.';
  const extensions = { problems: endpoint.problems.map(formatProblem) };
  return { status: 503, kind: 'endpoint-broken', detail, ...(dev ? { extensions } : {}) };
}

/** The id that the host has given the request, else the one that the client has sent, else a new one. */
function requestIdOf(req: IncomingMessage, res: ServerResponse): string {
  const given = res.getHeader('x-request-id') ?? req.headers['x-request-id'];
  const id = typeof given === 'string' && given !== '' ? given : randomUUID();
  if (!res.hasHeader('x-request-id')) res.setHeader('x-request-id', id);
  return id;
}

function clientOf(call: Call): EngineRequest['client'] {
  const gone = new AbortController();
  call.res.once('close', () => {
    if (!call.res.writableFinished) gone.abort();
  });
  return { requestId: call.requestId, headers: call.req.headers, signal: gone.signal };
}

function write({ req, res }: Call, reply: Reply): void {
  if (res.destroyed || res.headersSent) return;
  const length = reply.status === 204 ? {} : { 'content-length': String(Buffer.byteLength(reply.body)) };
  res.writeHead(reply.status, { ...reply.headers, ...length });
  res.end(req.method === 'HEAD' ? undefined : reply.body);
}
