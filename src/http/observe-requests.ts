import type { GatewayError } from '../shared/gateway-error.ts';
import { pathOf } from '../shared/url-path.ts';
import type { CountRefusal, Instruments, Route } from '../telemetry/instruments.ts';
import { HEALTH_PATHS } from './health-paths.ts';
import type { RequestContext } from './request-context.ts';

/** Takes note of a request that has ended, by what kind of route it asked for. `isGraphql` knows paths without a query. */
export function requestObserver(
  { requestFinished: answered }: Pick<Instruments, 'requestFinished'>,
  isGraphql: (path: string) => boolean,
): (context: RequestContext) => void {
  const routeOf = (url: string): Route => {
    const path = pathOf(url);
    if (isGraphql(path)) return 'graphql';
    if (path === '/bff' || path.startsWith('/bff/')) return 'bff';
    return HEALTH_PATHS.has(path) ? 'health' : 'other';
  };
  return ({ req, res, startedAt }) => {
    const status = res.writableFinished ? res.statusCode : undefined;
    answered(routeOf(req.url ?? '/'), status, (performance.now() - startedAt) / 1_000);
  };
}

/** By the codes of refusals that the host itself is told of; policies that come later tell of theirs themselves. */
const POLICIES: ReadonlyMap<string, readonly [policy: string, reason: string]> = new Map([
  ['CSRF_ERROR', ['csrf', 'forgeable']],
  ['FORBIDDEN', ['ip_lists', 'address']],
  ['URI_TOO_LONG', ['limits', 'http_max_url_bytes']],
  ['REQUEST_TOO_LARGE', ['limits', 'http_max_request_bytes']],
  ['BATCHING_NOT_SUPPORTED', ['batching', 'disabled']],
  ['BATCH_LIMIT_EXCEEDED', ['batching', 'maximum_size']],
]);

/** Takes note of a request that the host refuses. */
export function refusalObserver(refused: CountRefusal): (refusal: GatewayError) => void {
  return ({ code }) => {
    const known = POLICIES.get(code);
    if (known) refused(known[0], known[1]);
  };
}
