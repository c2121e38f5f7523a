import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientFacts } from '../client/identity.ts';
import { formatProblem } from '../config/problem.ts';
import type { Engine, EngineAnswer, EngineRequest } from '../engine/engine.ts';
import { answerReply } from './answer.ts';
import { readJsonBody } from './body.ts';
import { coerceParameters, hasBody } from './endpoints/coerce.ts';
import type { BrokenEndpoint, Endpoint, EndpointFolder, LoadedEndpoints } from './endpoints/endpoints.ts';
import { type ProblemDetails, problemReply, type Reply } from './reply.ts';
import { allowedMethods, type Match, matchPath, nearEndpoints, type RoutingTable } from './router.ts';

/** Endpoints as checked against one engine's schema. */
export interface Served {
  readonly engine: Engine;
  readonly folder: EndpointFolder;
  readonly loaded: LoadedEndpoints;
  readonly table: RoutingTable;
}

/** One HTTP request to an endpoint. */
export interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  /** What comes after the `?`. */
  readonly query: string;
  readonly requestId: string;
  readonly client: ClientFacts | undefined;
}

export interface CallSettings {
  /** Whether problems tell of files and of endpoints with similar paths. */
  readonly dev: boolean;
  /** How long the engine may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest request body in bytes. */
  readonly maxRequestBytes: number;
}

/** Finds the endpoint of a call and makes its answer. Rejects when the engine does, or when the client leaves. */
export async function replyTo(call: Call, served: Served | undefined, settings: CallSettings): Promise<Reply> {
  if (served === undefined) {
    const detail = 'There is no schema to serve yet.';
    return problemReply({ status: 503, kind: 'not-ready', detail, headers: { 'retry-after': '1' } }, call.path);
  }
  const matches = matchPath(served.table, call.path);
  if (matches.length === 0) return problemReply(notFound(call, served, settings.dev), call.path);
  const asked = call.req.method === 'HEAD' ? 'GET' : call.req.method;
  if (asked === 'OPTIONS') return { status: 204, headers: { allow: allowedMethods(matches) }, body: '' };
  const match = matches.find(({ endpoint }) => endpoint.method === asked);
  if (match === undefined) return problemReply(methodNotAllowed(call, matches), call.path);
  const { endpoint } = match;
  if ('problems' in endpoint) return problemReply(doesNotFit(endpoint, settings.dev), call.path);
  return execute(call, served.engine, endpoint, match, settings);
}

async function execute(
  call: Call,
  engine: Engine,
  endpoint: Endpoint,
  { parameters: path }: Match,
  settings: CallSettings,
): Promise<Reply> {
  const body = hasBody(endpoint.method) ? await readJsonBody(call.req, settings.maxRequestBytes) : undefined;
  if (body && 'problem' in body) return problemReply(body.problem, call.path);
  const request = { path, query: new URLSearchParams(call.query), body: body?.value };
  const coerced = coerceParameters(endpoint.parameters, request);
  if ('errors' in coerced) {
    const { errors } = coerced;
    const detail = `Not accepted: ${errors.map((error) => `"${error.parameter}"`).join(', ')}.`;
    return problemReply({ status: 400, kind: 'invalid-parameters', detail, extensions: { errors } }, call.path);
  }
  const answer = await executeInTime(call, engine, settings.timeoutMs, {
    query: endpoint.query,
    variables: coerced.variables,
    readOnly: endpoint.method === 'GET',
  });
  if (answer !== undefined) return answerReply(endpoint, answer, call.path);
  const detail = `The answer was not ready within ${settings.timeoutMs} milliseconds.`;
  return problemReply({ status: 504, kind: 'timeout', detail }, call.path);
}

/** Aborts the execution when time is up, giving `undefined`, and when the client leaves. */
async function executeInTime(
  { req, res, requestId, client: facts }: Call,
  engine: Engine,
  timeoutMs: number,
  request: Omit<EngineRequest, 'client'>,
): Promise<EngineAnswer | undefined> {
  const abort = new AbortController();
  // Every fetch under way listens to it; a plan may well have more than the ten after which Node suspects a leak.
  setMaxListeners(0, abort.signal);
  const onClose = () => abort.abort();
  res.once('close', onClose);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
      abort.abort();
    }, timeoutMs);
  });
  try {
    const client = { ...facts, requestId, headers: req.headers, signal: abort.signal };
    return await Promise.race([engine.execute({ ...request, client }), late]);
  } finally {
    clearTimeout(timer);
    res.off('close', onClose);
  }
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

function doesNotFit(endpoint: BrokenEndpoint, dev: boolean): ProblemDetails {
  const detail = 'This endpoint does not fit the schema that is served just now.';
  const extensions = { problems: endpoint.problems.map(formatProblem) };
  return { status: 503, kind: 'endpoint-broken', detail, ...(dev ? { extensions } : {}) };
}
