import { readBody } from '../http/body-reader.ts';
import { methodNotAllowed } from '../http/error-response.ts';
import type { Middleware } from '../http/middleware/middleware.ts';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { pathOf } from '../shared/url-path.ts';
import { type Callback, type CallbackStatus, readCallback } from '../sources/callback/callback.ts';
import type { Callbacks } from '../sources/callback/callbacks.ts';

/** Where callbacks of subgraphs are taken. */
export interface CallbackSettings {
  readonly callbacks: Callbacks;
  readonly path: string;
  readonly counts?: CallbackCounts | undefined;
}

/** Counts callbacks. */
export interface CallbackCounts {
  /** A callback was accepted. */
  readonly received: (action: Callback['action']) => void;
  readonly refused: (reason: RefusalReason) => void;
}

export type RefusalReason = 'malformed' | 'too_large' | 'wrong_verifier' | 'unknown' | 'unavailable';

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

/** A callback that is refused. */
class CallbackRefusal extends GatewayError {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, status: number, code: string, message: string) {
    super(status, code, message);
    this.reason = reason;
  }
}

async function serve(options: CallbackRouteOptions, context: RequestContext, id: string): Promise<void> {
  const { callbacks, counts } = options;
  try {
    const callback = await read(options, context, id);
    const status = accepted(await callbacks.receive(callback));
    counts?.received(callback.action);
    sendResponse(context, { status, headers: { 'subscription-protocol': 'callback/1.0' }, body: '' });
  } catch (error) {
    if (error instanceof CallbackRefusal) counts?.refused(error.reason);
    else if (error instanceof GatewayError && error.status === 413) counts?.refused('too_large');
    throw error;
  }
}

async function read(
  { maxRequestBytes, byteBudget }: CallbackRouteOptions,
  { req }: RequestContext,
  id: string,
): Promise<Callback> {
  const callback = readCallback(await readBody(req, maxRequestBytes, byteBudget));
  if (typeof callback === 'string') throw new CallbackRefusal('malformed', 400, 'BAD_REQUEST', callback);
  if (callback.id === id) return callback;
  throw new CallbackRefusal('malformed', 400, 'BAD_REQUEST', '"id" is not that of the URL.');
}

/** Returns the status of a callback that was accepted. Throws `CallbackRefusal` for any other. */
function accepted(status: CallbackStatus): 202 | 204 {
  switch (status) {
    case 400:
      throw new CallbackRefusal('wrong_verifier', 400, 'BAD_REQUEST', '"verifier" is not that of the subscription.');
    case 404: {
      const message = 'There is no such subscription, or it has ended.';
      throw new CallbackRefusal('unknown', 404, 'NOT_FOUND', message);
    }
    case 503: {
      const message = 'The process with the subscription cannot be reached now.';
      throw new CallbackRefusal('unavailable', 503, 'SERVICE_UNAVAILABLE', message);
    }
    default:
      return status;
  }
}
