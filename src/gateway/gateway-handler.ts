import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bff } from '../bff/bff.ts';
import type { ClientInfo } from '../client/identity.ts';
import { serveGraphiql } from '../graphql-http/graphiql.ts';
import {
  createGraphqlRoute,
  documentRoute,
  type GraphqlRoute,
  type GraphqlRouteOptions,
} from '../graphql-http/route.ts';
import type { HandleInner } from '../graphql-http/websocket/check-credentials.ts';
import {
  type ClientWebSockets,
  createWebSockets,
  type WebSocketServerOptions,
} from '../graphql-http/websocket/websocket-server.ts';
import { type AccessLogOptions, beginRecord, createAccessLog, QUIET_ACCESS_LOG } from '../http/access-log.ts';
import type { ClientWrites } from '../http/client-writes.ts';
import { type ErrorHandling, methodNotAllowed, routeErrorResponse, toGatewayError } from '../http/error-response.ts';
import { healthResponse } from '../http/health.ts';
import type { PagePolicyOptions } from '../http/html-policy.ts';
import { csrf } from '../http/middleware/csrf.ts';
import { compose, type Handler, listMiddleware, type MiddlewareOptions } from '../http/middleware/middleware.ts';
import { rateLimit } from '../http/middleware/rate-limit.ts';
import { refusalObserver, requestObserver, routeFinder } from '../http/observe-requests.ts';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import { createRequestHandler, type RequestHandler } from '../http/request-handler.ts';
import { createRouter, type Route } from '../http/router.ts';
import { addServerTiming } from '../http/server-timing.ts';
import type { Engine } from '../pipeline/engine.ts';
import { isBelow } from '../policy/requests/paths.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { RequestNotes } from '../shared/request-notes.ts';
import { pathOf } from '../shared/url-path.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { type CallbackSettings, callbackRoute } from './callback-route.ts';

export interface GatewayHandlerOptions
  extends GraphqlRouteOptions,
    Pick<
      MiddlewareOptions,
      | 'maxUrlBytes'
      | 'responseHeaders'
      | 'cors'
      | 'addressFilter'
      | 'authenticator'
      | 'login'
      | 'clientAwareness'
      | 'debugAccess'
      | 'plugins'
      | 'tracing'
    > {
  /** Returns the current engine; `undefined` while there is no schema. */
  readonly engine: () => Engine | undefined;
  readonly graphiql: boolean;
  /** Which sites may show GraphiQL in a frame (`security_headers.frame_options`). Default: none. */
  readonly frames?: PagePolicyOptions['frames'];
  /** Whether `/health` and `/ready` are served. Default true. */
  readonly healthRoutes?: boolean;
  /** Parts of the public schema with their own paths. */
  readonly contracts?: readonly { readonly name: string; readonly path: string }[];
  /** Serves endpoints under `/bff`; false for paths without an endpoint. */
  readonly bff?:
    | {
        handle(req: IncomingMessage, res: ServerResponse, client: ClientInfo, notes: RequestNotes): boolean;
        cors?: Bff['cors'];
      }
    | undefined;
  /** Returns whether the shared store is available. `/ready` reports it, and stays ready without it. */
  readonly storeState?: (() => 'UP' | 'DOWN') | undefined;
  /** Default: all requests, at `debug`. */
  readonly accessLog?: AccessLogOptions | undefined;
  /** Settings of the WebSockets of clients. Without it, there are none. */
  readonly webSockets?: WebSocketServerOptions['settings'] | undefined;
  /** Takes the callbacks of subgraphs. */
  readonly callbacks?: CallbackSettings | undefined;
  /** Counters of completed requests, and of those that are refused before they become operations. */
  readonly instruments?: Pick<Instruments, 'requests' | 'refused' | 'subscriptions'> | undefined;
  /** Writes responses within limits. By default there are none. */
  readonly clientWrites?: ClientWrites | undefined;
}

