import { audienceOf } from '../../client/audience.ts';
import { type DependsOn, identifiesClient, type Requester } from '../../client/depends-on.ts';
import { CacheControlAccumulator, type Freshness } from '../../client/freshness.ts';
import type { TagCollector } from '../../client/tag-collector.ts';
import { problemResponse } from '../../http/problem.ts';
import { parseJson } from '../../shared/exact-json.ts';
import type { Cancellation } from '../../sources/cancellation.ts';
import { entityTags } from '../caching/entities.ts';
import type { FreshResponse } from '../caching/response-cache.ts';
import type { Variables } from '../endpoints/coerce.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { requestHeaders } from '../responses/client-headers.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import { readableContext } from '../shapes/readable-context.ts';
import type { BffContext, Call, EndpointSnapshot } from './call.ts';
import { withChallenge } from './challenge.ts';
import { headersReadBy } from './endpoint-depends-on.ts';
import { createResult, type EndpointResult, responseFor, type SuccessfulResult } from './endpoint-result.ts';
import { type Execution, type ExecutionRequest, execute } from './execute.ts';
import { hasReachedNoSource } from './reached-source.ts';

/** A call of an endpoint with valid parameters. */
export interface EndpointCall {
  readonly call: Call;
  readonly snapshot: EndpointSnapshot;
  readonly endpoint: Endpoint;
  readonly variables: Variables;
  readonly bff: BffContext;
  /** What its response depends on beside the parameters. */
  readonly dependsOn: DependsOn;
}

/** Executes an endpoint's operation and creates the response. */
export async function createFreshResponse(
  endpointCall: EndpointCall,
  cancellation: Cancellation,
  collector?: TagCollector,
): Promise<FreshResponse> {
  const { call, snapshot, endpoint, bff, variables } = endpointCall;
  const recorded = endpoint.cache?.respectsSources && bff.cache ? new CacheControlAccumulator() : undefined;
  const execution = await execute(snapshot.engine, executionRequestOf(endpointCall, recorded, collector), cancellation);
  if (execution === undefined) {
    const detail = `The response was not ready within ${timeoutOf(endpointCall)} milliseconds.`;
    const response = problemResponse({ status: 504, kind: 'timeout', detail }, call.path);
    return { response, isComplete: false, isSound: false, tags: [], reachedNoSource: false };
  }
  const result = await endpointResultOf(endpointCall, execution);
  const freshness = recorded?.least;
  const { errors } = execution.result;
  const plain = withVary(withNoStore(responseFor(endpoint, result, execution, call.path), freshness), endpointCall);
  const response = errors.length > 0 ? { ...plain, errors } : plain;
  const isCacheable = 'text' in result && result.isComplete && endpoint.cache !== undefined && bff.cache !== undefined;
  const tags = isCacheable ? tagsOf(endpoint, result, variables) : [];
  const reachedNoSource = hasReachedNoSource(endpoint, execution.result);
  execution.result.takeText();
  const isSound = errors.length === 0 && response.status < 500;
  return { response, isComplete: isCacheable, isSound, tags, freshness, reachedNoSource };
}

/** Returns the timeout of an endpoint's operation, in milliseconds. */
export function timeoutOf({ endpoint, bff }: Pick<EndpointCall, 'endpoint' | 'bff'>): number {
  return endpoint.settings.limits.timeout ?? bff.timeoutMs;
}

/** Returns the identity and headers that cache keys and `Vary` are computed from. */
export function requesterOf({ client, req }: Call): Requester {
  return { clientInfo: client, headers: req.headers };
}

/** Adds `Vary`, so that a browser's cache does not show a response to the next user of the same browser. */
function withVary(response: EndpointResponse, { call, endpoint, dependsOn }: EndpointCall): EndpointResponse {
  if (response.etag === undefined) return response;
  const requester = requesterOf(call);
  const scope = identifiesClient(requester, dependsOn) ? 'private' : 'public';
  const { vary } = audienceOf({ scope, named: headersReadBy(endpoint) }, requester, dependsOn);
  return vary.length === 0 ? response : { ...response, headers: { ...response.headers, vary: vary.join(', ') } };
}

function withNoStore(response: EndpointResponse, freshness: Freshness | undefined): EndpointResponse {
  return freshness?.noStore ? { ...response, headers: { ...response.headers, 'cache-control': 'no-store' } } : response;
}

/**
 * Returns what to execute for a call.
 * @param recorded records the cache control of source responses
 * @param cacheTags collects what the values of the response are invalidated by
 */
export function executionRequestOf(
  { call, endpoint, variables, bff }: EndpointCall,
  recorded?: CacheControlAccumulator,
  cacheTags?: TagCollector,
): ExecutionRequest {
  return {
    query: endpoint.query,
    timed: endpoint.timed,
    variables,
    readOnly: endpoint.method === 'GET',
    client: (signal) => ({
      ...call.client,
      freshness: recorded ?? call.client?.freshness,
      cacheTags,
      requestId: call.requestId,
      headers: requestHeaders(endpoint.settings.headers.request, call.req.headers),
      signal,
      record: call.notes.record,
      debug: call.notes.debug,
    }),
    timeoutMs: timeoutOf({ endpoint, bff }),
    measured: bff.dev,
  };
}

/** Returns the endpoint's result, reshaped by its shape module if it has one. */
export function endpointResultOf(
  { call, endpoint, variables, bff }: EndpointCall,
  execution: Execution,
): EndpointResult | Promise<EndpointResult> {
  const { shape, cache } = endpoint;
  const shaping = shape && {
    shape,
    context: readableContext(cache, withDefaults(endpoint, variables), call.client?.identity, call.req.headers),
  };
  const result = createResult(endpoint, execution, { shaping, errorStatus: bff.errorStatus });
  if (result instanceof Promise || !('problem' in result)) return result;
  return { problem: withChallenge(result.problem, endpoint, bff.acceptedCredentials) };
}

function withDefaults({ parameters }: Endpoint, given: Variables): Variables {
  const variables: Variables = Object.create(null);
  for (const { variable, default: byDefault } of parameters) variables[variable] = given[variable] ?? byDefault;
  return variables;
}

function tagsOf(endpoint: Endpoint, result: SuccessfulResult, variables: Variables): string[] {
  const data: unknown = typeof result.data === 'string' ? parseJson(result.data) : result.data;
  const own = (endpoint.cache?.tags ?? []).map((tag) =>
    tag.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(variables[name] ?? '')),
  );
  return [endpoint.id, `client:${endpoint.client}`, ...own, ...entityTags(endpoint.entities, data, variables)];
}
