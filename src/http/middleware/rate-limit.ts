import type { RateLimits } from '../../policy/rate-limits/rate-limits.ts';
import { retryAfterHeader } from '../../policy/rate-limits/refuse.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { RequestContext } from '../request-context.ts';
import type { Middleware } from './middleware.ts';

/** Counts a request against the limits of whole requests. Throws `GatewayError` 429 `RATE_LIMITED`, and 503. */
export type CountRequest = (context: RequestContext) => undefined | Promise<void>;

/** Returns a function that counts requests; `undefined` when there are no limits of whole requests. */
export function requestCounter({
  checkRequestLimits,
}: Pick<RateLimits, 'checkRequestLimits'>): CountRequest | undefined {
  if (checkRequestLimits === undefined) return undefined;
  const settle = (
    context: RequestContext,
    { headers, refused }: Awaited<ReturnType<typeof checkRequestLimits>>,
  ): undefined => {
    context.headers = { ...context.headers, ...headers };
    if (refused === undefined) return;
    const code = refused.status === 429 ? 'RATE_LIMITED' : 'SERVICE_UNAVAILABLE';
    throw new GatewayError(refused.status, code, refused.message, { headers: retryAfterHeader(refused) });
  };
  return (context) => {
    const { ip, identity } = context.client;
    const checked = checkRequestLimits({ ip, identity, headers: context.req.headers });
    return checked instanceof Promise ? checked.then((settled) => settle(context, settled)) : settle(context, checked);
  };
}

/**
 * Counts requests to endpoints before any lookup. So cached and shared responses count, too, and a response of several operations
 * counts once.
 */
export function rateLimit(
  countRequest: CountRequest | undefined,
  fail: (context: RequestContext, error: unknown) => void,
): Middleware | undefined {
  if (countRequest === undefined) return undefined;
  return (next) => (context) => {
    const counted = countRequest(context);
    context.client = { ...context.client, rateLimitChecked: true };
    if (!counted) return next(context);
    counted.then(() => next(context)).catch((error: unknown) => fail(context, error));
  };
}
