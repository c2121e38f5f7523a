import type { ClientInfo } from '../../client/identity.ts';
import type { Authenticator } from '../../policy/authentication/authenticator.ts';
import { pathOf } from '../../shared/url-path.ts';
import { HEALTH_PATHS } from '../health-paths.ts';
import type { RequestContext } from '../request-context.ts';
import type { Middleware } from './middleware.ts';

/**
 * Identifies the client by its credentials and its session. Throws `AuthenticationError`; errors of asynchronous checks go to
 * `fail`.
 */
export function authenticate(
  authenticator: Authenticator,
  fail: (context: RequestContext, error: unknown) => void,
): Middleware {
  return (next) => {
    const proceed = (context: RequestContext, client: ClientInfo) => {
      context.client = client;
      context.authenticator = authenticator;
      context.authenticated = client.identity;
      next(context);
    };
    return (context) => {
      const { req, requestId, session } = context;
      // a preflight request has no credentials
      if (req.method === 'OPTIONS' || HEALTH_PATHS.has(pathOf(req.url))) return next(context);
      const { plugins } = context;
      const check = () => authenticator.authenticate(req, requestId, session?.identity);
      const client = plugins?.hooks.onStage ? plugins.observe('authentication', check) : check();
      if (!(client instanceof Promise)) return proceed(context, client);
      client.then((known) => proceed(context, known)).catch((error: unknown) => fail(context, error));
    };
  };
}
