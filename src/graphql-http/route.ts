import { NOTHING } from '../client/depends-on.ts';
import { methodNotAllowed } from '../http/error-response.ts';
import type { Handler } from '../http/middleware/middleware.ts';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import type { Route } from '../http/router.ts';
import { createOperationRunner, type OperationRunnerOptions } from '../pipeline/run-operation.ts';
import { createResponseSender } from './compressed-response.ts';
import { isFastPathRequest, isQueryInUrl, serveFast } from './fast-path.ts';
import { createGraphqlService, type GraphqlServiceOptions } from './graphql-service.ts';
import type { OperationMessages } from './incremental/incremental-service.ts';
import { createRequestReader, type RequestReaderOptions } from './request-reader.ts';
import { ResponseCache, type ResponseCacheSettings } from './response-cache.ts';
import { cachedHandler } from './serve-cached.ts';
import type { Reservations } from './single-connection/reservations.ts';
import { type StreamRouteOptions, streamRoute } from './single-connection/stream-route.ts';
import type { RouteSubscriptions } from './subscriptions-over-http.ts';
import { serveOperation } from './websocket/serve-operation.ts';
import { readsOfPlugins, type YogaPlugin } from './yoga-plugin.ts';

export interface GraphqlRouteOptions
  extends RequestReaderOptions,
    Omit<OperationRunnerOptions<RequestContext>, 'contract'>,
    Pick<
      GraphqlServiceOptions,
      'logger' | 'cacheHeaders' | 'onRefused' | 'countUse' | 'hasServerTiming' | 'incremental'
    > {
  /** Caches whole responses to GET; not with plugins of Yoga. */
  readonly responseCache?: ResponseCacheSettings | undefined;
  /** The smallest response to compress, in bytes (`traffic_shaping.router.compression`). Without it, none is compressed. */
  readonly compressFrom?: number | undefined;
  /** The path prefix of the gateway behind a proxy: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
  /** Plugins of Yoga and Envelop (`yoga.plugins`). If there are any, all requests go through Yoga. */
  readonly yogaPlugins?: readonly YogaPlugin[] | undefined;
  /** Runs subscriptions. Without it, they are refused. */
  readonly subscriptions?:
    | (Pick<RouteSubscriptions, 'runner' | 'heartbeatMs'> & {
        readonly drainMs: number;
        /** The event streams of the single connection mode. Without it, there are none. */
        readonly reservations?: Reservations | undefined;
      })
    | undefined;
  /** `all-yoga` sends plain requests through Yoga, too. Tests use it to prove that Yoga and the fast path respond alike. */
  readonly handlers?: 'auto' | 'all-yoga';
}

/** GraphQL at one path, for the whole public schema or for a contract. */
export interface GraphqlRoute extends Required<Route> {
  readonly path: string;
  /** Serves the event streams of the single connection mode, below the path. */
  readonly streams: Route | undefined;
  /** Serves any `GET` or `POST`, regardless of its path. */
  respond(context: RequestContext): void;
  /**
   * Serves one operation of a WebSocket. Sends its response, or calls `receive` with the events of a subscription or the parts of a result.
   */
  readonly respondInner: (context: RequestContext, receive: (messages: OperationMessages) => Promise<void>) => void;
}

