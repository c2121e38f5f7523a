import type { AddressFilter } from '../../policy/requests/address-filter.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { pathOf } from '../../shared/url-path.ts';
import { HEALTH_PATHS } from '../health-paths.ts';
import type { Middleware } from './middleware.ts';

/** Refuses requests by the client's address. Throws `GatewayError` 403 `FORBIDDEN`. */
export function ipFilter(isAllowed: AddressFilter | undefined): Middleware | undefined {
  if (isAllowed === undefined) return undefined;
  return (next) => (context) => {
    const path = pathOf(context.req.url);
    if (!HEALTH_PATHS.has(path) && !isAllowed(context.client.ip, path)) {
      throw new GatewayError(403, 'FORBIDDEN', 'Requests from this address are not allowed.');
    }
    next(context);
  };
}