/** Combines middleware, routes and observers into the handler of all requests at the port for clients. */
export function createGatewayHandler(options: GatewayHandlerOptions): RequestHandler {
  const { logger, instruments, pathPrefix } = options;
  const handling = { logger, onRefused: instruments && refusalObserver(instruments.refused) };
  const fail = errorSender(handling, options);
  const routes = listRoutes(options, handling, fail, () => handler.isDraining);
  const { isGraphql } = routes;
  const graphiql = options.graphiql ? serveGraphiql({ ...options, isGraphql, fail }) : undefined;
  const tracing = options.tracing && { ...options.tracing, isGraphql };
  const callbacks = options.callbacks && callbackRoute({ ...options, ...options.callbacks, fail });
  const middleware = listMiddleware({ ...options, tracing, callbacks, graphiql, corsOf: options.bff?.cors, fail });
  const accessLog = createAccessLog(logger, options.accessLog ?? QUIET_ACCESS_LOG, routeFinder(isGraphql));
  const clientNames = options.clientAwareness ?? QUIET_ACCESS_LOG.clientNames;
  const observe = instruments && requestObserver({ instruments: instruments.requests, isGraphql, clientNames });
  const inner = new WeakMap<IncomingMessage, Handler>();
  const serveInner: Handler = (context) => {
    const serve = inner.get(context.req);
    inner.delete(context.req);
    serve?.(context);
  };
  const common = {
    fail,
    pathPrefix,
    clientWrites: options.clientWrites,
    onCutOff: (requests: number) =>
      logger.warn({ requests, setting: 'shutdown.grace' }, 'requests cut off at shutdown'),
    onBegin: accessLog?.begin ?? (options.hasServerTiming ? beginRecord : undefined),
    onMalformed: accessLog?.malformed,
    onEnd(context: RequestContext) {
      accessLog?.end(context);
      observe?.(context);
    },
  };
  const sockets =
    options.subscriptions && options.webSockets && hasNoYogaPlugins(options)
      ? openWebSockets(options, options.webSockets, routes, {
          drainMs: options.subscriptions.drainMs,
          handle: createRequestHandler({ ...common, handler: compose(middleware, serveInner) }).handle,
          inner,
        })
      : undefined;
  const handler: RequestHandler = createRequestHandler({
    ...common,
    handler: compose(middleware, createRouter(routes.list, notFound(pathPrefix))),
    upgrades: sockets,
    onDrain() {
      options.subscriptions?.runner.drain();
      options.subscriptions?.reservations?.drain();
      sockets?.drain();
    },
    onCutOffAll: sockets?.cutOff,
  });
  if (sockets) instruments?.subscriptions.watchSockets(() => sockets.size);
  instruments?.requests.watchActive(() => handler.activeCount);
  return handler;
}

function hasNoYogaPlugins({ yogaPlugins = [] }: GatewayHandlerOptions): boolean {
  return yogaPlugins.length === 0;
}

interface InnerHandling {
  readonly drainMs: number;
  readonly handle: RequestHandler['handle'];
  /** What serves each inner request behind the middleware. */
  readonly inner: WeakMap<IncomingMessage, Handler>;
}

/** Opens the WebSockets of clients, whose operations pass the same middleware as requests. */
function openWebSockets(
  { maxRequestBytes, maxUrlBytes, pathPrefix, cors, clientWrites, instruments }: GatewayHandlerOptions,
  settings: WebSocketServerOptions['settings'],
  { graphql }: Routes,
  { drainMs, handle, inner }: InnerHandling,
): ClientWebSockets {
  const handleInner: HandleInner = (req, res, serve) => {
    inner.set(req, serve);
    handle(req, res);
  };
  const routeAt = (path: string) => graphql.find((route) => route.path === path);
  return createWebSockets({
    ...{ settings, maxRequestBytes, maxUrlBytes, pathPrefix, cors, clientWrites, routeAt, handleInner, drainMs },
    onRefused: instruments?.subscriptions.socketRefused,
  });
}

