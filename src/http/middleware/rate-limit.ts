import type { RateLimits } from '../../policy/rate-limits/rate-limits.ts';
import { retryAfterHeader } from '../../policy/rate-limits/refuse.ts';
import { GatewayError } from '../gateway-error.ts';
import type { RequestContext } from '../request-context.ts';

/** Counts a request against the limits of whole requests. Throws `GatewayError` 429 `RATE_LIMITED`, and 503. */
export type CountRequest = (exchange: RequestContext) => undefined | Promise<void>;

/** `undefined` where there are no such limits. */
export function requestCounter({ admit }: Pick<RateLimits, 'admit'>): CountRequest | undefined {
  if (admit === undefined) return undefined;
  const settle = (exchange: RequestContext, { headers, refused }: Awaited<ReturnType<typeof admit>>): undefined => {
    exchange.headers = { ...exchange.headers, ...headers };
    if (refused === undefined) return;
    const code = refused.status === 429 ? 'RATE_LIMITED' : 'SERVICE_UNAVAILABLE';
    throw new GatewayError(refused.status, code, refused.message, retryAfterHeader(refused));
  };
  return (exchange) => {
    const { ip, identity } = exchange.client;
    const admitted = admit({ ip, identity, headers: exchange.req.headers });
    return admitted instanceof Promise
      ? admitted.then((settled) => settle(exchange, settled))
      : settle(exchange, admitted);
  };
}
