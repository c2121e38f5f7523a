import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { noteRefusal } from '../shared/request-notes.ts';
import { pathOf } from '../shared/url-path.ts';
import type { Logger } from '../telemetry/logger.ts';
import { requestFields } from '../telemetry/request-fields.ts';
import { JSON_TYPE, negotiateMediaType } from './media-type.ts';
import { problemResponse } from './problem.ts';
import type { RequestContext } from './request-context.ts';
import { errorResponse, type HttpResponse } from './response.ts';

/** Where errors are reported, beside the response. */
export interface ErrorHandling {
  readonly logger: Logger;
  /** Called for each refused request. */
  readonly onRefused?: ((error: GatewayError) => void) | undefined;
}

/** Returns the error that the client sees. Anything but a `GatewayError` or a disconnect is an internal error: logged and masked. */
export function toGatewayError(error: unknown, context: RequestContext, handling: ErrorHandling): GatewayError {
  const refusal = refusalFor(error, context, handling);
  context.errors = [refusal];
  return refusal;
}

function refusalFor(error: unknown, context: RequestContext, handling: ErrorHandling): GatewayError {
  if (error instanceof GatewayError) {
    handling.onRefused?.(error);
    noteRefusal(context, error);
    return error;
  }
  if (error instanceof ClientDisconnected) return new GatewayError(400, 'BAD_REQUEST', error.message);
  const { requestId, operation, operationName, trace } = context;
  const name = operation?.name ?? operationName;
  handling.logger.error(
    { ...requestFields({ requestId, operation: { name, type: '' }, trace }), err: error },
    'request failed inside the gateway',
  );
  return new GatewayError(500, 'INTERNAL_SERVER_ERROR', 'Internal server error');
}

/**
 * Returns an error in the form that its route has: problem details (RFC 9457) under `/bff`, a GraphQL error elsewhere.
 * @param prefix the path prefix of the gateway behind a proxy: `/shop-api`
 */
export function routeErrorResponse(error: GatewayError, { req }: RequestContext, prefix = ''): HttpResponse {
  const path = pathOf(req.url);
  if (path !== '/bff' && !path.startsWith('/bff/')) {
    return errorResponse(error, negotiateMediaType(req.headers.accept) ?? JSON_TYPE);
  }
  const { status, kind, message: detail, headers } = error;
  return problemResponse({ status, kind, detail, headers }, prefix + path);
}

export function methodNotAllowed(method: string | undefined, path: string, allow: string, hint?: string): GatewayError {
  const message = `${path} does not support ${method}; it supports ${allow}.${hint === undefined ? '' : ` ${hint}`}`;
  return new GatewayError(405, 'METHOD_NOT_ALLOWED', message, { headers: { allow } });
}
