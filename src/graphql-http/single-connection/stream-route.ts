import { methodNotAllowed } from '../../http/error-response.ts';
import { type RequestContext, sendResponse } from '../../http/request-context.ts';
import { type HttpResponse, textResponse } from '../../http/response.ts';
import type { Route } from '../../http/router.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { queryOf } from '../../shared/url-path.ts';
import type { GraphqlService } from '../graphql-service.ts';
import type { OperationMessages } from '../incremental/incremental-service.ts';
import { subscriptionFormat } from '../stream-formats.ts';
import { isSingle } from '../subscriptions-over-http.ts';
import { SERVER_SENT_EVENTS } from '../writers/server-sent-events.ts';
import { streamedResponse } from '../writers/streamed-response.ts';
import type { Reservations } from './reservations.ts';
import type { ReservedStream, StreamOperation } from './reserved-stream.ts';

export interface StreamRouteOptions {
  readonly service: GraphqlService;
  readonly reservations: Reservations;
  /** The path of GraphQL; that of the route is below it. */
  readonly path: string;
  readonly pathPrefix: string;
  /** After so much silence, a heartbeat is sent; in milliseconds. */
  readonly heartbeatMs: number;
  /** Serves a request that has no token as one to the path of GraphQL. */
  readonly respond: (context: RequestContext) => void;
}

const TOKEN_HEADER = 'x-graphql-event-stream-token';

/**
 * Serves the single connection mode of GraphQL over Server-Sent Events: PUT reserves a stream, GET opens it, other requests begin
 * operations whose events go to it, DELETE cancels one.
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
export function streamRoute(options: StreamRouteOptions): Route {
  const { service, path, pathPrefix, reservations, respond } = options;
  const own = `${path}/stream`;
  return {
    serve(context, asked) {
      if (asked !== own) return false;
      const { method } = context.req;
      const { token, operationId } = takeParameters(context, path);
      context.route = own;
      if (method === 'PUT') sendResponse(context, textResponse(201, TEXT, reservations.reserve(context.client)));
      else if (method === 'DELETE') sendResponse(context, cancel(reservations, context, token, operationId));
      else if (method !== 'GET' && method !== 'POST')
        throw methodNotAllowed(method, `${pathPrefix}${own}`, 'GET, POST, PUT, DELETE');
      else if (token === undefined) respond(context);
      else
        void serveStream(options, context, token).catch((error: unknown) =>
          sendResponse(context, service.refuse(context, error)),
        );
      return true;
    },
  };
}

const TEXT = 'text/plain; charset=utf-8';

/** Returns the token and the operation id of a request, and takes them out of its URL, which becomes that of GraphQL. */
function takeParameters({ req }: RequestContext, path: string) {
  const search = new URLSearchParams(queryOf(req.url ?? ''));
  const header = req.headers[TOKEN_HEADER];
  const token = (typeof header === 'string' ? header : search.get('token')) ?? undefined;
  const operationId = search.get('operationId') ?? undefined;
  for (const name of ['token', 'operationId']) search.delete(name);
  req.url = search.size === 0 ? path : `${path}?${search}`;
  return { token, operationId };
}

function cancel(
  reservations: Reservations,
  { client }: RequestContext,
  token: string | undefined,
  operationId: string | undefined,
): HttpResponse {
  if (token === undefined || operationId === undefined) {
    const message = `DELETE needs the header ${TOKEN_HEADER} and the parameter "operationId".`;
    throw new GatewayError(400, 'BAD_REQUEST', message);
  }
  reservations.find(token, client).cancel(operationId);
  return textResponse(200, TEXT, '');
}

async function serveStream(options: StreamRouteOptions, context: RequestContext, token: string): Promise<void> {
  const { service, reservations, heartbeatMs } = options;
  const { method, headers } = context.req;
  const stream = reservations.find(token, context.client);
  if (method === 'GET' && subscriptionFormat(headers.accept)?.format === SERVER_SENT_EVENTS)
    return openStream(service, context, stream, heartbeatMs);
  return startOperation(service, context, stream);
}

/** Sends the event stream. Resolves when it has ended. */
async function openStream(
  service: GraphqlService,
  context: RequestContext,
  stream: ReservedStream,
  heartbeatMs: number,
): Promise<void> {
  const pieces = stream.open(heartbeatMs);
  const format = { contentType: SERVER_SENT_EVENTS.contentType, write: () => pieces };
  const onEnd = () => stream.end();
  // a silent client that leaves is noticed, too
  context.onAbort = onEnd;
  context.answeredAt = performance.now();
  await service.send(context, streamedResponse(format, NO_ITEMS, { onEnd, isLongLived: true }));
}

const NO_ITEMS: AsyncIterable<never> = { [Symbol.asyncIterator]: () => ({ next: async () => DONE }) };
const DONE = { done: true, value: undefined } as const;

/** Starts an operation, and responds with 202. What it results in goes to the stream. */
async function startOperation(service: GraphqlService, context: RequestContext, stream: ReservedStream): Promise<void> {
  const call = await service.read(context);
  if ('calls' in call) throw new GatewayError(400, 'BAD_REQUEST', 'A request to an event stream has one operation.');
  const id = call.params.extensions?.operationId;
  if (typeof id !== 'string' || id === '') {
    const message = 'The operation has no "operationId" in its "extensions", by which the client finds its events.';
    throw new GatewayError(400, 'BAD_REQUEST', message);
  }
  // it is in each event of its operation
  if (id.length > MAX_ID)
    throw new GatewayError(400, 'BAD_REQUEST', `The "operationId" has more than ${MAX_ID} characters.`);
  const operation = stream.begin(id);
  try {
    const opened = service.open(context, call) ?? service.openParts(context, call);
    const result = await (opened ?? service.execute(context, call));
    const { headers = {} } = result;
    const text = isSingle(result) ? String(service.respond(context, result).body) : undefined;
    sendResponse(context, textResponse(202, TEXT, '', headers));
    const delivery = isSingle(result) ? sendOne(stream, id, text ?? '') : deliver(stream, id, result, operation);
    void delivery.finally(() => stream.finish(id, operation));
  } catch (error) {
    stream.finish(id, operation);
    throw error;
  }
}

const MAX_ID = 1_000;

async function sendOne(stream: ReservedStream, id: string, text: string): Promise<void> {
  await stream.send(nextEvent(id, text));
  await stream.send(completeEvent(id));
}

/** Sends the events of a subscription, or the parts of a result. Resolves when it has ended, whatever ends it. */
async function deliver(
  stream: ReservedStream,
  id: string,
  messages: OperationMessages,
  operation: StreamOperation,
): Promise<void> {
  operation.onCancel = () => void messages.return();
  operation.onInterrupt = () => messages.interrupt?.();
  if (operation.isCancelled) return operation.onCancel();
  for await (const { text } of messages) await stream.send(nextEvent(id, text));
  if (messages.reason === 'shutdown') stream.interrupt();
  else if (!operation.isCancelled) await stream.send(completeEvent(id));
}

/** @param result JSON text */
function nextEvent(id: string, result: string): string {
  return `event: next\ndata: {"id":${JSON.stringify(id)},"payload":${result}}\n\n`;
}

function completeEvent(id: string): string {
  return `event: complete\ndata: {"id":${JSON.stringify(id)}}\n\n`;
}
