import { STATUS_CODES } from 'node:http';
import type { Identity } from '../../client/identity.ts';
import type { Admission } from '../../policy/authentication/authenticator.ts';
import type { NotAdmitted } from '../../policy/authentication/authentication-error.ts';
import type { Exchange } from '../request-context.ts';
import { type HttpReply, JSON_TYPE, textReply } from '../../graphql-http/graphql-over-http.ts';
import { negotiateMediaType } from '../../graphql-http/media-type.ts';
import type { RequestRefusal } from '../gateway-error.ts';

/** Paths that load balancers and orchestrators ask without a credential. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/health', '/healthcheck', '/ready', '/readiness']);

/**
 * Lets a request in, or not: `next` is called, at once where nothing has to be waited for, when it is known who asks;
 * `fail` when something that had to be waited for went wrong. Throws `NotAdmitted`.
 * @param proved who asks, where that is known already
 */
export function letIn(
  admission: Admission,
  exchange: Exchange,
  next: (exchange: Exchange) => void,
  fail: (exchange: Exchange, error: unknown) => void,
  proved?: Identity,
): void {
  const { req, requestId } = exchange;
  // a browser asks what it may send before it sends any credential
  if (req.method === 'OPTIONS' || OPEN_PATHS.has(pathOf(req.url ?? ''))) return next(exchange);
  const client = admission.admit(req, requestId, proved);
  if (client instanceof Promise) {
    client
      .then((known) => {
        exchange.client = known;
        next(exchange);
      })
      .catch((error: unknown) => fail(exchange, error));
    return;
  }
  exchange.client = client;
  next(exchange);
}

type Refusal = Pick<NotAdmitted, 'kind' | 'message' | 'headers'> & { readonly status: number; readonly code: string };

/** The same for any refusal of the host's. */
export function routeRefusalReply(refusal: RequestRefusal, path: string, accept?: string, prefix?: string): HttpReply {
  const { status, code, message, headers } = refusal;
  const kind = code.toLowerCase().replaceAll('_', '-');
  return notAdmittedReply({ status, code, kind, message, headers }, path, accept, prefix);
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** The refusal in the form that its route speaks: problem details under `/bff`, a GraphQL error elsewhere. */
export function notAdmittedReply(refusal: Refusal, path: string, accept?: string, prefix = ''): HttpReply {
  const { status, code, kind, message, headers } = refusal;
  if (path === '/bff' || path.startsWith('/bff/')) {
    const type = `urn:headgate:problem:${kind}`;
    const problem = { type, title: STATUS_CODES[status], status, detail: message, instance: prefix + path };
    return textReply(status, 'application/problem+json', JSON.stringify(problem), headers);
  }
  const wait = headers['retry-after'];
  const extensions = wait === undefined ? { code } : { code, retryAfter: Number(wait) };
  const type = negotiateMediaType(accept) ?? JSON_TYPE;
  return textReply(status, type, JSON.stringify({ errors: [{ message, extensions }] }), headers);
}
