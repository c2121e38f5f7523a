import { type RequestContext, sendResponse } from '../http/request-context.ts';
import { forgetBody } from '../http/response.ts';
import { type GraphqlService, isJsonRequest } from './graphql-service.ts';

/**
 * Whether nothing but a JSON `POST` is asked for at a path, as almost every client does: such a request needs none of what
 * Yoga adds, and its cost would be a good part of the whole.
 */
export function isFastPathRequest({ req }: RequestContext, path: string): boolean {
  return req.method === 'POST' && req.url === path && isJsonRequest(req.headers);
}

export async function serveFast(service: GraphqlService, context: RequestContext): Promise<void> {
  try {
    const response = await service.answer(context, await service.read(context));
    const sent = service.send(context, response);
    if (sent) await sent;
    if (context.shared === undefined) forgetBody(response);
  } catch (error) {
    sendResponse(context, service.refuse(context, error));
  }
}
