import type { Authenticator } from '../../policy/authentication/authenticator.ts';
import type { LoginRequest } from '../../policy/login/client-login.ts';
import type { Login } from '../../policy/login/login.ts';
import type { LoginResponse } from '../../policy/login/login-response.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import { JSON_TYPE } from '../media-type.ts';
import { problemResponse } from '../problem.ts';
import { type RequestContext, sendResponse } from '../request-context.ts';
import { textResponse } from '../response.ts';
import type { Handler, Middleware } from './middleware.ts';

export interface SessionOptions {
  readonly authenticator: Authenticator | undefined;
  /** Refuses requests by the client's address, including requests to login routes. */
  readonly filter: Middleware | undefined;
  readonly fail: (context: RequestContext, error: unknown) => void;
}

/**
 * Serves the login routes, and looks up the session of a logged-in browser. Throws `AuthenticationError` when a page of another site
 * uses the session.
 */
export function session(login: Login, { authenticator, filter, fail }: SessionOptions): Middleware {
  function serveLoginRoute(context: RequestContext, respond: NonNullable<LoginRequest['respond']>): void {
    const { req, client } = context;
    if (authenticator) context.client = { ...client, ip: authenticator.addressOf(req) };
    const serve: Handler = ({ client: { ip } }) => {
      void respond(ip).then((response) => sendLoginResponse(context, response));
    };
    (filter ? filter(serve) : serve)(context);
  }

  return (next) => {
    const proceed = (context: RequestContext, session: RequestContext['session']) => {
      context.session = session;
      // the authenticator compares it with other credentials of the request
      if (session && authenticator === undefined) context.client = { ...context.client, identity: session.identity };
      next(context);
    };
    return (context) => {
      const request = login.match(context.req);
      if (request === undefined) return next(context);
      if (request.respond) return serveLoginRoute(context, request.respond);
      varyByCookie(context);
      const session = request.authenticate();
      if (!(session instanceof Promise)) return proceed(context, session);
      session.then((found) => proceed(context, found)).catch((error: unknown) => fail(context, error));
    };
  };
}

/** Sends a response of a login route. It is never cached. */
function sendLoginResponse(
  context: RequestContext,
  { status, headers, setCookies = [], body, problem }: LoginResponse,
) {
  const { res } = context;
  if (res.destroyed || res.headersSent) return;
  if (setCookies.length > 0) res.setHeader('set-cookie', setCookies);
  // the callback URL has a code in it
  const all = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', ...headers };
  if (problem) {
    const response = problemResponse({ status, ...problem, headers: all });
    context.errors = response.errors;
    return sendResponse(context, response);
  }
  const text = body === undefined ? '' : stringifyJson(body);
  sendResponse(context, textResponse(status, JSON_TYPE, text, all));
}

/**
 * Sets the session's access token as the request's token, so that header rules, caching and deduplication treat it like any other
 * token. Leaves a request alone that another credential authenticates.
 */
export const sessionToken: Middleware = (next) => (context) => {
  const { req, client, session } = context;
  if (session && client.identity === session.identity) req.headers.authorization = `Bearer ${session.accessToken}`;
  next(context);
};

/** Adds `cookie` to `Vary`: a browser must not reuse the response of another session. */
function varyByCookie(context: RequestContext): void {
  const { headers } = context;
  const vary = headers?.vary === undefined ? 'cookie' : `${headers.vary}, cookie`;
  context.headers = { ...headers, vary };
}
