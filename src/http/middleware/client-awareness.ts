import { type ClientNameHeaders, namedClient } from '../../client/client-name.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { pathOf } from '../../shared/url-path.ts';
import { HEALTH_PATHS } from '../health-paths.ts';
import type { Middleware } from './middleware.ts';

/** The headers in which clients name themselves, and what every request must have. */
export interface ClientAwareness extends ClientNameHeaders {
  readonly required: boolean;
  readonly version_required: boolean;
}

/**
 * Refuses requests of clients that do not name themselves. Throws `GatewayError` 400 `CLIENT_NAME_REQUIRED` or
 * `CLIENT_VERSION_REQUIRED`. Health checks, pages that a browser opens, and purges, which need a token, need no name.
 */
export function requireClientName(settings: ClientAwareness | undefined): Middleware | undefined {
  if (settings === undefined || !(settings.required || settings.version_required)) return undefined;
  return (next) => (context) => {
    const { req } = context;
    if (req.method !== 'OPTIONS' && !needsNoName(pathOf(req.url))) {
      const { name, version } = namedClient(req.headers, settings);
      if (settings.required && name === undefined)
        throw new GatewayError(400, 'CLIENT_NAME_REQUIRED', missing('name', settings.name_headers));
      if (settings.version_required && version === undefined)
        throw new GatewayError(400, 'CLIENT_VERSION_REQUIRED', missing('version', settings.version_headers));
    }
    next(context);
  };
}

/** A browser sends no headers of its own when it opens a page, and an operator is no client. */
function needsNoName(path: string): boolean {
  if (HEALTH_PATHS.has(path) || path === '/demo' || path === '/bff/purge') return true;
  return path.startsWith('/bff/') && (path.endsWith('/docs') || path.endsWith('/openapi.json'));
}

function missing(what: string, headers: readonly string[]): string {
  return `The request does not say the ${what} of its client. Send it in the header ${headers.join(' or ')}.`;
}
