import { GatewayError } from '../../shared/gateway-error.ts';
import type { Middleware } from './middleware.ts';

/** Refuses longer URLs. Throws `GatewayError` 414 `URI_TOO_LONG`. */
export function urlLimit(maxBytes: number | undefined): Middleware | undefined {
  if (maxBytes === undefined) return undefined;
  return (next) => (context) => {
    // Node accepts only characters of one byte
    if ((context.req.url?.length ?? 0) > maxBytes) throw tooLong(maxBytes);
    next(context);
  };
}

function tooLong(maxBytes: number): GatewayError {
  const message = `The URL is longer than ${maxBytes} bytes (limits.http_max_url_bytes). Send the operation with POST.`;
  return new GatewayError(414, 'URI_TOO_LONG', message);
}
