import type { Authenticator } from '../../policy/authentication/authenticator.ts';
import type { LoginRequest } from '../../policy/login/client-login.ts';
import type { Login } from '../../policy/login/login.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler, Middleware } from './middleware.ts';

export interface SessionOptions {
  readonly authenticator: Authenticator | undefined;
  /** Refuses requests by the client's address, those to login routes too. */
  readonly filter: Middleware | undefined;
  readonly fail: (context: RequestContext, error: unknown) => void;
}

/**
 * Answers the routes of login, and looks up the session of a browser that has logged in. Throws `AuthenticationError` for a
 * session that a page of another site uses.
 */
export function session(login: Login, { authenticator, filter, fail }: SessionOptions): Middleware {
  function serveLoginRoute(context: RequestContext, answer: NonNullable<LoginRequest['respond']>): void {
    const { req, res, client, requestId, headers } = context;
    if (authenticator) context.client = { ...client, ip: authenticator.addressOf(req) };
    for (const name in headers) res.setHeader(name, headers[name] ?? '');
    res.setHeader('x-request-id', requestId);
    const serve: Handler = ({ client: { ip } }) => answer(res, ip);
    (filter ? filter(serve) : serve)(context);
  }

  return (next) => {
    const proceed = (context: RequestContext, proved: RequestContext['session']) => {
      context.session = proved;
      // the authenticator compares it with other credentials of the request
      if (proved && authenticator === undefined) context.client = { ...context.client, identity: proved.identity };
      next(context);
    };
    return (context) => {
      const visit = login.match(context.req);
      if (visit === undefined) return next(context);
      if (visit.respond) return serveLoginRoute(context, visit.respond);
      varyByCookie(context);
      const proved = visit.authenticate();
      if (!(proved instanceof Promise)) return proceed(context, proved);
      proved.then((known) => proceed(context, known)).catch((error: unknown) => fail(context, error));
    };
  };
}

/**
 * Sends the session's access token on as if the browser had sent it, so that the rules for headers, and all that tells requests
 * apart by them, hold for it as for any other token. A request that another credential speaks for goes on as it is.
 */
export const sessionToken: Middleware = (next) => (context) => {
  const { req, client, session: proved } = context;
  if (proved && client.identity === proved.identity) req.headers.authorization = `Bearer ${proved.accessToken}`;
  next(context);
};

/** A response to one session is not for a browser that has another one by now. */
function varyByCookie(context: RequestContext): void {
  const { headers } = context;
  const vary = headers?.vary === undefined ? 'cookie' : `${headers.vary}, cookie`;
  context.headers = { ...headers, vary };
}
