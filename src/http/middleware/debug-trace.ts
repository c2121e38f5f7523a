import type { DebugAccess } from '../../policy/debug/debug-access.ts';
import { DebugTrace } from '../../shared/debug-trace.ts';
import { RequestRecord } from '../../shared/request-record.ts';
import type { RequestContext } from '../request-context.ts';
import type { Middleware } from './middleware.ts';

/** The header that asks for a debug trace, and the one with the token that allows it. */
export const DEBUG_HEADER = 'x-headgate-debug';
export const DEBUG_TOKEN_HEADER = 'x-headgate-debug-token';

/**
 * Begins the debug trace of a request that asks for one. Throws `GatewayError` 400 and 403, see {@link DebugAccess}; errors of the token
 * go to `fail`. Subgraphs, endpoints and the log see neither header.
 */
export function debugTrace(access: DebugAccess, fail: (context: RequestContext, error: unknown) => void): Middleware {
  return (next) => (context) => {
    const { headers } = context.req;
    const value = headers[DEBUG_HEADER];
    if (value === undefined) return next(context);
    const token = headers[DEBUG_TOKEN_HEADER];
    delete headers[DEBUG_HEADER];
    delete headers[DEBUG_TOKEN_HEADER];
    // refusals, too, are for this client alone
    context.headers = { ...context.headers, 'cache-control': 'no-store' };
    const checked = access.check(String(value), token === undefined ? undefined : String(token));
    if (checked === undefined) return begin(context, next);
    checked.then(() => begin(context, next)).catch((error: unknown) => fail(context, error));
  };
}

function begin(context: RequestContext, next: (context: RequestContext) => void): void {
  context.record ??= new RequestRecord();
  context.debug = new DebugTrace(context.requestId, context.record);
  next(context);
}
