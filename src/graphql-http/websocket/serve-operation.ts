import { type RequestContext, sendResponse } from '../../http/request-context.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { GraphqlService } from '../graphql-service.ts';
import type { OperationMessages } from '../incremental/incremental-service.ts';
import { isSingle } from '../subscriptions-over-http.ts';

/** Serves one operation of a WebSocket: sends its response, or calls `receive` with the events of a subscription or the parts of a result. */
export async function serveOperation(
  service: GraphqlService,
  context: RequestContext,
  receive: (messages: OperationMessages) => Promise<void>,
): Promise<void> {
  try {
    const call = await service.read(context);
    if ('calls' in call) throw new GatewayError(400, 'BAD_REQUEST', 'A message has one operation.');
    const opened = await (service.open(context, call) ?? service.openParts(context, call));
    // not awaited here: what has been read of the request would stay in memory until the last event
    if (opened !== undefined && !isSingle(opened)) return receive(opened);
    const response = opened ? await service.respond(context, opened) : await service.handle(context, call);
    sendResponse(context, response);
  } catch (error) {
    sendResponse(context, service.refuse(context, error));
  }
}
