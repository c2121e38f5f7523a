import { type ClientNameHeaders, namedClient } from '../../client/client-name.ts';
import { peerAddress } from '../../policy/client-address.ts';
import type { TracedRequest, Tracer } from '../../shared/trace.ts';
import { pathOf } from '../../shared/url-path.ts';
import { HEALTH_PATHS } from '../health-paths.ts';
import type { RequestContext } from '../request-context.ts';
import type { Middleware } from './middleware.ts';

export interface TracingOptions {
  readonly tracer: Pick<Tracer, 'begin'>;
  /** Whether an address is that of a trusted proxy, which may decide what is recorded. */
  readonly trusts: (address: string) => boolean;
  readonly clientNames: ClientNameHeaders;
  /** Whether GraphQL is served at a path. */
  readonly isGraphql?: ((path: string) => boolean) | undefined;
}

/** Begins the trace of each request but health checks, and ends it with the response. */
export function traceRequests({ tracer, trusts, clientNames, isGraphql = () => false }: TracingOptions): Middleware {
  const endTrace = (context: RequestContext) => {
    const path = pathOf(context.req.url);
    // a route that is stored may be of another path, which the request came with
    const route = context.route ?? (isGraphql(path) ? path : undefined);
    context.trace?.end(endedRequest(context, route, clientNames));
  };
  return (next) => (context) => {
    const { req } = context;
    const path = pathOf(req.url);
    if (HEALTH_PATHS.has(path)) return next(context);
    const trace = tracer.begin(req.headers, trusts(peerAddress(req.socket)), context.startedAt);
    context.trace = trace;
    if (trace.spans !== undefined) context.endTrace = endTrace;
    next(context);
  };
}

function endedRequest(
  context: RequestContext,
  route: string | undefined,
  clientNames: ClientNameHeaders,
): TracedRequest {
  const { req, res, requestId, operation, endpoint, errors = [] } = context;
  return {
    requestId,
    method: req.method ?? 'GET',
    route,
    scheme: 'encrypted' in req.socket ? 'https' : 'http',
    httpVersion: req.httpVersion,
    status: res.writableFinished ? res.statusCode : undefined,
    operation,
    endpoint,
    errors,
    client: namedClient(req.headers, clientNames),
  };
}
