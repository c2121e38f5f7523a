import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bff } from '../bff/bff.ts';
import type { DependsOn } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import type { Engine } from '../engine/engine.ts';
import type { CacheHeaders } from '../graphql-http/cache-headers.ts';
import { serveGraphiql } from '../graphql-http/graphiql.ts';
import { errorResponse, type HttpResponse, JSON_TYPE, textResponse } from '../graphql-http/graphql-over-http.ts';
import { toGatewayError } from '../graphql-http/graphql-service.ts';
import { createGraphqlRoute } from '../graphql-http/route.ts';
import { AuthenticationError } from '../policy/authentication/authentication-error.ts';
import type { Authenticator } from '../policy/authentication/authenticator.ts';
import type { ResponseHeaders } from '../policy/headers/response-headers.ts';
import type { Login } from '../policy/login/login.ts';
import type { PersistedDocuments } from '../policy/persisted/persisted-documents.ts';
import { type CsrfCheck, mayBeCrossSitePost } from '../policy/requests/csrf.ts';
import { isBelow } from '../policy/requests/paths.ts';
import type { RequestNotes } from '../shared/request-notes.ts';
import { type AccessLogSettings, accessFields } from '../telemetry/access-line.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { GatewayError } from './gateway-error.ts';
import type { PageNeeds } from './html-policy.ts';
import { authenticate, authenticationErrorResponse, routeErrorResponse } from './middleware/authenticate.ts';
import { frontDoor, ipFilter, type UrlAndCorsOptions } from './middleware/front-door.ts';
import { checkHeaderLines } from './middleware/header-lines.ts';
import type { CountRequest } from './middleware/rate-limit.ts';
import { session } from './middleware/session.ts';
import { refusalObserver, requestObserver } from './observe-requests.ts';
import { takeOffPrefix } from './path-prefix.ts';
import { ActiveRequests, createRequestContext, type RequestContext, sendResponse } from './request-context.ts';

export interface HostOptions extends UrlAndCorsOptions {
  /** The engine in force; `undefined` while there is no schema. */
  readonly engine: () => Engine | undefined;
  readonly logger: Logger;
  /** Largest request body in bytes (`limits.http_max_request_bytes`). */
  readonly maxRequestBytes: number;
  /** GraphQL responses of fewer bytes are not compressed (`traffic_shaping.router.compression`); without it, none are. */
  readonly compressFrom?: number | undefined;
  /** How long one client request may take, in milliseconds (`traffic_shaping.router.timeout`). */
  readonly timeoutMs: number;
  /** Whether identical queries in flight share one execution (`traffic_shaping.router.deduplicate_query`). */
  readonly shareQueries: boolean;
  /** What answers depend on; by default on all headers but those that say nothing of who asks. */
  readonly dependsOn?: DependsOn | undefined;
  readonly graphiql: boolean;
  /** Where a proxy shows the gateway: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
  /** Who may show GraphiQL inside a frame (`security_headers.frame_options`). Default: nobody. */
  readonly frames?: PageNeeds['frames'];
  /** Whether `/health` and `/ready` are served. Default true. */
  readonly healthRoutes?: boolean;
  /** Parts of the public schema that are served at a path of their own. */
  readonly contracts?: readonly { readonly name: string; readonly path: string }[];
  /** Answers what is under `/bff`; false for paths that are not its own. */
  readonly bff?:
    | {
        handle(req: IncomingMessage, res: ServerResponse, client: ClientInfo, notes: RequestNotes): boolean;
        cors?: Bff['cors'];
      }
    | undefined;
  /** Finds out who asks, and refuses whom it does not know; without it, all are anonymous. */
  readonly authenticator?: Authenticator | undefined;
  /** Login for browsers, with its routes under `/bff`. */
  readonly login?: Login | undefined;
  /** Counts requests against the limits of whole requests; there are none without it. */
  readonly countRequest?: CountRequest | undefined;
  /** Whether a GET, or a POST to an endpoint, may be answered; all are, without it. */
  readonly csrf?: CsrfCheck | undefined;
  /** Queries that are known by ids; none are, without it. */
  readonly documents?: PersistedDocuments | undefined;
  /** Most operations of one request; arrays are refused without it. */
  readonly maxBatch?: number | undefined;
  /** Whether the store that processes share is there; `/ready` tells, and stays ready. */
  readonly storeState?: (() => 'UP' | 'DOWN') | undefined;
  /** Which headers of subgraph answers go to clients. */
  readonly returned?: ResponseHeaders | undefined;
  /** What caches are told of answers that say how long they hold; nothing without it. */
  readonly cacheHeaders?: CacheHeaders | undefined;
  /** By which headers clients say who they are, for the line of each request in the log. */
  readonly accessLog?: AccessLogSettings | undefined;
  /** Told of each request that has ended, and of each that the host refuses. */
  readonly instruments?: Pick<Instruments, 'answered' | 'refused'> | undefined;
  /** `all-yoga` sends plain requests, too, the longer way: the two ways answer alike, and tests hold them to it. */
  readonly handlers?: 'auto' | 'all-yoga';
}

