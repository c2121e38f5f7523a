import type { Cors } from '../../policy/requests/cors.ts';
import { pathOf } from '../../shared/url-path.ts';
import { sendResponse } from '../request-context.ts';
import type { Middleware, MiddlewareOptions } from './middleware.ts';

/**
 * Responds to preflight requests, and adds CORS headers to every response.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function cors({ cors: global, corsOf }: Pick<MiddlewareOptions, 'cors' | 'corsOf'>): Middleware | undefined {
  if (global === undefined && corsOf === undefined) return undefined;
  return (next) => (context) => {
    const { req } = context;
    const path = pathOf(req.url);
    const policy: Cors | undefined = (path.startsWith('/bff/') && corsOf?.(path)) || global;
    if (policy === undefined) return next(context);
    const allowed = req.method === 'OPTIONS' ? policy.preflight(path, req.headers) : undefined;
    if (allowed) return sendResponse(context, { status: 204, headers: allowed, body: '' });
    const headers = policy.headersFor(path, req.headers);
    if (headers) context.headers = { ...context.headers, ...headers };
    next(context);
  };
}
