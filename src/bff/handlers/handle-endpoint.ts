import { audienceOf } from '../../client/audience.ts';
import { inFlightKey, meterLines } from '../../client/dependency-keys.ts';
import type { DependsOn } from '../../client/depends-on.ts';
import { forbidsSharing, wantsReload } from '../../client/sharing.ts';
import { type ProblemDetails, problemResponse } from '../../http/problem.ts';
import { addVary } from '../../http/vary.ts';
import { parametersNotUtf8 } from '../../shared/query-text.ts';
import type { Cancellation } from '../../sources/cancellation.ts';
import { cacheKey, dependencyKey, isShared } from '../caching/cache-key.ts';
import { readsUrlAlone } from '../caching/known-requests.ts';
import type { CachePolicy } from '../caching/policy.ts';
import { coerceParameters } from '../endpoints/coerce.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { withoutDetails } from '../endpoints/hide-details.ts';
import { hasBody } from '../endpoints/parameters.ts';
import { executeOnce } from '../idempotency/execute-once.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import { acceptsEvents, ONLY_EVENTS } from './accepts-events.ts';
import { readClaims, refuseViewer } from './authorize.ts';
import { readJsonBody } from './body.ts';
import type { BffContext, Call, EndpointSnapshot } from './call.ts';
import { endpointDependsOn, headersReadBy } from './endpoint-depends-on.ts';
import { LAST_EVENT_ID } from './event-stream.ts';
import { createFreshResponse, type EndpointCall, requesterOf, timeoutOf } from './fresh-response.ts';
import { unmetPrecondition } from './precondition.ts';
import type { Sharer } from './shared-executions.ts';
import { streamEvents } from './stream-events.ts';
import { streamResponse } from './stream-response.ts';
import { wantsStream } from './wants-stream.ts';

const NO_QUERY = new URLSearchParams();

/**
 * Responds to a call of an endpoint: checks credentials and parameters, then uses the cache, an identical execution in
 * flight, or the engine.
 * @returns `undefined` where the response has been streamed already
 */
export async function handleEndpoint(
  call: Call,
  snapshot: EndpointSnapshot,
  endpoint: Endpoint,
  path: ReadonlyMap<string, string>,
  bff: BffContext,
): Promise<EndpointResponse | undefined> {
  const identity = call.client?.identity;
  // the response is JSON or an event stream
  if (endpoint.method === 'GET') addVary(call.res, 'accept');
  const refused = endpoint.auth && refuseViewer(endpoint.auth, identity, endpoint.client, bff.acceptedCredentials);
  if (refused) return refuse(call, bff, refused);
  const { headers } = call.req;
  const isSubscription = endpoint.label.type === 'subscription';
  if (isSubscription && !acceptsEvents(headers.accept)) return problemResponse(ONLY_EVENTS, call.path);
  const streamed = isSubscription || (endpoint.method === 'GET' && wantsStream(headers.accept));
  const unmet = unmetPrecondition(endpoint, headers, streamed);
  if (unmet) return problemResponse(unmet, call.path);
  if (streamed && headers['last-event-id'] === LAST_EVENT_ID) return STREAM_FINISHED;
  if (call.notes.debug === undefined) bff.countUse?.(endpoint, snapshot.engine.publicSchema);
  const reading = endpointDependsOn(snapshot.engine, endpoint);
  const dependsOn = reading instanceof Promise ? await reading : reading;
  const usesCache = !streamed && call.notes.debug === undefined;
  const cacheUse = endpoint.cache && usesCache ? cacheUseOf(call, endpoint, endpoint.cache, dependsOn, bff) : undefined;
  const known = cacheUse?.text === undefined ? undefined : snapshot.knownRequests.get(cacheUse.text);
  if (cacheUse && known)
    return respondFromCache(
      { call, snapshot, endpoint, variables: known.variables, bff, dependsOn },
      cacheUse,
      known.key,
    );
  const maxBytes = endpoint.settings.limits.max_request_bytes ?? bff.maxRequestBytes;
  const body = hasBody(endpoint.method) ? await readJsonBody(call.req, maxBytes, bff.byteBudget) : undefined;
  if (body && 'problem' in body) {
    if (body.problem.status === 413) bff.onRefused?.('limits', 'http_max_request_bytes');
    return problemResponse(body.problem, call.path);
  }
  const unreadable = parametersNotUtf8(call.query);
  if (unreadable.length > 0) return problemResponse(notInUtf8(unreadable), call.path);
  const query = call.query === '' ? NO_QUERY : new URLSearchParams(call.query);
  const coerced = coerceParameters(endpoint.parameters, { path, query, headers, body: body?.value });
  if ('errors' in coerced) {
    const errors = bff.hidesDetails ? coerced.errors.map(withoutDetails) : coerced.errors;
    const detail = `Not accepted: ${errors.map((error) => `"${error.parameter}"`).join(', ')}.`;
    return problemResponse({ status: 400, kind: 'invalid-parameters', detail, extensions: { errors } }, call.path);
  }
  const { variables } = coerced;
  const unread = readClaims(endpoint, identity, variables, bff);
  if (unread) return refuse(call, bff, unread);
  const endpointCall: EndpointCall = { call, snapshot, endpoint, variables, bff, dependsOn };
  if (endpoint.idempotency) return executeOnce(endpointCall, endpoint.idempotency);
  if (isSubscription) return streamEvents(endpointCall);
  if (streamed) return streamResponse(endpointCall);
  if (cacheUse === undefined) return respondShared(endpointCall);
  const key = cacheKey(`${snapshot.digest} ${endpoint.id}`, variables, cacheUse.dependencies);
  if (cacheUse.text !== undefined) snapshot.knownRequests.set(cacheUse.text, { key, variables });
  return respondFromCache(endpointCall, cacheUse, key);
}

