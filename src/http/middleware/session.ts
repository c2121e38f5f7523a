import type { Authenticator } from '../../policy/authentication/authenticator.ts';
import type { LoginVisit } from '../../policy/login/client-login.ts';
import type { Login } from '../../policy/login/login.ts';
import type { Proved } from '../../policy/login/sessions.ts';
import type { RequestContext } from '../request-context.ts';
import { authenticate } from './authenticate.ts';

type Next = (context: RequestContext) => void;
type Fail = (context: RequestContext, error: unknown) => void;

export interface SessionOptions {
  readonly authenticator: Authenticator | undefined;
  /** Keeps out whom nothing is answered, by the client's address. */
  readonly guard: (next: Next) => Next;
  readonly next: Next;
  readonly fail: Fail;
}

/**
 * Lets requests in where browsers can log in: routes of login are answered, a session proves who asks, and whatever else
 * is there to prove it is heard by `admission`. The session's access token goes in as if the browser had sent it, so that
 * the rules for headers, and all that tells requests apart by them, hold for it as for any other token.
 */
export function session(login: Login, { authenticator, guard, next, fail }: SessionOptions): Next {
  const guarded = guard(next);

  function proceed(context: RequestContext, proved: Proved | undefined): void {
    if (proved === undefined)
      return authenticator ? authenticate(authenticator, context, guarded, fail) : guarded(context);
    const nextWithToken = (known: RequestContext) => {
      carryToken(known, proved);
      guarded(known);
    };
    if (authenticator) return authenticate(authenticator, context, nextWithToken, fail, proved.identity);
    context.client = { ...context.client, identity: proved.identity };
    nextWithToken(context);
  }

  function serveLoginRoute(context: RequestContext, answer: NonNullable<LoginVisit['answer']>): void {
    const { req, res, client, requestId, headers } = context;
    if (authenticator) context.client = { ...client, ip: authenticator.addressOf(req) };
    for (const name in headers) res.setHeader(name, headers[name] ?? '');
    res.setHeader('x-request-id', requestId);
    guard(() => answer(res, context.client.ip))(context);
  }

  return (context) => {
    const visit = login.visit(context.req);
    if (visit === undefined) return proceed(context, undefined);
    if (visit.answer) return serveLoginRoute(context, visit.answer);
    varyByCookie(context);
    const proved = visit.recognise();
    if (!(proved instanceof Promise)) return proceed(context, proved);
    proved.then((known) => proceed(context, known)).catch((error: unknown) => fail(context, error));
  };
}

/** An answer to one session is not for a browser that has another one by now. */
function varyByCookie(context: RequestContext): void {
  const { headers } = context;
  const vary = headers?.vary === undefined ? 'cookie' : `${headers.vary}, cookie`;
  context.headers = { ...headers, vary };
}

/** Another credential that the request came with says who asks, and goes on as it is. */
function carryToken({ req, client }: RequestContext, { identity, accessToken }: Proved): void {
  if (client.identity === identity) req.headers.authorization = `Bearer ${accessToken}`;
}
