import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheStore } from '../cache/cache-store.ts';
import { MemoryStore } from '../cache/memory-store.ts';
import { RedisStore } from '../cache/redis-store.ts';
import type { TagHeader } from '../cache/tags.ts';
import type { ClientInfo } from '../client/identity.ts';
import type { Problem } from '../config/problem.ts';
import { problemResponse } from '../http/problem.ts';
import { sendRepresentation } from '../http/send-representation.ts';
import { serverTiming } from '../http/server-timing.ts';
import type { Engine } from '../pipeline/engine.ts';
import type { AdmissionControl } from '../policy/admission/admission.ts';
import type { Limiter } from '../policy/rate-limits/limiter.ts';
import { createMemoryLimiter } from '../policy/rate-limits/memory-limiter.ts';
import type { Cors } from '../policy/requests/cors.ts';
import { isBelow } from '../policy/requests/paths.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { requestIdOf } from '../shared/request-id.ts';
import { emptyNotes, noteRefusal, type RequestNotes } from '../shared/request-notes.ts';
import type { Steps } from '../shared/steps.ts';
import { pathOf, queryOf } from '../shared/url-path.ts';
import type { SharedRedis } from '../store/redis.ts';
import { createEndpointStore } from './caching/endpoint-store.ts';
import { type CacheOutcome, createResponseCache, outcomeOf } from './caching/response-cache.ts';
import { CurrentEndpoints } from './current-endpoints.ts';
import { DEMO_RESPONSE } from './demo/demo-page.ts';
import type { EndpointConfig } from './endpoints/config-check.ts';
import type { Endpoint } from './endpoints/endpoints.ts';
import type { BffContext, Call, CountRefusal } from './handlers/call.ts';
import { type AcceptedCredentials, TOKENS_ONLY } from './handlers/challenge.ts';
import { FAILED } from './handlers/failure.ts';
import { routeCall } from './handlers/route-call.ts';
import { SharedExecutions } from './handlers/shared-executions.ts';
import type { ErrorStatus } from './handlers/source-status.ts';
import type { EndpointSubscriptions } from './handlers/stream-events.ts';
import {
  createMemoryKeyStore,
  createRedisKeyStore,
  IdempotentExecutor,
  type KeyStore,
} from './idempotency/idempotency.ts';
import type { DocumentSettings } from './openapi/document-settings.ts';
import { policyAt } from './responses/cors.ts';
import { withDebugTrace } from './responses/debug-trace.ts';
import type { EndpointResponse } from './responses/endpoint-response.ts';
import { refuseMethod } from './responses/methods.ts';

