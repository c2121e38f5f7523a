import type { RateLimits } from '../../policy/rate-limits/rate-limits.ts';
import { retryAfterHeader } from '../../policy/rate-limits/refuse.ts';
import type { Exchange } from '../request-context.ts';
import { RequestRefusal } from '../gateway-error.ts';

/** Counts a request against the limits of whole requests. Throws `RequestRefusal` 429 `RATE_LIMITED`, and 503. */
export type CountRequest = (exchange: Exchange) => undefined | Promise<void>;

/** `undefined` where there are no such limits. */
export function requestCounter({ admit }: Pick<RateLimits, 'admit'>): CountRequest | undefined {
  if (admit === undefined) return undefined;
  const settle = (exchange: Exchange, { headers, refused }: Awaited<ReturnType<typeof admit>>): undefined => {
    exchange.headers = { ...exchange.headers, ...headers };
    if (refused === undefined) return;
    const code = refused.status === 429 ? 'RATE_LIMITED' : 'SERVICE_UNAVAILABLE';
    throw new RequestRefusal(refused.status, code, refused.message, retryAfterHeader(refused));
  };
  return (exchange) => {
    const { ip, identity } = exchange.client;
    const admitted = admit({ ip, identity, headers: exchange.req.headers });
    return admitted instanceof Promise
      ? admitted.then((settled) => settle(exchange, settled))
      : settle(exchange, admitted);
  };
}
