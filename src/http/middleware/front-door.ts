import type { AddressFilter } from '../../policy/requests/address-filter.ts';
import type { Cors } from '../../policy/requests/cors.ts';
import { GatewayError } from '../gateway-error.ts';
import { type RequestContext, sendResponse } from '../request-context.ts';

export interface UrlAndCorsOptions {
  /** Longest URL in bytes (`limits.http_max_url_bytes`); without it, as long as Node takes them. */
  readonly maxUrlBytes?: number | undefined;
  /** Headers of every answer, names in lower case. */
  readonly answerHeaders?: Readonly<Record<string, string>> | undefined;
  readonly cors?: Cors | undefined;
  /** The policy of a path below `/bff` that has one of its own, in place of `cors`. */
  readonly corsOf?: ((path: string) => Cors | undefined) | undefined;
  readonly addressFilter?: AddressFilter | undefined;
}

type Door = (context: RequestContext) => void;

/** Paths that load balancers and orchestrators ask, wherever they are. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/health', '/healthcheck', '/ready', '/readiness']);

/**
 * What is asked of every request before it is known who sends it: how long its URL is, and whether a page of another
 * site sends it. `next` is called with those that go on. Throws `GatewayError` 414.
 */
export function frontDoor(options: UrlAndCorsOptions, next: Door): Door {
  const { maxUrlBytes, answerHeaders, cors, corsOf } = options;
  if (!(maxUrlBytes || answerHeaders || cors || corsOf)) return next;
  const longest = maxUrlBytes ?? Number.POSITIVE_INFINITY;
  return (context) => {
    const { req } = context;
    const { url = '/' } = req;
    context.headers = answerHeaders;
    if (url.length > longest) throw tooLong(longest);
    const policy = (url.startsWith('/bff/') && corsOf?.(pathOf(url))) || cors;
    if (policy) {
      const path = pathOf(url);
      const allowed = req.method === 'OPTIONS' ? policy.preflight(path, req.headers) : undefined;
      if (allowed) return sendResponse(context, { status: 204, headers: allowed, body: '' });
      const headers = policy.headersFor(path, req.headers);
      if (headers) context.headers = { ...answerHeaders, ...headers };
    }
    next(context);
  };
}

/** Keeps out who may not ask at all, by the address from which a request came first. Throws `GatewayError` 403. */
export function ipFilter({ addressFilter }: UrlAndCorsOptions, next: Door): Door {
  if (addressFilter === undefined) return next;
  return (context) => {
    const path = pathOf(context.req.url ?? '/');
    if (!OPEN_PATHS.has(path) && !addressFilter(context.client.ip, path)) {
      throw new GatewayError(403, 'FORBIDDEN', 'Requests from this address are not answered here.');
    }
    next(context);
  };
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function tooLong(longest: number): GatewayError {
  const message = `The URL is longer than ${longest} bytes (limits.http_max_url_bytes). Send the operation with POST.`;
  return new GatewayError(414, 'URI_TOO_LONG', message);
}
