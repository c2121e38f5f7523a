import { type CsrfCheck, mayBeCrossSitePost } from '../../policy/requests/csrf.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { Middleware } from './middleware.ts';

/** Refuses a POST to an endpoint that a page of another site may have caused. Throws `GatewayError` 400 `CSRF_ERROR`. */
export function csrf(check: CsrfCheck | undefined): Middleware | undefined {
  if (check === undefined) return undefined;
  return (next) => (context) => {
    const { method, headers } = context.req;
    if (method === 'POST' && mayBeCrossSitePost(headers, check)) throw csrfError();
    next(context);
  };
}

function csrfError(): GatewayError {
  const message =
    'This POST could have been made by a page of another site. Send a content type of "application/json", also without a body.';
  return new GatewayError(400, 'CSRF_ERROR', message);
}
