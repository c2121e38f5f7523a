import { formatProblem } from '../../config/problem.ts';
import { type ProblemDetails, problemResponse } from '../../http/problem.ts';
import { addVary } from '../../http/vary.ts';
import { excludesAllCodings } from '../../shared/accept-encoding.ts';
import { PURGE_PATH, purgeResponse } from '../caching/serve-purge.ts';
import type { BrokenEndpoint } from '../endpoints/endpoints.ts';
import { type AnyEndpoint, allowedMethods, type Match, matchPath, nearEndpoints } from '../endpoints/router.ts';
import { docsResponse } from '../openapi/serve-docs.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import { acceptedBy } from './body.ts';
import type { BffContext, Call, EndpointSnapshot } from './call.ts';
import { handleEndpoint } from './handle-endpoint.ts';
import { countRequest } from './rate-limit.ts';

/**
 * Finds the endpoint of a call and responds. Rejects when the engine does, when the client disconnects, and with `GatewayError` 503
 * `OVERLOADED` while too many requests are in progress.
 * @returns `undefined` where the response has been streamed already
 */
export async function routeCall(
  call: Call,
  snapshot: EndpointSnapshot | undefined,
  bff: BffContext,
): Promise<EndpointResponse | undefined> {
  if (snapshot === undefined) {
    const detail = 'No schema loaded yet.';
    return problemResponse({ status: 503, kind: 'not-ready', detail, headers: { 'retry-after': '1' } }, call.path);
  }
  const matches = matchPath(snapshot.table, call.route);
  const [first] = matches;
  if (first === undefined) return ownResponse(call, snapshot, bff);
  const { endpoint: any } = first;
  const { settings } = any;
  const defaultHeaders = snapshot.defaultHeaders.get(
    any.version === undefined ? any.client : `${any.client}/${any.version}`,
  );
  if (defaultHeaders)
    for (const [name, value] of defaultHeaders) {
      if (name === 'vary') addVary(call.res, value);
      else call.res.setHeader(name, value);
    }
  const asked = call.req.method === 'HEAD' ? 'GET' : call.req.method;
  if (asked === 'OPTIONS') {
    const accepted = matches.map(({ endpoint: { method } }) => (method === 'PUT' ? {} : acceptedBy(method)));
    return { status: 204, headers: Object.assign({ allow: allowedMethods(matches) }, ...accepted), body: '' };
  }
  const match = matches.find(({ endpoint }) => endpoint.method === asked);
  if (match === undefined) return problemResponse(methodNotAllowed(call, matches), call.path);
  if (excludesAllCodings(call.req.headers['accept-encoding'], bff.compressFrom !== undefined))
    return problemResponse(notAcceptable(), call.path);
  const { endpoint } = match;
  call.notes.endpoint = endpoint.id;
  call.notes.route = endpoint.path;
  call.notes.operation = endpoint.label;
  if (settings.rate_limit) {
    const refused = await countRequest(bff, any.client, settings.rate_limit, call.client, call.req, call.res);
    if (refused) return problemResponse(refused, call.path);
  }
  if (endpoint.version !== undefined && settings.versions[endpoint.version]?.enabled === false)
    return problemResponse(gone(endpoint.version), call.path);
  if ('problems' in endpoint) {
    snapshot.engine.countFailure?.();
    return problemResponse(brokenEndpoint(endpoint, bff.dev && !bff.hidesDetails), call.path);
  }
  if (bff.admission === undefined) return handleEndpoint(call, snapshot, endpoint, match.parameters, bff);
  const place = bff.admission.enter(call.client, () => endpoint.label.type === 'mutation');
  try {
    return await handleEndpoint({ ...call, place }, snapshot, endpoint, match.parameters, bff);
  } finally {
    place.leave();
  }
}

/** Serves the gateway's own paths under `/bff`. Endpoints take precedence. */
function ownResponse(
  call: Call,
  snapshot: EndpointSnapshot,
  bff: BffContext,
): EndpointResponse | Promise<EndpointResponse> {
  if (call.route === PURGE_PATH && bff.purgeToken !== undefined) return purgeResponse(call, bff.purgeToken, bff.purge);
  const docs = bff.docs ? docsResponse(call, snapshot, bff) : undefined;
  return docs ?? problemResponse(notFound(call, snapshot, bff.dev && !bff.hidesDetails), call.path);
}

function notFound(call: Call, snapshot: EndpointSnapshot, dev: boolean): ProblemDetails {
  const detail = `There is no endpoint at ${call.path}.`;
  if (!dev) return { status: 404, kind: 'no-endpoint', detail };
  // the path is the path prefix of the proxy and the route
  const prefix = call.path.slice(0, call.path.length - call.route.length);
  const shown = ({ method, path }: AnyEndpoint) => `${method} ${prefix}${path}`;
  const extensions = {
    near: nearEndpoints(snapshot.table, call.route).map(shown),
    endpoints: [...snapshot.table.values()].flat().map(shown),
    problems: snapshot.folder.problems.map(formatProblem),
  };
  return { status: 404, kind: 'no-endpoint', detail, extensions };
}

function methodNotAllowed(call: Call, matches: readonly Match[]): ProblemDetails {
  const allow = allowedMethods(matches);
  const detail = `${call.path} does not support ${call.req.method}; it supports ${allow}.`;
  return { status: 405, kind: 'method-not-allowed', detail, headers: { allow } };
}

/** Returns the 406 problem. It is checked before execution, because the result could not be sent. */
function notAcceptable(): ProblemDetails {
  const detail = 'The "accept-encoding" header allows no content coding that the gateway supports. Allow "identity".';
  return { status: 406, kind: 'not-acceptable', detail };
}

function gone(version: string): ProblemDetails {
  return { status: 410, kind: 'version-gone', detail: `The version "${version}" was removed.` };
}

function brokenEndpoint(endpoint: BrokenEndpoint, dev: boolean): ProblemDetails {
  const closed = endpoint.problems.length === 0;
  const detail = closed
    ? 'The settings of this client are invalid, so none of its endpoints are served.'
    : 'This endpoint is not valid for the current schema.';
  const extensions = { problems: endpoint.problems.map(formatProblem) };
  return { status: 503, kind: 'endpoint-broken', detail, ...(dev && !closed ? { extensions } : {}) };
}
