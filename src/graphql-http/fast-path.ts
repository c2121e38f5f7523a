import { isFormData } from '../client/media-type.ts';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import { forgetBody } from '../http/response.ts';
import { type GraphqlService, isJsonRequest } from './graphql-service.ts';

/**
 * Returns whether a request is a plain JSON `POST`, as almost every client sends, or one with files. It needs nothing that Yoga adds, and
 * Yoga would take a large part of its time.
 */
export function isFastPathRequest({ req }: RequestContext, path: string): boolean {
  return req.method === 'POST' && req.url === path && (isJsonRequest(req.headers) || isFormData(req.headers));
}

/** Returns whether a request is a GET with a query part, whose response may be in the cache. */
export function isQueryInUrl({ req: { method, url = '' } }: RequestContext, path: string): boolean {
  return method === 'GET' && url.charCodeAt(path.length) === QUESTION_MARK && url.startsWith(path);
}

const QUESTION_MARK = 63;

export async function serveFast(service: GraphqlService, context: RequestContext): Promise<void> {
  try {
    const response = await service.handle(context, await service.read(context));
    const sent = service.send(context, response);
    if (sent) await sent;
    if (context.shared === undefined) forgetBody(response);
  } catch (error) {
    sendResponse(context, service.refuse(context, error));
  }
}
