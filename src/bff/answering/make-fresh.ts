import { audienceOf } from '../../client/audience.ts';
import { identifiesClient, type Requester } from '../../client/depends-on.ts';
import { CacheControlAccumulator, type Freshness } from '../../client/freshness.ts';
import { takeDataText } from '../../executor/take-data-text.ts';
import { parseJson } from '../../shared/exact-json.ts';
import type { Cancellation } from '../../sources/cancellation.ts';
import type { Fresh } from '../caching/answer-cache.ts';
import { entityTags } from '../caching/entities.ts';
import { requestHeaders } from '../delivery/client-headers.ts';
import { type EndpointResponse, problemResponse } from '../delivery/reply.ts';
import type { Variables } from '../endpoints/coerce.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { errorCode } from '../endpoints/shape.ts';
import { readableContext } from '../shapes/readable-context.ts';
import { type CompleteResult, type Made, makeAnswer, responseFor } from './answer.ts';
import type { BffContext, Call, EndpointSnapshot } from './call.ts';
import { withChallenge } from './challenge.ts';
import { type Execution, execute, type Work } from './execute.ts';

/** A call whose parameters are good. */
export interface EndpointCall {
  readonly call: Call;
  readonly served: EndpointSnapshot;
  readonly endpoint: Endpoint;
  readonly variables: Variables;
  readonly bff: BffContext;
}

/** Executes the operation and makes the reply. */
export async function makeFresh(order: EndpointCall, cancellation: Cancellation): Promise<Fresh> {
  const { call, served, endpoint, bff, variables } = order;
  const recorded = endpoint.cache?.respectsSources && bff.cache ? new CacheControlAccumulator() : undefined;
  const execution = await execute(served.engine, workOf(order, recorded), cancellation);
  if (execution === undefined) {
    const { timeoutMs } = workOf(order);
    const detail = `The answer was not ready within ${timeoutMs} milliseconds.`;
    const response = problemResponse({ status: 504, kind: 'timeout', detail }, call.path);
    return { response, whole: false, tags: [], untouched: false };
  }
  const made = await madeOf(order, execution);
  const freshness = recorded?.least;
  const { errors } = execution.answer;
  const plain = withVary(withSecrecy(responseFor(endpoint, made, execution, call.path), freshness), order);
  const response = errors.length > 0 ? { ...plain, errors } : plain;
  const keeps = 'text' in made && made.whole && endpoint.cache !== undefined && bff.cache !== undefined;
  const tags = keeps ? tagsOf(endpoint, made, variables) : [];
  const untouched = wasNothingDone(execution);
  takeDataText(execution.answer);
  return { response, whole: keeps, tags, freshness, untouched };
}

/** Who asks, for keys and for `Vary`. */
export function requesterOf({ client, req }: Call): Requester {
  return { clientInfo: client, headers: req.headers };
}

/** The headers that an endpoint itself reads: as parameters, and those that its cache names. */
export function headersReadBy({ parameters, cache }: Endpoint): string[] {
  return [...parameters.filter((one) => one.in === 'header').map(({ name }) => name), ...(cache?.vary ?? [])];
}

/** Whether policies answer clients differently. */
export function mayDifferByClient({ engine }: EndpointSnapshot, { query }: Endpoint): boolean {
  return engine.dependsOnClient?.({ query }) ?? false;
}

/** A client that keeps an answer for itself must not show it to the next one who uses that client. */
function withVary(response: EndpointResponse, { call, endpoint, bff }: EndpointCall): EndpointResponse {
  if (response.etag === undefined) return response;
  const requester = requesterOf(call);
  const scope = identifiesClient(requester, bff.dependsOn) ? 'private' : 'public';
  const { vary } = audienceOf({ scope, vary: headersReadBy(endpoint) }, requester, bff.dependsOn);
  return vary.length === 0 ? response : { ...response, headers: { ...response.headers, vary: vary.join(', ') } };
}

function withSecrecy(response: EndpointResponse, freshness: Freshness | undefined): EndpointResponse {
  return freshness?.noStore ? { ...response, headers: { ...response.headers, 'cache-control': 'no-store' } } : response;
}

/** Whether no source can have done anything: none was reached. */
function wasNothingDone({ answer: { dataText, errors } }: Execution): boolean {
  if (dataText === undefined) return true;
  return (
    errors.length > 0 &&
    errors.every((error) => {
      const code = errorCode(error);
      if (code === 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED') return true;
      return code === 'SUBREQUEST_HTTP_ERROR' && error.extensions?.reason === 'connection refused';
    })
  );
}

/** @param heard told how long the answers of sources hold */
export function workOf({ call, endpoint, variables, bff }: EndpointCall, recorded?: CacheControlAccumulator): Work {
  return {
    query: endpoint.query,
    timed: endpoint.timed,
    variables,
    readOnly: endpoint.method === 'GET',
    client: (signal) => ({
      ...call.client,
      freshness: recorded ?? call.client?.freshness,
      requestId: call.requestId,
      headers: requestHeaders(endpoint.settings.headers.request, call.req.headers),
      signal,
    }),
    timeoutMs: endpoint.settings.limits.timeout ?? bff.timeoutMs,
    measured: bff.dev,
  };
}

/** The answer, as the endpoint's module shapes it where there is one. */
export function madeOf({ call, endpoint, variables, bff }: EndpointCall, execution: Execution): Made | Promise<Made> {
  const { shape, cache } = endpoint;
  const shaping = shape && {
    shape,
    context: readableContext(cache, withDefaults(endpoint, variables), call.client?.identity, call.req.headers),
  };
  const made = makeAnswer(endpoint, execution, { shaping, errorStatus: bff.errorStatus });
  if (made instanceof Promise || !('problem' in made)) return made;
  return { problem: withChallenge(made.problem, endpoint, bff.accepted) };
}

function withDefaults({ parameters }: Endpoint, given: Variables): Variables {
  const variables: Variables = Object.create(null);
  for (const { variable, default: byDefault } of parameters) variables[variable] = given[variable] ?? byDefault;
  return variables;
}

function tagsOf(endpoint: Endpoint, made: CompleteResult, variables: Variables): string[] {
  const data: unknown = typeof made.data === 'string' ? parseJson(made.data) : made.data;
  const own = (endpoint.cache?.tags ?? []).map((tag) =>
    tag.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(variables[name] ?? '')),
  );
  return [endpoint.id, `client:${endpoint.client}`, ...own, ...entityTags(endpoint.entities, data, variables)];
}
