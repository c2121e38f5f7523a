import type { PluginSet } from '../../plugins/plugin-set.ts';
import type { Authenticator } from '../../policy/authentication/authenticator.ts';
import type { DebugAccess } from '../../policy/debug/debug-access.ts';
import type { Login } from '../../policy/login/login.ts';
import type { AddressFilter } from '../../policy/requests/address-filter.ts';
import type { Cors } from '../../policy/requests/cors.ts';
import type { RequestContext } from '../request-context.ts';
import { authenticate } from './authenticate.ts';
import { type ClientAwareness, requireClientName } from './client-awareness.ts';
import { cors } from './cors.ts';
import { debugTrace } from './debug-trace.ts';
import { defaultHeaders } from './default-headers.ts';
import { headerLines } from './header-lines.ts';
import { ipFilter } from './ip-filter.ts';
import { authenticatedPlugins, type BodyLimits, plugins } from './plugins.ts';
import { session, sessionToken } from './session.ts';
import { type TracingOptions, traceRequests } from './tracing.ts';
import { urlLimit } from './url-limit.ts';

/** Responds to a request. What it throws becomes the response (`GatewayError`) or a masked error. */
export type Handler = (context: RequestContext) => void;

/** Wraps the handler of all later steps. */
export type Middleware = (next: Handler) => Handler;

export interface MiddlewareOptions extends BodyLimits {
  /** Longest URL in bytes (`limits.http_max_url_bytes`). Default: the limit of Node. */
  readonly maxUrlBytes?: number | undefined;
  /** Headers of every response, names in lower case (`security_headers`). */
  readonly responseHeaders?: Readonly<Record<string, string>> | undefined;
  readonly cors?: Cors | undefined;
  /** Returns the CORS policy of a path below `/bff`, if it has its own in place of `cors`. */
  readonly corsOf?: ((path: string) => Cors | undefined) | undefined;
  readonly addressFilter?: AddressFilter | undefined;
  /** Identifies clients, and refuses bad credentials. Without it, all clients are anonymous. */
  readonly authenticator?: Authenticator | undefined;
  /** Login for browsers, with its routes under `/bff`. */
  readonly login?: Login | undefined;
  /** Begins the trace of each request. */
  readonly tracing?: TracingOptions | undefined;
  /** Returns the current plugins. Without it, there are none. */
  readonly plugins?: (() => PluginSet | undefined) | undefined;
  /** Serves the callbacks of subgraphs. */
  readonly callbacks?: Middleware | undefined;
  /** The headers in which clients name themselves, and whether they must. */
  readonly clientAwareness?: ClientAwareness | undefined;
  /** Which requests may have a debug trace. Without it, the header for it means nothing. */
  readonly debugAccess?: DebugAccess | undefined;
  /** Shows GraphiQL to browsers. */
  readonly graphiql?: Middleware | undefined;
  /** Sends the response for an error that occurs after the handler has returned. */
  readonly fail: (context: RequestContext, error: unknown) => void;
}

/**
 * Lists the middleware that every request passes before the router, in order. One that is not configured is `undefined`, and costs
 * nothing.
 *
 * 1. Tracing: the span of a request includes everything else, refusals too.
 * 2. Default headers are those of every response, errors included.
 * 3. Header lines and the URL's length: an ambiguous request is refused before anything else reads it.
 * 4. CORS: a preflight request comes without credentials, so it gets its response before authentication.
 * 5. Callbacks of subgraphs: the secret of the subscription is their credential, and no policy for clients is for them.
 * 6. Plugins (`onRequest`): they see every request that is not refused for its form, and what they change is seen by all that follows.
 * 7. GraphiQL: a browser has no way to send a token when it opens a page, and the page contains nothing secret.
 * 8. Session, then authentication: the session's user is known before other credentials are checked. Authentication also finds the
 *    client's address, by `trusted_proxies`.
 * 9. The IP filter needs that address.
 * 10. Client awareness: only clients that may be here learn what they have to send.
 * 11. Debug traces: a client that may not be here does not learn whether it may have one.
 * 12. Plugins (`onAuthenticate`): the client is known, and has not been refused.
 */
export function listMiddleware(options: MiddlewareOptions): readonly (Middleware | undefined)[] {
  const { authenticator, login, addressFilter, fail } = options;
  const filter = ipFilter(addressFilter);
  return [
    options.tracing && traceRequests(options.tracing),
    defaultHeaders(options.responseHeaders),
    headerLines,
    urlLimit(options.maxUrlBytes),
    cors(options),
    options.callbacks,
    options.plugins && plugins(options.plugins, options, fail),
    options.graphiql,
    login && session(login, { authenticator, filter, fail }),
    authenticator && authenticate(authenticator, fail),
    login && sessionToken,
    filter,
    requireClientName(options.clientAwareness),
    options.debugAccess && debugTrace(options.debugAccess, fail),
    options.plugins && authenticatedPlugins(fail),
  ];
}

/** Puts middleware before a handler: the first of the list sees a request first. */
export function compose(list: readonly (Middleware | undefined)[], handler: Handler): Handler {
  return list.reduceRight<Handler>((next, middleware) => (middleware ? middleware(next) : next), handler);
}
