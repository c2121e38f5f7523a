import { pathOf } from '../shared/url-path.ts';
import type { Handler } from './middleware/middleware.ts';
import type { RequestContext } from './request-context.ts';

/** A handler for some paths. */
export interface Route {
  /** Serves a request that can skip path parsing and the other routes; false for any other request. */
  readonly serveFast?: (context: RequestContext) => boolean;
  /** Serves a request to a path of this route; false for other paths. May throw `GatewayError`. */
  readonly serve: (context: RequestContext, path: string) => boolean;
}

/** Creates a handler that tries the routes in order, and calls `notFound` when none matches. */
export function createRouter(routes: readonly Route[], notFound: Handler): Handler {
  const fastRoutes = routes.flatMap(({ serveFast }) => serveFast ?? []);
  return (context) => {
    for (let i = 0; i < fastRoutes.length; i++) if (fastRoutes[i]?.(context)) return;
    context.res.setHeader('x-request-id', context.requestId);
    const path = pathOf(context.req.url);
    for (const route of routes) if (route.serve(context, path)) return;
    notFound(context);
  };
}