export function createGraphqlRoute(options: GraphqlRouteOptions, path: string, contract?: string): GraphqlRoute {
  const {
    logger,
    onRefused,
    countUse,
    cacheHeaders,
    hasServerTiming,
    pathPrefix = '',
    yogaPlugins: plugins = [],
  } = options;
  const isExtended = plugins.length > 0;
  const readByPlugins = isExtended ? readsOfPlugins(plugins) : NOTHING;
  const cache = isExtended ? undefined : openResponseCache(options, contract);
  const service = createGraphqlService({
    responseCache: cache,
    runner: createOperationRunner({ ...options, contract }),
    reader: createRequestReader(options),
    sender: createResponseSender(options.compressFrom),
    ...(isExtended ? {} : streamsOf(options, contract)),
    ...{ logger, cacheHeaders, onRefused, countUse, hasServerTiming },
  });
  let yogaHandler: Promise<(context: RequestContext) => Promise<void>> | undefined;
  /** Loads Yoga with the first request that needs it: many gateways never do, and all start faster. */
  async function serveWithYoga(context: RequestContext): Promise<void> {
    yogaHandler ??= import('./yoga.ts').then(({ createYogaHandler }) =>
      createYogaHandler({ service, logger, path, plugins }),
    );
    context.reads = readByPlugins;
    try {
      await (await yogaHandler)(context);
    } catch (error) {
      sendResponse(context, service.refuse(context, error));
    }
  }
  const serveCached = cache && cachedHandler({ ...options, cache, service, execute: serveWithYoga });
  const hasFastPath = options.handlers !== 'all-yoga' && !isExtended;
  const respondFast = (context: RequestContext) => {
    if (!hasFastPath) return false;
    if (isFastPathRequest(context, path)) void serveFast(service, context);
    else if (serveCached !== undefined && isQueryInUrl(context, path)) serveCached(context);
    else return false;
    return true;
  };
  const respond: Handler = serveCached ?? ((context) => void serveWithYoga(context));
  const streams = isExtended ? undefined : openStreams(options, { service, path, respond });
  return {
    path,
    streams,
    serveFast: respondFast,
    respond,
    respondInner: (context, receive) => void serveOperation(service, context, receive),
    serve(context, asked) {
      if (asked !== path && asked !== `${path}/`) return false;
      const { method } = context.req;
      if (method !== 'GET' && method !== 'POST')
        throw methodNotAllowed(
          method,
          `${pathPrefix}${asked}`,
          'GET, POST',
          streams && hintFor(method, pathPrefix + path),
        );
      respond(context);
      return true;
    },
  };
}

/** Returns where a client finds the single connection mode, if it has used one of its methods. */
function hintFor(method: string | undefined, path: string): string | undefined {
  if (method !== 'PUT' && method !== 'DELETE') return undefined;
  return `The single connection mode of server-sent events is at ${path}/stream.`;
}

function openStreams(
  { subscriptions, pathPrefix = '' }: GraphqlRouteOptions,
  parts: Pick<StreamRouteOptions, 'service' | 'path' | 'respond'>,
): Route | undefined {
  if (subscriptions?.reservations === undefined) return undefined;
  const { reservations, heartbeatMs } = subscriptions;
  return streamRoute({ ...parts, reservations, heartbeatMs, pathPrefix });
}

/** Returns what of results can come later. Not with plugins of Yoga, which see whole results and no events. */
function streamsOf(
  { incremental, subscriptions, countRequest, admission }: GraphqlRouteOptions,
  contract: string | undefined,
): Pick<GraphqlServiceOptions, 'incremental' | 'subscriptions'> {
  const route = { contract, countRequest, admission };
  return { incremental: incremental === true, subscriptions: subscriptions && { ...subscriptions, route } };
}

function openResponseCache(options: GraphqlRouteOptions, contract: string | undefined): ResponseCache | undefined {
  const { responseCache, engine, csrf, documents, returned } = options;
  // a response from the cache has no headers of subgraphs
  if (responseCache === undefined || returned !== undefined) return undefined;
  return new ResponseCache({ ...responseCache, engine, csrf, documents, contract });
}

const DOCUMENT_PATH = /^\/graphql\/([\w.:%~-]{1,256})(?:\?|$)/;

/** Serves `/graphql/ID?…` as `/graphql?documentId=ID&…`. */
export function documentRoute({ respond }: GraphqlRoute): Route {
  return {
    serve(context) {
      const { req } = context;
      const { url = '/' } = req;
      const id = DOCUMENT_PATH.exec(url)?.[1];
      if (id === undefined) return false;
      const rest = url.slice('/graphql/'.length + id.length + 1);
      context.route = '/graphql/:documentId';
      req.url = `/graphql?documentId=${id}${rest === '' ? '' : `&${rest}`}`;
      respond(context);
      return true;
    },
  };
}