/** The routes of the gateway, as a listener for `node:http`. */
export interface Host {
  handle(req: IncomingMessage, res: ServerResponse): void;
  /** From now on `/ready` says no, and each connection is closed with the answer that is under way on it. */
  drain(): void;
}

export function createHost(options: HostOptions): Host {
  const { logger, countRequest, csrf, instruments, pathPrefix } = options;
  const settings = { ...options, onRefusal: instruments && refusalObserver(instruments.refused) };
  const main = createGraphqlRoute(settings, '/graphql');
  const routes = new Map([['/graphql', main]]);
  for (const { name, path } of options.contracts ?? []) routes.set(path, createGraphqlRoute(settings, path, name));
  const open = new ActiveRequests();
  let draining = false;

  const graphqlAt = (path: string) => routes.get(path.endsWith('/') ? path.slice(0, -1) : path);

  function route(context: RequestContext): void {
    if (main.serveFast(context)) return;
    const { req, res } = context;
    res.setHeader('x-request-id', context.requestId);
    const path = pathOf(req);
    const graphql = graphqlAt(path);
    if (graphql) {
      if (graphql.serveFast(context)) return;
      if (req.method === 'GET' || req.method === 'POST') graphql.serve(context);
      else sendResponse(context, methodNotAllowed(req, `${pathPrefix ?? ''}${path}`, 'GET, POST'));
      return;
    }
    if (options.documents?.namedByPath && nameInPath(req)) return main.serve(context);
    const health = options.healthRoutes === false ? undefined : healthResponse(path);
    if (health) {
      const allowed = req.method === 'GET' || req.method === 'HEAD';
      sendResponse(context, allowed ? health : methodNotAllowed(req, `${pathPrefix ?? ''}${path}`, 'GET, HEAD'));
      return;
    }
    if (!options.bff || req.method === 'OPTIONS' || !isBelow(path, '/bff')) return serveEndpoint(context);
    if (csrf && req.method === 'POST' && mayBeCrossSitePost(req.headers, csrf)) throw csrfError();
    if (!countRequest) return serveEndpoint(context);
    // here, for answers that are kept or shared count as well, and those that are made of several operations count once
    const counted = countRequest(context);
    context.client = { ...context.client, rateLimitChecked: true };
    if (!counted) return serveEndpoint(context);
    counted.then(() => serveEndpoint(context)).catch((error: unknown) => fail(context, error));
  }

  function serveEndpoint(context: RequestContext): void {
    const { req, res, headers } = context;
    for (const name in headers) res.setHeader(name, headers[name] ?? '');
    if (!options.bff?.handle(req, res, clientOf(context), context))
      sendResponse(context, notFound(req, pathOf(req), pathPrefix));
  }

  /** Aliases are those that other gateways use. */
  function healthResponse(path: string): HttpResponse | undefined {
    if (path === '/health' || path === '/healthcheck') return stateResponse(200, { status: 'UP' });
    if (path !== '/ready' && path !== '/readiness') return undefined;
    if (draining) return stateResponse(503, { status: 'NOT_READY', reason: 'draining' });
    if (!options.engine()) return stateResponse(503, { status: 'NOT_READY', reason: 'no schema' });
    return stateResponse(200, { status: 'READY', store: options.storeState?.() });
  }

  const { authenticator, login, returned } = options;
  const clientOf = returned
    ? ({ client, res }: RequestContext) => ({ ...client, returned: returned.gather().follow(res) })
    : ({ client }: RequestContext) => client;
  const guard = (next: (context: RequestContext) => void) => ipFilter(options, next);
  const inside = guard(route);
  const authenticated = authenticator
    ? (context: RequestContext) => authenticate(authenticator, context, inside, fail)
    : inside;
  const entrance = login ? session(login, { authenticator, guard, next: route, fail }) : authenticated;
  const isGraphql = (path: string) => graphqlAt(path) !== undefined;
  const enter = frontDoor(
    { ...options, corsOf: options.bff?.cors },
    options.graphiql
      ? serveGraphiql({ isGraphql, authenticator, guard, frames: options.frames, pathPrefix, next: entrance, fail })
      : entrance,
  );

  const observe = instruments && requestObserver(instruments, isGraphql);
  const ended = (context: RequestContext) => {
    logAccess(logger, context, options.accessLog);
    observe?.(context);
  };

  function fail(context: RequestContext, error: unknown): void {
    context.headers ??= options.answerHeaders;
    const response =
      error instanceof AuthenticationError
        ? authenticationErrorResponse(error, pathOf(context.req), context.req.headers.accept, pathPrefix)
        : routeErrorResponse(
            toGatewayError(error, context, settings),
            pathOf(context.req),
            context.req.headers.accept,
            pathPrefix,
          );
    sendResponse(context, response);
  }

  return {
    handle(req, res) {
      const context = createRequestContext(req, res);
      if (pathPrefix !== undefined) takeOffPrefix(req, pathPrefix);
      if (draining) res.shouldKeepAlive = false;
      open.add(context);
      // it comes once
      res.on('close', () => {
        open.delete(context);
        if (!res.writableFinished) context.onAbort?.();
        ended(context);
      });
      try {
        checkHeaderLines(req);
        enter(context);
      } catch (error) {
        fail(context, error);
      }
    },
    drain() {
      draining = true;
      for (const { res } of open.list) if (!res.headersSent) res.shouldKeepAlive = false;
    },
  };
}