/** Options of the BFF. */
export interface BffOptions {
  /** The folder with one folder for each client. */
  readonly dir: string;
  /** Returns the engine for a client, the current one without a client. Endpoints are checked against each engine. */
  readonly engine: (client?: ClientInfo) => Engine | undefined;
  /** Called after each check of the endpoints, with all problems found. An empty list means that all endpoints are valid. */
  readonly onProblems?: (problems: readonly Problem[]) => void;
  readonly logger?: { error(details: object, message: string): void };
  /** Whether problem details name files and endpoints with similar paths. Default: true unless `NODE_ENV=production`. */
  readonly dev?: boolean;
  /** Public path of the gateway behind a proxy, such as `/shop-api`. Links begin with it. */
  readonly pathPrefix?: string | undefined;
  /** Whether responses leave out suggestions and names of the schema and of other endpoints. Default false. */
  readonly hidesDetails?: boolean;
  /** Timeout of the engine for one request, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Interval between keep-alive comments in an event stream, in milliseconds. Default 15,000. */
  readonly keepAliveMs?: number;
  /** Largest request body in bytes. Default 1 MiB. */
  readonly maxRequestBytes?: number;
  /** Counts the bytes of long request bodies while they arrive. By default they are not counted. */
  readonly byteBudget?: ByteBudget | undefined;
  /** Refuses calls while the gateway is overloaded. By default none is refused. */
  readonly admission?: AdmissionControl | undefined;
  /** Runs the subscriptions of endpoints. By default there are none. */
  readonly subscriptions?: EndpointSubscriptions | undefined;
  /** Whether identical reads in flight share one execution. Default true. */
  readonly shareReads?: boolean;
  /** Smallest response body that is compressed, in bytes; `undefined` disables compression. Default 1,024. */
  readonly compressFrom?: number | undefined;
  /** HTTP statuses for error codes of sources, in addition to the built-in ones. */
  readonly errorStatus?: ErrorStatus | undefined;
  /** Size of the in-memory response cache, in bytes; 0 disables caching. With `redis`, only 0 matters. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** The response cache of the gateway. Default: a store of their own, in memory or `redis`. */
  readonly cacheStore?: CacheStore | undefined;
  /** Returns what else decides which operations may run, and what comes of them: a cached response is only used while it is the same. */
  readonly rules?: (() => string) | undefined;
  /** Configuration that endpoints are checked against. */
  readonly endpointConfig?: EndpointConfig;
  /** The most by which times of cached responses are shortened at random, as a share. Default: 0 */
  readonly cacheJitter?: number | undefined;
  /** The header that tells a CDN the tags of cached responses. Default: none */
  readonly cacheTagHeader?: TagHeader | undefined;
  /** Redis that stores responses and idempotency keys for all processes. Default: in memory. */
  readonly redis?: SharedRedis | undefined;
  /** Store of idempotency keys when `redis` is not set. Default: the memory of this process. */
  readonly keyStore?: KeyStore | undefined;
  /** Limiter for `rate_limit`. Default: a new in-memory one. */
  readonly limiter?: Limiter | undefined;
  /** Whether responses have `RateLimit` headers. Default true. */
  readonly limitHeaders?: boolean;
  /** Kinds of credentials that a 401 response asks for. Default: tokens. */
  readonly acceptedCredentials?: AcceptedCredentials;
  /** Whether `/bff/docs` and `/bff/openapi.json` are served. Default true. */
  readonly docs?: boolean;
  /** Title, version, servers and other settings of the OpenAPI documents. */
  readonly documentSettings?: DocumentSettings;
  /** Whether `/demo` serves the page with both dashboards of the demo. Default false. */
  readonly demo?: boolean;
  /** Token that allows purging over HTTP; `undefined` disables it. */
  readonly purgeToken?: string | undefined;
  /** Purges all caches of the gateway by tags, for purge requests over HTTP. Default: only this cache. */
  readonly purgeEverywhere?: ((tags: readonly string[]) => Promise<number>) | undefined;
  /** Called for each look-up in the cache of responses, with the id of the endpoint. */
  readonly onCache?: ((endpoint: string, outcome: CacheOutcome) => void) | undefined;
  /** Called when a policy rejects a request, with the policy and the reason. The limiter reports rate limits itself. */
  readonly onRefused?: CountRefusal | undefined;
  /** Counts a request to an endpoint. */
  readonly countUse?: BffContext['countUse'];
  /** Returns milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** Backends for frontends: the REST endpoints of the `bff/` folder. */
export interface Bff {
  /**
   * Handles a request to a path under `/bff`; returns false for other paths, without touching the response.
   * @param client identity and address of the client
   * @param notes filled with facts for the access log
   */
  handle(req: IncomingMessage, res: ServerResponse, client?: ClientInfo, notes?: RequestNotes): boolean;
  /** Returns the CORS policy of `client.yaml` for a path; `undefined` where the gateway's policies apply. */
  cors(path: string): Cors | undefined;
  /** Checks the endpoints against an engine before it becomes the current one, in steps. */
  prepare(engine: Engine): Steps<void>;
  /**
   * Reads the folder again. Requests in flight keep the endpoints that they started with.
   * @param keepsWorking whether the previous endpoints stay if one that works would not work any longer because of a problem
   * @returns the problems because of which the previous endpoints stay; empty if the folder was read
   */
  reload(options?: { readonly keepsWorking: boolean }): Promise<readonly Problem[]>;
  /** Returns the endpoints that are valid for the current schema; none while no schema is loaded. */
  endpoints(): readonly Endpoint[];
  /** Removes cached responses that have one of the tags; resolves with their number. */
  purge(tags: readonly string[]): Promise<number>;
}

const DEFAULTS = {
  timeoutMs: 30_000,
  keepAliveMs: 15_000,
  maxRequestBytes: 2 ** 20,
  compressFrom: 1_024,
  cacheBytes: 64 * 2 ** 20,
};

/**
 * Serves the endpoints of the `bff/` folder.
 * Rejects when the folder exists but cannot be read; problems in its files are reported to `onProblems`.
 */
export async function createBff(options: BffOptions): Promise<Bff> {
  const bff = createContext(options);
  const endpoints = new CurrentEndpoints(options);
  await endpoints.read();
  return {
    handle(req, res, client, notes = emptyNotes()) {
      const url = req.url ?? '/';
      const route = pathOf(url);
      if (!isBelow(route, '/bff')) return options.demo === true && serveDemo(req, res, route, bff);
      const path = bff.pathPrefix + route;
      const call = { req, res, path, route, query: queryOf(url), requestId: ownRequestId(req, res), client, notes };
      void respond(call, endpoints, bff, options.logger);
      return true;
    },
    cors(path) {
      const snapshot = endpoints.snapshot();
      return snapshot && policyAt(snapshot.cors, path);
    },
    prepare: (engine) => endpoints.prepare(engine),
    reload: (given) => endpoints.read(given),
    endpoints: () => endpoints.snapshot()?.loaded.endpoints ?? [],
    purge: async (tags) => (await bff.cache?.purge(tags)) ?? 0,
  };
}

/** Responds to a call. Never rejects: an unexpected error is logged, and the client gets a 500. */
async function respond(
  call: Call,
  endpoints: CurrentEndpoints,
  bff: BffContext,
  logger: BffOptions['logger'],
): Promise<void> {
  const { res, notes } = call;
  try {
    const response = await routeCall(call, endpoints.snapshot(call.client), bff);
    if (response === undefined) return;
    if (response.errors) notes.errors = response.errors;
    if (notes.record) notes.record.responseCache = outcomeOf(response.headers['cache-status']);
    notes.record?.begin('respond');
    await send(call, response, bff);
  } catch (error) {
    if (res.destroyed) return;
    const code = error instanceof GatewayError ? error.code : 'INTERNAL_SERVER_ERROR';
    notes.errors = [{ extensions: { code } }];
    if (error instanceof GatewayError) {
      const { status, kind, message: detail, headers } = error;
      noteRefusal(notes, error);
      void send(call, problemResponse({ status, kind, detail, headers }, call.path), bff);
      return;
    }
    const { endpoint, operation } = notes;
    const { requestId } = call;
    const { traceId } = notes;
    const ids = traceId === undefined ? { requestId } : { requestId, traceId };
    logger?.error({ ...ids, endpoint, operation: operation?.name, err: error }, 'A BFF endpoint failed');
    void send(call, problemResponse(FAILED, call.path), bff);
  }
}

/** Sends the response of a call, with its timings and its debug trace where it has these. */
function send({ req, res, notes }: Call, response: EndpointResponse, bff: BffContext): void | Promise<void> {
  const { record, debug } = notes;
  const timing = bff.dev ? serverTiming(record, response.timings) : '';
  if (timing !== '' && !res.headersSent) res.setHeader('server-timing', timing);
  const shown = debug && notes.endpoint !== undefined ? withDebugTrace(response, debug) : response;
  return sendRepresentation(req, res, shown, bff);
}

/** Serves `/demo`; returns false for other paths. */
function serveDemo(req: IncomingMessage, res: ServerResponse, path: string, bff: BffContext): boolean {
  if (path !== '/demo') return false;
  void sendRepresentation(req, res, refuseMethod(req.method, path) ?? DEMO_RESPONSE, bff);
  return true;
}

function createContext(options: BffOptions): BffContext {
  const { redis, now, cacheBytes = DEFAULTS.cacheBytes, cacheJitter: jitter, cacheTagHeader: tagHeader } = options;
  const store = createEndpointStore(options.cacheStore ?? ownStore(options));
  const onError = (err: unknown) => options.logger?.error({ err }, 'Could not refresh a cached BFF response');
  const cache =
    cacheBytes > 0
      ? createResponseCache({ store, now, jitter, tagHeader, onError, onOutcome: options.onCache })
      : undefined;
  return {
    dev: options.dev ?? process.env.NODE_ENV !== 'production',
    pathPrefix: options.pathPrefix ?? '',
    hidesDetails: options.hidesDetails ?? false,
    timeoutMs: options.timeoutMs ?? DEFAULTS.timeoutMs,
    keepAliveMs: options.keepAliveMs ?? DEFAULTS.keepAliveMs,
    maxRequestBytes: options.maxRequestBytes ?? DEFAULTS.maxRequestBytes,
    byteBudget: options.byteBudget,
    admission: options.admission,
    subscriptions: options.subscriptions,
    shareReads: options.shareReads ?? true,
    compressFrom: 'compressFrom' in options ? options.compressFrom : DEFAULTS.compressFrom,
    errorStatus: options.errorStatus,
    docs: options.docs ?? true,
    documentSettings: options.documentSettings ?? {},
    purgeToken: options.purgeToken,
    acceptedCredentials: options.acceptedCredentials ?? TOKENS_ONLY,
    purge: options.purgeEverywhere ?? (async (tags) => (await cache?.purge(tags)) ?? 0),
    cache,
    onRefused: options.onRefused,
    countUse: options.countUse,
    idempotency: new IdempotentExecutor(
      redis ? createRedisKeyStore(redis) : (options.keyStore ?? createMemoryKeyStore()),
    ),
    limiter: options.limiter ?? createMemoryLimiter(now === undefined ? {} : { now }),
    limitHeaders: options.limitHeaders ?? true,
    sharedExecutions: new SharedExecutions(),
  };
}

/** Returns the store of a BFF that shares none with the response cache of subgraphs. */
function ownStore({ redis, now, cacheBytes = DEFAULTS.cacheBytes }: BffOptions): CacheStore {
  if (redis === undefined) return new MemoryStore({ maxBytes: Math.max(1, cacheBytes), now });
  return new RedisStore({ redis, timeoutMs: redis.commandMs, compressFrom: Number.POSITIVE_INFINITY, now });
}

/** Returns the request id that the server has set, else the one that the client has sent, else a new one. */
function ownRequestId(req: IncomingMessage, res: ServerResponse): string {
  const given = res.getHeader('x-request-id');
  if (typeof given === 'string' && given !== '') return given;
  const id = requestIdOf(req.headers);
  res.setHeader('x-request-id', id);
  return id;
}
