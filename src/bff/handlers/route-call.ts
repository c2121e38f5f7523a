import { formatProblem } from '../../config/problem.ts';
import { PURGE_PATH, purgeResponse } from '../caching/serve-purge.ts';
import type { BrokenEndpoint } from '../endpoints/endpoints.ts';
import { type AnyEndpoint, allowedMethods, type Match, matchPath, nearEndpoints } from '../endpoints/router.ts';
import { docsResponse } from '../openapi/serve-docs.ts';
import { type EndpointResponse, type ProblemDetails, problemResponse } from '../responses/reply.ts';
import { rulesOutAll } from '../responses/send.ts';
import { addVary } from '../responses/vary.ts';
import { answerEndpoint } from './answer-endpoint.ts';
import { acceptedBy } from './body.ts';
import type { BffContext, Call, EndpointSnapshot } from './call.ts';
import { countRequest } from './rate-limit.ts';

/** Finds the endpoint of a call and makes its answer. Rejects when the engine does, or when the client leaves. */
export async function replyTo(
  call: Call,
  served: EndpointSnapshot | undefined,
  bff: BffContext,
): Promise<EndpointResponse | undefined> {
  if (served === undefined) {
    const detail = 'There is no schema to serve yet.';
    return problemResponse({ status: 503, kind: 'not-ready', detail, headers: { 'retry-after': '1' } }, call.path);
  }
  const matches = matchPath(served.table, call.route);
  const [first] = matches;
  if (first === undefined) return ownResponse(call, served, bff);
  const { endpoint: any } = first;
  const { settings } = any;
  const defaultHeaders = served.defaultHeaders.get(
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
  if (rulesOutAll(call.req, bff)) return problemResponse(notAcceptable(), call.path);
  const { endpoint } = match;
  call.notes.endpoint = endpoint.id;
  call.notes.operation = endpoint.label;
  if (settings.rate_limit) {
    const refused = await countRequest(bff, any.client, settings.rate_limit, call.client, call.req, call.res);
    if (refused) return problemResponse(refused, call.path);
  }
  if (endpoint.version !== undefined && settings.versions[endpoint.version]?.enabled === false)
    return problemResponse(gone(endpoint.version), call.path);
  if ('problems' in endpoint) return problemResponse(doesNotFit(endpoint, bff.dev && !bff.hidesDetails), call.path);
  return answerEndpoint(call, served, endpoint, match.parameters, bff);
}

/** What the gateway itself has under `/bff`; endpoints go before it. */
function ownResponse(
  call: Call,
  served: EndpointSnapshot,
  bff: BffContext,
): EndpointResponse | Promise<EndpointResponse> {
  if (call.route === PURGE_PATH && bff.purgeToken !== undefined) return purgeResponse(call, bff.purgeToken, bff.purge);
  const docs = bff.docs ? docsResponse(call, served, bff) : undefined;
  return docs ?? problemResponse(notFound(call, served, bff.dev && !bff.hidesDetails), call.path);
}

function notFound(call: Call, served: EndpointSnapshot, dev: boolean): ProblemDetails {
  const detail = `There is no endpoint at ${call.path}.`;
  if (!dev) return { status: 404, kind: 'no-endpoint', detail };
  // the path is the route, below the prefix under which a proxy shows the gateway
  const prefix = call.path.slice(0, call.path.length - call.route.length);
  const shown = ({ method, path }: AnyEndpoint) => `${method} ${prefix}${path}`;
  const extensions = {
    near: nearEndpoints(served.table, call.route).map(shown),
    endpoints: [...served.table.values()].flat().map(shown),
    problems: served.folder.problems.map(formatProblem),
  };
  return { status: 404, kind: 'no-endpoint', detail, extensions };
}

function methodNotAllowed(call: Call, matches: readonly Match[]): ProblemDetails {
  const allow = allowedMethods(matches);
  const detail = `${call.path} does not answer ${call.req.method}; it answers ${allow}.`;
  return { status: 405, kind: 'method-not-allowed', detail, headers: { allow } };
}

/** Said before anything is done: what has been done could not be delivered. */
function notAcceptable(): ProblemDetails {
  const detail = 'The "accept-encoding" header allows no form that the answer could have; allow "identity".';
  return { status: 406, kind: 'not-acceptable', detail };
}

function gone(version: string): ProblemDetails {
  return { status: 410, kind: 'version-gone', detail: `The version "${version}" is served no more.` };
}

function doesNotFit(endpoint: BrokenEndpoint, dev: boolean): ProblemDetails {
  const closed = endpoint.problems.length === 0;
  const detail = closed
    ? 'The settings of this client are wrong, so that nothing of it is served.'
    : 'This endpoint does not fit the schema that is served just now.';
  const extensions = { problems: endpoint.problems.map(formatProblem) };
  return { status: 503, kind: 'endpoint-broken', detail, ...(dev && !closed ? { extensions } : {}) };
}
