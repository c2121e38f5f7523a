import { NOTHING } from '../../client/depends-on.ts';
import { type ClientResponse, untilTaken } from '../../http/client-writes.ts';
import { type ProblemDetails, problemResponse } from '../../http/problem.ts';
import type { SingleResult } from '../../pipeline/execution-result.ts';
import type { OperationContext } from '../../pipeline/operation-context.ts';
import type { SubscriptionRoute, SubscriptionRunner } from '../../pipeline/run-subscription.ts';
import type { Subscriber, SubscriptionEvent, SubscriptionMessage } from '../../pipeline/subscriber.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { requestHeaders } from '../responses/client-headers.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import type { EndpointResult } from './endpoint-result.ts';
import { EventStream } from './event-stream.ts';
import { failure } from './failure.ts';
import { type EndpointCall, endpointResultOf } from './fresh-response.ts';

/** What runs the subscriptions of endpoints. */
export interface EndpointSubscriptions {
  readonly runner: SubscriptionRunner;
  /** Interval between keep-alive comments, in milliseconds. */
  readonly heartbeatMs: number;
}

const ROUTE: SubscriptionRoute<OperationContext> = { reportEveryPlace: true };

/**
 * Streams the events of a subscription, each shaped like a response: `next` for each event, `problem` for one without data,
 * `missed` before one that others may be missing before, and `done` after the last one. A stream that ends early has `failed`
 * where the reason is an error, and no `done`, so that clients connect again.
 * @returns the problem of a subscription that does not start
 */
export async function streamEvents(endpointCall: EndpointCall): Promise<EndpointResponse | undefined> {
  const { call, endpoint, variables, bff } = endpointCall;
  const { subscriptions } = bff;
  if (subscriptions === undefined) return problemResponse(SWITCHED_OFF, call.path);
  // it would be a subscription for nobody
  if (call.req.method === 'HEAD') return new EventStream(call.res, bff).end();
  const context = contextOf(endpointCall);
  call.res.once('close', () => context.onAbort?.());
  const operation = { params: { query: endpoint.query, variables }, text: '', readOnly: false };
  const started = await subscriptions.runner.subscribe(context, operation, ROUTE);
  call.notes.answeredAt = performance.now();
  call.place?.leave();
  if ('kind' in started) return streamSingle(endpointCall, started);
  started.noteErrorsIn(call.notes);
  try {
    const stream = await openStream(endpointCall, started.headers, subscriptions.heartbeatMs);
    if (stream) await sendAll(endpointCall, stream, started);
  } finally {
    await started.return();
  }
  return undefined;
}

function contextOf({ call, endpoint }: EndpointCall): OperationContext {
  const { req, res, requestId, client, notes } = call;
  return {
    requestId,
    client: client ?? { ip: '', identity: undefined },
    requestHeaders: requestHeaders(endpoint.settings.headers.request, req.headers),
    target: `${req.method} ${req.url}`,
    reads: NOTHING,
    plugins: client?.plugins,
    trace: client?.trace,
    get isClosed() {
      return res.destroyed;
    },
    onAbort: undefined,
    shared: undefined,
    record: notes.record,
    debug: notes.debug,
    credentialCheck: () => notes.credentialCheck?.(),
    receiveHeaders: (collected) => collected.writeTo(res),
  };
}

/** Opens the stream; `undefined` where a plugin sends another response. */
async function openStream(
  { call: { res } }: EndpointCall,
  headers: SingleResult['headers'],
  keepAliveMs: number,
): Promise<EventStream | undefined> {
  const { responseHook } = res as ClientResponse;
  const all = responseHook ? await responseHook.startStream(res, headers ?? {}) : headers;
  if (responseHook && all === undefined) return undefined;
  const stream = new EventStream(res, { headers: all, keepAliveMs });
  // the first event may come much later
  if (!res.destroyed) res.flushHeaders();
  return stream;
}

/** Responds to a subscription that does not start. One whose only field is optional has an event that says so. */
async function streamSingle(endpointCall: EndpointCall, result: SingleResult): Promise<EndpointResponse | undefined> {
  const { call, bff } = endpointCall;
  if (result.errors.length > 0) call.notes.errors = result.errors;
  const shaped = await endpointResultOf(endpointCall, { result, timings: undefined });
  if ('problem' in shaped) return problemResponse(shaped.problem, call.path);
  const stream = await openStream(endpointCall, result.headers, bff.keepAliveMs);
  stream?.sendEvent('next', shaped.text);
  stream?.sendLast('done', '{}');
  return stream?.end();
}

async function sendAll(endpointCall: EndpointCall, stream: EventStream, subscriber: Subscriber): Promise<void> {
  const { call, bff } = endpointCall;
  try {
    for await (const message of subscriber) {
      if (message.errors) {
        const { errorStatus } = bff;
        stream.sendEvent('failed', problemText(endpointCall, failure(message.errors, { errorStatus })));
      } else await sendEvent(endpointCall, stream, message);
      await untilTaken(call.res);
    }
    if (subscriber.reason === 'completed') stream.sendLast('done', '{}');
    else stream.sendRetry();
  } finally {
    stream.end();
  }
}

async function sendEvent(endpointCall: EndpointCall, stream: EventStream, message: SubscriptionMessage): Promise<void> {
  const { event, cursor } = message;
  if (event === undefined) throw new Error('An event has no data to shape.');
  if (event.mayHaveMissed) stream.sendEvent('missed', '{}');
  const result = await resultOf(endpointCall, event);
  if ('problem' in result) stream.sendEvent('problem', problemText(endpointCall, result.problem), cursor);
  else stream.sendEvent('next', result.text, cursor);
}

/** The results of events that many clients of one endpoint get. */
const RESULTS = new WeakMap<SubscriptionEvent, { readonly endpoint: Endpoint; readonly result: EndpointResult }>();

async function resultOf(endpointCall: EndpointCall, event: SubscriptionEvent): Promise<EndpointResult> {
  const { endpoint } = endpointCall;
  const known = RESULTS.get(event);
  if (known?.endpoint === endpoint) return known.result;
  const { dataText, errors } = event;
  const execution = { result: { dataText, errors, status: undefined, headers: undefined }, timings: undefined };
  const result = await endpointResultOf(endpointCall, execution);
  // the module of a shape may read who the client is
  if (endpoint.shape === undefined) RESULTS.set(event, { endpoint, result });
  return result;
}

function problemText({ call }: EndpointCall, problem: ProblemDetails): string {
  return problemResponse(problem, call.path).body;
}

const SWITCHED_OFF: ProblemDetails = {
  status: 503,
  kind: 'service-unavailable',
  detail: 'Subscriptions are switched off here.',
};
