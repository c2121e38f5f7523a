import { readBody } from '../http/body-reader.ts';
import { methodNotAllowed } from '../http/error-response.ts';
import type { Middleware } from '../http/middleware/middleware.ts';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { pathOf } from '../shared/url-path.ts';
import { readCallback } from '../sources/callback/callback.ts';
import type { Callbacks } from '../sources/callback/callbacks.ts';

/** Where callbacks of subgraphs are taken. */
export interface CallbackSettings {
  readonly callbacks: Callbacks;
  readonly path: string;
}

interface CallbackRouteOptions extends CallbackSettings {
  readonly maxRequestBytes: number;
  readonly byteBudget?: ByteBudget | undefined;
  readonly fail: (context: RequestContext, error: unknown) => void;
}

/**
 * Serves the callbacks of subgraphs: `POST PATH/ID`. Responds with 204 and 202, 400 for a callback with a wrong secret, 404 for a
 * subscription that is not there any more, and 503 when the process that has it cannot be asked.
 */
export function callbackRoute(options: CallbackRouteOptions): Middleware {
  const { path, fail } = options;
  return (next) => (context) => {
    const asked = pathOf(context.req.url);
    if (!asked.startsWith(path) || asked[path.length] !== '/') return next(context);
    context.route = path;
    context.res.setHeader('x-request-id', context.requestId);
    const { method } = context.req;
    if (method !== 'POST') throw methodNotAllowed(method, asked, 'POST');
    serve(options, context, asked.slice(path.length + 1)).catch((error: unknown) => fail(context, error));
  };
}

async function serve(
  { callbacks, maxRequestBytes, byteBudget }: CallbackRouteOptions,
  context: RequestContext,
  id: string,
): Promise<void> {
  const callback = readCallback(await readBody(context.req, maxRequestBytes, byteBudget));
  if (typeof callback === 'string') throw new GatewayError(400, 'BAD_REQUEST', callback);
  if (callback.id !== id) throw new GatewayError(400, 'BAD_REQUEST', '"id" is not that of the URL.');
  const status = await callbacks.receive(callback);
  if (status === 400) throw new GatewayError(400, 'BAD_REQUEST', '"verifier" is not that of the subscription.');
  if (status === 404) throw new GatewayError(404, 'NOT_FOUND', 'There is no such subscription, or it has ended.');
  if (status === 503)
    throw new GatewayError(503, 'SERVICE_UNAVAILABLE', 'The process with the subscription cannot be reached now.');
  sendResponse(context, { status, headers: { 'subscription-protocol': 'callback/1.0' }, body: '' });
}