function notInUtf8(names: readonly string[]): ProblemDetails {
  const expected = 'UTF-8 text with its special characters percent-encoded';
  const errors = names.map((parameter) => ({ parameter, in: 'query', given: null, expected }));
  const detail = `Not in UTF-8: ${names.map((name) => `"${name}"`).join(', ')}.`;
  return { status: 400, kind: 'invalid-parameters', detail, extensions: { errors } };
}

/** 204 makes an `EventSource` that has received all events stop reconnecting. */
const STREAM_FINISHED: EndpointResponse = { status: 204, headers: { 'cache-control': 'no-store' }, body: '' };

/** @param problem `unauthenticated`, or `forbidden` */
function refuse({ path }: Call, { onRefused }: BffContext, problem: ProblemDetails): EndpointResponse {
  onRefused?.('bff.auth', problem.kind);
  return problemResponse(problem, path);
}

/** How one call uses the response cache. */
interface CacheUse {
  readonly cache: NonNullable<BffContext['cache']>;
  readonly policy: CachePolicy;
  readonly shared: boolean;
  /** Properties of the request, beside the parameters, that the response depends on. */
  readonly dependencies: string;
  /** Key of the request's text; `undefined` where the response depends on more than the URL, or is not shared. */
  readonly text: string | undefined;
}

function cacheUseOf(
  call: Call,
  endpoint: Endpoint,
  policy: CachePolicy,
  dependsOn: DependsOn,
  { cache }: BffContext,
): CacheUse | undefined {
  if (cache === undefined || dependsOn.isUndeclared || forbidsSharing(call.req.headers)) return undefined;
  const viewer = requesterOf(call);
  const shared = isShared(policy, viewer, dependsOn);
  const dependencies = dependencyKey(shared, viewer, dependsOn, policy.vary);
  const text = shared && readsUrlAlone(endpoint) ? `${endpoint.id} ${call.req.url}\n${dependencies}` : undefined;
  return { cache, policy, shared, dependencies, text };
}

function respondFromCache(
  endpointCall: EndpointCall,
  { cache, policy, shared }: CacheUse,
  key: string,
): EndpointResponse | Promise<EndpointResponse> {
  const { call, endpoint, dependsOn } = endpointCall;
  const properties = { scope: policy.scope, isGuarded: policy.isGuarded, named: headersReadBy(endpoint) };
  const isReload = wantsReload(call.req.headers);
  return cache.respond({
    ...{ endpoint: endpoint.id, key, policy, shared, res: call.res, isReload },
    inFlightKey: `${meterLines(requesterOf(call), dependsOn)}${isReload ? 'reload ' : ''}${key}`,
    timeoutMs: timeoutOf(endpointCall),
    clientKey: () => inFlightKey(requesterOf(call), dependsOn),
    audience: () => audienceOf(properties, requesterOf(call), dependsOn),
    sharer: sharerOf(call),
    make: (cancellation, collector) => createFreshResponse(endpointCall, cancellation, collector),
  });
}

/** Joins an identical read in flight, or starts one. Each request executes alone where a policy must see every request. */
function respondShared(endpointCall: EndpointCall): Promise<EndpointResponse> {
  const { call, snapshot, endpoint, bff } = endpointCall;
  const start = async (cancellation: Cancellation) => (await createFreshResponse(endpointCall, cancellation)).response;
  const canDedupe =
    bff.shareReads &&
    call.notes.debug === undefined &&
    // returned headers, such as cookies, are for one client only
    call.client?.returned === undefined &&
    endpoint.method === 'GET' &&
    !forbidsSharing(call.req.headers) &&
    !wantsReload(call.req.headers) &&
    snapshot.engine.canDedupe({ query: endpoint.query });
  const key = canDedupe ? sharedExecutionKey(endpointCall) : undefined;
  return bff.sharedExecutions.join(key, call.res, start, sharerOf(call), timeoutOf(endpointCall));
}

function sharerOf({ notes, client }: Call): Sharer {
  return { record: notes.record, plugins: client?.plugins, trace: client?.trace };
}

function sharedExecutionKey({ call, snapshot, dependsOn }: EndpointCall): string | undefined {
  const facts = inFlightKey(requesterOf(call), dependsOn);
  return facts === undefined ? undefined : `${snapshot.digest}\n${call.req.url}\n${facts}`;
}