type Fail = (context: RequestContext, error: unknown) => void;

/** Returns a function that sends the response for an error outside an operation. */
function errorSender(
  handling: ErrorHandling,
  { pathPrefix, hasServerTiming }: Pick<GatewayHandlerOptions, 'pathPrefix' | 'hasServerTiming'>,
): Fail {
  return (context, error) => {
    if (hasServerTiming) addServerTiming(context);
    sendResponse(context, routeErrorResponse(toGatewayError(error, context, handling), context, pathPrefix));
  };
}

interface Routes {
  readonly list: readonly Route[];
  readonly graphql: readonly GraphqlRoute[];
  /** Whether GraphQL is served at a path. */
  isGraphql(path: string): boolean;
}

/** Lists the routes in the order in which the router tries them. */
function listRoutes(
  options: GatewayHandlerOptions,
  handling: ErrorHandling,
  fail: Fail,
  isDraining: () => boolean,
): Routes {
  const settings = { ...options, ...handling, onShared: options.instruments?.requests.requestShared };
  const main = createGraphqlRoute(settings, '/graphql');
  const contracts = (options.contracts ?? []).map(({ name, path }) => createGraphqlRoute(settings, path, name));
  const graphql = [main, ...contracts];
  const paths = new Set(graphql.map(({ path }) => path));
  return {
    graphql,
    list: [
      ...graphql,
      ...graphql.flatMap(({ streams }) => streams ?? []),
      ...(options.documents?.acceptsIdInPath ? [documentRoute(main)] : []),
      ...(options.healthRoutes === false ? [] : [healthRoute(options, isDraining)]),
      ...(options.bff ? [bffRoute(options.bff, options, fail)] : []),
    ],
    isGraphql: (path) => paths.has(path.endsWith('/') ? path.slice(0, -1) : path),
  };
}

function healthRoute({ engine, storeState, pathPrefix = '' }: GatewayHandlerOptions, isDraining: () => boolean): Route {
  const health = { hasSchema: () => engine() !== undefined, storeState, isDraining };
  return {
    serve(context, path) {
      const response = healthResponse(path, health);
      if (response === undefined) return false;
      if (response.status === 503 && isDraining()) context.outcome = 'draining';
      const { method } = context.req;
      if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed(method, `${pathPrefix}${path}`, 'GET, HEAD');
      sendResponse(context, response);
      return true;
    },
  };
}

function bffRoute(bff: NonNullable<GatewayHandlerOptions['bff']>, options: GatewayHandlerOptions, fail: Fail): Route {
  const { csrf: csrfCheck, countRequest, returned, pathPrefix } = options;
  const missing = notFound(pathPrefix);
  const serveEndpoint = (context: RequestContext) => {
    const { req, res, headers, plugins, trace } = context;
    const client = plugins || trace ? { ...context.client, plugins, trace } : context.client;
    for (const name in headers) res.setHeader(name, headers[name] ?? '');
    const known = returned ? { ...client, returned: returned.collect().follow(res) } : client;
    if (!bff.handle(req, res, known, context)) missing(context);
  };
  const guarded = compose([csrf(csrfCheck), rateLimit(countRequest, fail)], serveEndpoint);
  return {
    serve(context, path) {
      if (context.req.method === 'OPTIONS' || !isBelow(path, '/bff')) serveEndpoint(context);
      else guarded(context);
      return true;
    },
  };
}

/** Throws `GatewayError` 404. */
function notFound(prefix = ''): (context: RequestContext) => void {
  return ({ req }) => {
    const message =
      `There is nothing at ${req.method} ${prefix}${pathOf(req.url)}. ` +
      `GraphQL is at ${prefix}/graphql, endpoints are under ${prefix}/bff/, health is at ${prefix}/health and ${prefix}/ready.`;
    throw new GatewayError(404, 'NOT_FOUND', message);
  };
}
