import type { Admission } from '../policy/authentication/admission.ts';
import type { Login, Recognised } from '../policy/login/login.ts';
import type { Proved } from '../policy/login/sessions.ts';
import { letIn } from './entrance.ts';
import type { Exchange } from './exchange.ts';

type Next = (exchange: Exchange) => void;
type Fail = (exchange: Exchange, error: unknown) => void;

/**
 * Lets requests in where browsers can log in: routes of login are answered, a session proves who asks, and whatever else
 * is there to prove it is heard by `admission`. The session's access token goes in as if the browser had sent it, so that
 * the rules for headers, and all that tells requests apart by them, hold for it as for any other token.
 */
export function loginEntrance(login: Login, admission: Admission | undefined, next: Next, fail: Fail): Next {
  function proceed(exchange: Exchange, found: Recognised): void {
    if (found === 'answered') return;
    if (found === undefined) return admission ? letIn(admission, exchange, next, fail) : next(exchange);
    const nextWithToken = (known: Exchange) => {
      carryToken(known, found);
      next(known);
    };
    if (admission) return letIn(admission, exchange, nextWithToken, fail, found.identity);
    exchange.client = { ...exchange.client, identity: found.identity };
    nextWithToken(exchange);
  }

  return (exchange) => {
    exchange.res.setHeader('x-request-id', exchange.requestId);
    const found = login.recognise(exchange.req, exchange.res);
    if (!(found instanceof Promise)) return proceed(exchange, found);
    found.then((known) => proceed(exchange, known)).catch((error: unknown) => fail(exchange, error));
  };
}

/** Another credential that the request came with says who asks, and goes on as it is. */
function carryToken({ req, client }: Exchange, { identity, accessToken }: Proved): void {
  if (client.identity === identity) req.headers.authorization = `Bearer ${accessToken}`;
}
