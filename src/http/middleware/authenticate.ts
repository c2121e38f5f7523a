import { STATUS_CODES } from 'node:http';
import type { Identity } from '../../client/identity.ts';
import { type HttpResponse, JSON_TYPE, textResponse } from '../../graphql-http/graphql-over-http.ts';
import { negotiateMediaType } from '../../graphql-http/media-type.ts';
import type { AuthenticationError } from '../../policy/authentication/authentication-error.ts';
import type { Authenticator } from '../../policy/authentication/authenticator.ts';
import type { GatewayError } from '../gateway-error.ts';
import type { RequestContext } from '../request-context.ts';

/** Paths that load balancers and orchestrators ask without a credential. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/health', '/healthcheck', '/ready', '/readiness']);

/**
 * Lets a request in, or not: `next` is called, at once where nothing has to be waited for, when it is known who asks;
 * `fail` when something that had to be waited for went wrong. Throws `AuthenticationError`.
 * @param proved who asks, where that is known already
 */
export function authenticate(
  authenticator: Authenticator,
  context: RequestContext,
  next: (context: RequestContext) => void,
  fail: (context: RequestContext, error: unknown) => void,
  proved?: Identity,
): void {
  const { req, requestId } = context;
  // a browser asks what it may send before it sends any credential
  if (req.method === 'OPTIONS' || OPEN_PATHS.has(pathOf(req.url ?? ''))) return next(context);
  const client = authenticator.authenticate(req, requestId, proved);
  if (client instanceof Promise) {
    client
      .then((known) => {
        context.client = known;
        next(context);
      })
      .catch((error: unknown) => fail(context, error));
    return;
  }
  context.client = client;
  next(context);
}

type Refusal = Pick<AuthenticationError, 'kind' | 'message' | 'headers'> & {
  readonly status: number;
  readonly code: string;
};

/** The same for any refusal of the host's. */
export function routeErrorResponse(
  refusal: GatewayError,
  path: string,
  accept?: string,
  prefix?: string,
): HttpResponse {
  const { status, code, message, headers } = refusal;
  const kind = code.toLowerCase().replaceAll('_', '-');
  return authenticationErrorResponse({ status, code, kind, message, headers }, path, accept, prefix);
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** The refusal in the form that its route speaks: problem details under `/bff`, a GraphQL error elsewhere. */
export function authenticationErrorResponse(
  refusal: Refusal,
  path: string,
  accept?: string,
  prefix = '',
): HttpResponse {
  const { status, code, kind, message, headers } = refusal;
  if (path === '/bff' || path.startsWith('/bff/')) {
    const type = `urn:headgate:problem:${kind}`;
    const problem = { type, title: STATUS_CODES[status], status, detail: message, instance: prefix + path };
    return textResponse(status, 'application/problem+json', JSON.stringify(problem), headers);
  }
  const wait = headers['retry-after'];
  const extensions = wait === undefined ? { code } : { code, retryAfter: Number(wait) };
  const type = negotiateMediaType(accept) ?? JSON_TYPE;
  return textResponse(status, type, JSON.stringify({ errors: [{ message, extensions }] }), headers);
}
