import { negotiateMediaType } from '../http/media-type.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { HttpResponse } from '../http/response.ts';
import { resultText, SingleResult } from '../pipeline/execution-result.ts';
import type { GraphqlCall } from '../pipeline/operation-context.ts';
import type { SubscriptionRoute, SubscriptionRunner } from '../pipeline/run-subscription.ts';
import type { Subscriber } from '../pipeline/subscriber.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import type { SubscriptionFormat } from './stream-formats.ts';
import { type StreamItem, streamedResponse } from './writers/streamed-response.ts';

/** The subscriptions of one route. */
export interface RouteSubscriptions {
  readonly runner: SubscriptionRunner;
  readonly route: SubscriptionRoute<RequestContext>;
  /** After so much silence, a heartbeat is sent; in milliseconds. */
  readonly heartbeatMs: number;
}

/** Starts the subscription of a call; `undefined` if it is none. */
export function subscribe(
  { runner, route }: RouteSubscriptions,
  context: RequestContext,
  call: GraphqlCall,
): Promise<Subscriber | SingleResult> | undefined {
  if (!runner.isSubscription(context, call, route.contract)) return undefined;
  context.operationName = call.params.operationName ?? undefined;
  return runner.subscribe(context, call, route).then((result) => {
    context.answeredAt = performance.now();
    if (!isSingle(result)) result.noteErrorsIn(context);
    return result;
  });
}

/** The steps of an operation that is no subscription, and notes for the log. */
interface ServiceParts {
  readonly subscriptions: RouteSubscriptions | undefined;
  readonly open: (context: RequestContext, call: GraphqlCall) => ReturnType<typeof subscribe>;
  readonly execute: (context: RequestContext, call: GraphqlCall) => Promise<SingleResult>;
  readonly respond: (context: RequestContext, result: SingleResult) => HttpResponse;
  /** Executes it, and responds as the client accepts results in parts; `undefined` if it accepts none. */
  readonly whole: () => Promise<HttpResponse> | undefined;
  readonly note: (context: RequestContext, operation: OperationLabel | undefined) => void;
}

/** Executes an operation for a client that accepts the events of a subscription. */
export async function executeStreamed(
  { subscriptions, open, execute, respond, note, whole }: ServiceParts,
  context: RequestContext,
  call: GraphqlCall,
  format: SubscriptionFormat,
): Promise<HttpResponse> {
  const opened = await open(context, call);
  // the errors of a subscription that is not valid are events, too
  const inParts = opened === undefined && !call.params.query.includes('subscription') ? whole() : undefined;
  if (inParts) return inParts;
  const result = opened ?? (await execute(context, call));
  if (subscriptions && !isSingle(result)) return eventsResponse(result, format, subscriptions.heartbeatMs);
  if (!isSingle(result) || negotiateMediaType(context.req.headers.accept) !== undefined)
    return respond(context, result as SingleResult);
  note(context, result.operation);
  if (result.errors.length > 0) context.errors = result.errors;
  return singleEventResponse(result, format);
}

/** Returns the response with the events of a subscription. */
function eventsResponse(
  subscriber: Subscriber,
  subscriptionFormat: SubscriptionFormat,
  heartbeatMs: number,
): HttpResponse {
  const { headers } = subscriber;
  const onEnd = () => void subscriber.return();
  return streamedResponse(subscriptionFormat.format, items(subscriber, subscriptionFormat, heartbeatMs), {
    headers,
    onEnd,
    isLongLived: true,
  });
}

/** Returns the response with a single result, for a client that accepts only streams. */
function singleEventResponse(result: SingleResult, { format, write }: SubscriptionFormat): HttpResponse {
  const { headers, errors, dataText } = result;
  const message = { text: resultText(result), errors: dataText === undefined ? errors : undefined };
  result.takeText();
  return streamedResponse(format, once(write(message)), { headers });
}

export function isSingle(result: object): result is SingleResult {
  return result instanceof SingleResult;
}

async function* once(text: string): AsyncGenerator<StreamItem> {
  yield text;
}

async function* items(
  subscriber: Subscriber,
  { write, interruption }: SubscriptionFormat,
  heartbeatMs: number,
): AsyncGenerator<StreamItem> {
  for (;;) {
    const { done, value } = await subscriber.nextOrHeartbeat(heartbeatMs);
    if (done) break;
    yield value && write(value);
  }
  if (subscriber.reason === 'shutdown') yield interruption;
}
