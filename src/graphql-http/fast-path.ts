import { type RequestContext, sendReply } from '../http/request-context.ts';
import { forgetBody } from './graphql-over-http.ts';
import { type GraphqlService, isJsonRequest } from './graphql-service.ts';

/**
 * Whether nothing but a JSON `POST` is asked for at a path, as almost every client does: such a request needs none of what
 * Yoga adds, and its cost would be a good part of the whole.
 */
export function isFastPathRequest({ req }: RequestContext, path: string): boolean {
  return req.method === 'POST' && req.url === path && isJsonRequest(req.headers);
}

export async function serveFast(service: GraphqlService, exchange: RequestContext): Promise<void> {
  try {
    const reply = await service.answer(exchange, await service.read(exchange));
    const sent = service.send(exchange, reply);
    if (sent) await sent;
    if (exchange.shared === undefined) forgetBody(reply);
  } catch (error) {
    sendReply(exchange, service.refuse(exchange, error));
  }
}
