import type { GatewayError } from '../shared/gateway-error.ts';
import { pathOf } from '../shared/url-path.ts';
import type { CountRefusal, Instruments, Route } from '../telemetry/instruments.ts';
import { HEALTH_PATHS } from './health-paths.ts';
import type { RequestContext } from './request-context.ts';

/** Returns a function that returns the kind of route of a URL. `isGraphql` takes a path without query. */
export function routeFinder(isGraphql: (path: string) => boolean): (url: string) => Route {
  return (url) => {
    const path = pathOf(url);
    if (isGraphql(path)) return 'graphql';
    if (path === '/bff' || path.startsWith('/bff/')) return 'bff';
    return HEALTH_PATHS.has(path) ? 'health' : 'other';
  };
}

/** Returns a function that measures a completed request by its kind of route. `isGraphql` takes a path without query. */
export function requestObserver(
  { requestFinished }: Pick<Instruments, 'requestFinished'>,
  isGraphql: (path: string) => boolean,
): (context: RequestContext) => void {
  const routeOf = routeFinder(isGraphql);
  return ({ req, res, startedAt, outcome }) => {
    const status = outcome ?? (res.writableFinished ? res.statusCode : 'closed');
    requestFinished(routeOf(req.url ?? '/'), status, (performance.now() - startedAt) / 1_000);
  };
}

/** Policy and reason by error code, for requests that are refused before they become operations. Later policies count their refusals themselves. */
const POLICIES: ReadonlyMap<string, readonly [policy: string, reason: string]> = new Map([
  ['CSRF_ERROR', ['csrf', 'forgeable']],
  ['FORBIDDEN', ['ip_lists', 'address']],
  ['URI_TOO_LONG', ['limits', 'http_max_url_bytes']],
  ['REQUEST_TOO_LARGE', ['limits', 'http_max_request_bytes']],
  ['BATCHING_NOT_SUPPORTED', ['batching', 'disabled']],
  ['BATCH_LIMIT_EXCEEDED', ['batching', 'maximum_size']],
]);

/** Returns a function that counts requests that are refused before they become operations. */
export function refusalObserver(refused: CountRefusal): (refusal: GatewayError) => void {
  return ({ code }) => {
    const known = POLICIES.get(code);
    if (known) refused(known[0], known[1]);
  };
}
