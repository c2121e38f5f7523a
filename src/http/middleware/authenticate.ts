import type { Authenticator } from '../../policy/authentication/authenticator.ts';
import { pathOf } from '../../shared/url-path.ts';
import { HEALTH_PATHS } from '../health-paths.ts';
import type { RequestContext } from '../request-context.ts';
import type { Middleware } from './middleware.ts';

/**
 * Finds out who sends a request, from its credentials and from its session. Throws `AuthenticationError`; what goes wrong after
 * something had to be waited for goes to `fail`.
 */
export function authenticate(
  authenticator: Authenticator,
  fail: (context: RequestContext, error: unknown) => void,
): Middleware {
  return (next) => (context) => {
    const { req, requestId, session } = context;
    // a browser asks what it may send before it sends any credential
    if (req.method === 'OPTIONS' || HEALTH_PATHS.has(pathOf(req.url))) return next(context);
    const client = authenticator.authenticate(req, requestId, session?.identity);
    if (!(client instanceof Promise)) {
      context.client = client;
      return next(context);
    }
    client
      .then((known) => {
        context.client = known;
        next(context);
      })
      .catch((error: unknown) => fail(context, error));
  };
}
