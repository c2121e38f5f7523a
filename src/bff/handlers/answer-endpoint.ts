import { audienceOf } from '../../client/audience.ts';
import { inFlightKey, viewerKey } from '../../client/depends-on.ts';
import { forbidsSharing } from '../../client/sharing.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import { notUtf8 } from '../../shared/query-text.ts';
import type { Cancellation } from '../../sources/cancellation.ts';
import { cacheKey, dependence, isShared } from '../caching/cache-key.ts';
import { readsUrlAlone } from '../caching/known-requests.ts';
import type { CachePolicy } from '../caching/policy.ts';
import { coerceParameters } from '../endpoints/coerce.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { withoutDetails } from '../endpoints/hide-details.ts';
import { hasBody } from '../endpoints/parameters.ts';
import { answerOnce } from '../idempotency/answer-once.ts';
import { type EndpointResponse, type ProblemDetails, problemResponse } from '../responses/reply.ts';
import { addVary } from '../responses/vary.ts';
import { readClaims, refuseViewer } from './admit.ts';
import { readJsonBody } from './body.ts';
import type { BffContext, Call, EndpointSnapshot } from './call.ts';
import { LAST_EVENT_ID } from './event-stream.ts';
import { type EndpointCall, headersReadBy, makeFresh, mayDifferByClient, requesterOf } from './make-fresh.ts';
import { unmetPrecondition } from './precondition.ts';
import { streamAnswer } from './stream-answer.ts';
import { wantsStream } from './wants-stream.ts';

const NO_QUERY = new URLSearchParams();
const NO_HEADERS: ReadonlySet<string> = new Set();

/** Makes the answer of an endpoint: from what is kept, together with others who ask for the same, or by the engine. */
export async function answerEndpoint(
  call: Call,
  served: EndpointSnapshot,
  endpoint: Endpoint,
  path: ReadonlyMap<string, string>,
  bff: BffContext,
): Promise<EndpointResponse | undefined> {
  const identity = call.client?.identity;
  // it is JSON, or a stream of events
  if (endpoint.method === 'GET') addVary(call.res, 'accept');
  const refused = endpoint.auth && refuseViewer(endpoint.auth, identity, endpoint.client, bff.accepted);
  if (refused) return refuse(call, bff, refused);
  const { headers } = call.req;
  const streamed = endpoint.method === 'GET' && wantsStream(headers.accept);
  const unmet = unmetPrecondition(endpoint, headers, streamed);
  if (unmet) return problemResponse(unmet, call.path);
  if (streamed && headers['last-event-id'] === LAST_EVENT_ID) return NOTHING_MORE;
  const keeping = endpoint.cache && !streamed ? keepingOf(call, served, endpoint, endpoint.cache, bff) : undefined;
  const known = keeping?.text === undefined ? undefined : served.known.get(keeping.text);
  if (keeping && known)
    return answerKept({ call, served, endpoint, variables: known.variables, bff }, keeping, known.key);
  const maxBytes = endpoint.settings.limits.max_request_bytes ?? bff.maxRequestBytes;
  const body = hasBody(endpoint.method) ? await readJsonBody(call.req, maxBytes) : undefined;
  if (body && 'problem' in body) {
    if (body.problem.status === 413) bff.onRefused?.('limits', 'http_max_request_bytes');
    return problemResponse(body.problem, call.path);
  }
  const unreadable = notUtf8(call.query);
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
  const order: EndpointCall = { call, served, endpoint, variables, bff };
  if (endpoint.idempotency) return answerOnce(order, endpoint.idempotency);
  if (streamed) return streamAnswer(order);
  if (keeping === undefined) return answerTogether(order);
  const key = cacheKey(`${served.digest} ${endpoint.id}`, variables, keeping.beside);
  if (keeping.text !== undefined) served.known.set(keeping.text, { key, variables });
  return answerKept(order, keeping, key);
}

function notInUtf8(names: readonly string[]): ProblemDetails {
  const expected = 'UTF-8 text with its special characters percent-encoded';
  const errors = names.map((parameter) => ({ parameter, in: 'query', given: null, expected }));
  const detail = `Not in UTF-8: ${names.map((name) => `"${name}"`).join(', ')}.`;
  return { status: 400, kind: 'invalid-parameters', detail, extensions: { errors } };
}

/** It ends the reconnecting of an `EventSource` that has had everything. */
const NOTHING_MORE: EndpointResponse = { status: 204, headers: { 'cache-control': 'no-store' }, body: '' };

/** @param problem `unauthenticated`, or `forbidden` */
function refuse({ path }: Call, { onRefused }: BffContext, problem: ProblemDetails): EndpointResponse {
  onRefused?.('bff.auth', problem.kind);
  return problemResponse(problem, path);
}

/** How the answer to a call is kept. */
interface Keeping {
  readonly cache: NonNullable<BffContext['cache']>;
  readonly policy: CachePolicy;
  readonly shared: boolean;
  /** What the answer depends on beside its parameters. */
  readonly beside: string;
  /** All that it depends on, as the request has it; `undefined` where that is not in the URL, or not for everyone. */
  readonly text: string | undefined;
}

function keepingOf(
  call: Call,
  served: EndpointSnapshot,
  endpoint: Endpoint,
  said: CachePolicy,
  { cache, dependsOn }: BffContext,
): Keeping | undefined {
  if (cache === undefined) return undefined;
  // what only some may read is not for everybody, whatever was said
  const policy = mayDifferByClient(served, endpoint) ? { ...said, scope: 'private' as const } : said;
  const viewer = requesterOf(call);
  const shared = isShared(policy, viewer, dependsOn);
  const beside = dependence(policy, viewer, dependsOn);
  const text = shared && readsUrlAlone(endpoint) ? `${endpoint.id} ${call.req.url}\n${beside}` : undefined;
  return { cache, policy, shared, beside, text };
}

function answerKept(
  order: EndpointCall,
  { cache, policy, shared }: Keeping,
  key: string,
): EndpointResponse | Promise<EndpointResponse> {
  const { call, endpoint, bff } = order;
  const answered = { scope: policy.scope, isGuarded: policy.isGuarded, vary: headersReadBy(endpoint) };
  return cache.answer({
    ...{ key, policy, shared, res: call.res },
    audience: () => audienceOf(answered, requesterOf(call), bff.dependsOn),
    make: (cancellation) => makeFresh(order, cancellation),
  });
}

/** Identical reads in flight share one execution, unless a policy wants to see each request. */
function answerTogether(order: EndpointCall): Promise<EndpointResponse> {
  const { call, served, endpoint, bff } = order;
  const start = async (cancellation: Cancellation) => (await makeFresh(order, cancellation)).response;
  const canDedupe =
    bff.shareReads &&
    // these go to the one client whose answer they came with
    call.client?.returned === undefined &&
    endpoint.method === 'GET' &&
    !forbidsSharing(call.req.headers) &&
    served.engine.canDedupe({ query: endpoint.query });
  return bff.sharedExecutions.join(canDedupe ? togetherKey(order) : undefined, call.res, start);
}

function togetherKey({ call, served, endpoint, variables, bff }: EndpointCall): string {
  // any header may be a parameter, also one that says nothing of who asks
  const given = endpoint.parameters.some(({ in: place }) => place === 'header') ? stringifyJson(variables) : '';
  const viewer = requesterOf(call);
  // a shape sees all headers
  const seen = endpoint.shape ? inFlightKey(viewer, bff.dependsOn, NO_HEADERS) : '';
  return `${served.digest}\n${call.req.url}\n${given}\n${seen}\n${viewerKey(viewer, bff.dependsOn)}`;
}
