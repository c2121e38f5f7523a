import { pathOf } from '../shared/url-path.ts';
import type { Handler } from './middleware/middleware.ts';
import type { RequestContext } from './request-context.ts';

/** What answers requests to some paths. */
export interface Route {
  /** Answers a request that needs nothing but this route, before its path is looked at closely; false for any other. */
  readonly serveFast?: (context: RequestContext) => boolean;
  /** Answers a request to a path of this route; false for other paths. May throw `GatewayError`. */
  readonly serve: (context: RequestContext, path: string) => boolean;
}

/** Asks the routes in their order; `notFound` is called where none answers. */
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