const DOCUMENT_PATH = /^\/graphql\/([\w.:%~-]{1,256})(?:\?|$)/;

/** Turns `/graphql/ID?…` into `/graphql?documentId=ID&…`; false for other paths. */
function nameInPath(req: IncomingMessage): boolean {
  const { url = '/' } = req;
  const id = DOCUMENT_PATH.exec(url)?.[1];
  if (id === undefined) return false;
  const rest = url.slice('/graphql/'.length + id.length + 1);
  req.url = `/graphql?documentId=${id}${rest === '' ? '' : `&${rest}`}`;
  return true;
}

/** The path as sent, without the query string, which may hold what does not belong into logs. */
function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function stateResponse(status: number, state: object): HttpResponse {
  return textResponse(status, JSON_TYPE, JSON.stringify(state), { 'cache-control': 'no-store' });
}

function csrfError(): GatewayError {
  const message =
    'This POST could have been made by a page of another site. Send a content type of "application/json", also without a body.';
  return new GatewayError(400, 'CSRF_ERROR', message);
}

function methodNotAllowed(req: IncomingMessage, path: string, allow: string): HttpResponse {
  const message = `${path} does not answer ${req.method}; it answers ${allow}.`;
  return errorResponse(new GatewayError(405, 'METHOD_NOT_ALLOWED', message, { allow }));
}

function notFound(req: IncomingMessage, path: string, prefix = ''): HttpResponse {
  const message =
    `There is nothing at ${req.method} ${prefix}${path}. ` +
    `GraphQL is at ${prefix}/graphql, endpoints are under ${prefix}/bff/, health is at ${prefix}/health and ${prefix}/ready.`;
  return errorResponse(new GatewayError(404, 'NOT_FOUND', message));
}

const NO_CLIENT_HEADERS: AccessLogSettings = { client_name_headers: [], client_version_headers: [] };

/** One line for each request: an error for 5xx answers, so that they stand out; the others are for debugging. */
function logAccess(logger: Logger, context: RequestContext, settings: AccessLogSettings = NO_CLIENT_HEADERS): void {
  const { req, res, requestId, startedAt } = context;
  const level = res.statusCode >= 500 ? 'error' : 'debug';
  if (!logger.isEnabled(level)) return;
  const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
  const facts = accessFields(context, req.headers, settings);
  const fields = { requestId, method: req.method, path: pathOf(req), status: res.statusCode, durationMs, ...facts };
  if (res.writableFinished) logger[level](fields, 'request');
  else logger.debug({ ...fields, status: undefined }, 'request closed by the client');
}
