import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DependsOn } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import type { Problem } from '../config/problem.ts';
import type { Engine } from '../pipeline/engine.ts';
import type { Limiter } from '../policy/rate-limits/limiter.ts';
import { createMemoryLimiter } from '../policy/rate-limits/memory-limiter.ts';
import type { Cors } from '../policy/requests/cors.ts';
import { requestIdOf } from '../shared/request-id.ts';
import { emptyNotes, type RequestNotes } from '../shared/request-notes.ts';
import { runInSlices } from '../shared/slices.ts';
import { runToEnd, type Steps } from '../shared/steps.ts';
import { pathOf, queryOf } from '../shared/url-path.ts';
import type { SharedRedis } from '../store/redis.ts';
import { KnownRequests } from './caching/known-requests.ts';
import { createMemoryStore } from './caching/memory-store.ts';
import { createRedisStore } from './caching/redis-store.ts';
import { type CacheOutcome, createResponseCache } from './caching/response-cache.ts';
import { DEMO_RESPONSE } from './demo/demo-page.ts';
import type { EndpointConfig } from './endpoints/config-check.ts';
import { compileEndpointsInSteps, type Endpoint } from './endpoints/endpoints.ts';
import { type EndpointFolder, readEndpointFolder } from './endpoints/folder.ts';
import { buildRoutingTable } from './endpoints/router.ts';
import type { BffContext, Call, CountRefusal, EndpointSnapshot } from './handlers/call.ts';
import { type AcceptedCredentials, TOKENS_ONLY } from './handlers/challenge.ts';
import { routeCall } from './handlers/route-call.ts';
import { SharedExecutions } from './handlers/shared-executions.ts';
import type { ErrorStatus } from './handlers/source-status.ts';
import {
  createMemoryKeyStore,
  createRedisKeyStore,
  IdempotentExecutor,
  type KeyStore,
} from './idempotency/idempotency.ts';
import type { DocumentSettings } from './openapi/document-settings.ts';
import { defaultHeadersOf } from './responses/client-headers.ts';
import { clientPolicies, policyAt } from './responses/cors.ts';
import { problemResponse } from './responses/endpoint-response.ts';
import { refuseMethod } from './responses/methods.ts';
import { send } from './responses/send.ts';
import { type LoadedShapes, loadShapes } from './shapes/load-shapes.ts';

/** Options of the BFF. */
export interface BffOptions {
  /** The folder with one folder for each client. */
  readonly dir: string;
  /** Returns the current engine. Endpoints are checked again when it changes. */
  readonly engine: () => Engine | undefined;
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
  /** Whether identical reads in flight share one execution. Default true. */
  readonly shareReads?: boolean;
  /** Smallest response body that is compressed, in bytes; `undefined` disables compression. Default 1,024. */
  readonly compressFrom?: number | undefined;
  /** HTTP statuses for error codes of sources, in addition to the built-in ones. */
  readonly errorStatus?: ErrorStatus | undefined;
  /** Size of the in-memory response cache, in bytes; 0 disables caching. With `redis`, only 0 matters. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Configuration that endpoints are checked against. */
  readonly endpointConfig?: EndpointConfig;
  /** Request properties that are forwarded to sources, so that responses depend on them. Default: none. */
  readonly forwarding?: DependsOn | undefined;
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
  readonly onCache?: ((outcome: CacheOutcome) => void) | undefined;
  /** Called when a policy rejects a request, with the policy and the reason. The limiter reports rate limits itself. */
  readonly onRefused?: CountRefusal | undefined;
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
  /** Reads the folder again. Requests in flight keep the endpoints that they started with. */
  reload(): Promise<void>;
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
  let folder: EndpointFolder;
  let shapes: LoadedShapes;
  let snapshot: EndpointSnapshot | undefined;
  /** Endpoints for an engine or a folder that is not in use yet. */
  let prepared: EndpointSnapshot | undefined;

  async function read(): Promise<void> {
    const found = readEndpointFolder(options.dir);
    const loaded = await loadShapes(found.shapes);
    const engine = options.engine();
    if (engine) prepared = await runInSlices(checkAgainst(engine, found, loaded, options), undefined, 1);
    folder = found;
    shapes = loaded;
    serve();
  }

  function* prepare(engine: Engine): Steps<void> {
    prepared = yield* checkAgainst(engine, folder, shapes, options);
  }

  function serve(): EndpointSnapshot | undefined {
    const engine = options.engine();
    if (engine === undefined) return undefined;
    if (snapshot?.engine === engine && snapshot.folder === folder) return snapshot;
    const isPrepared = prepared?.engine === engine && prepared.folder === folder;
    snapshot = isPrepared && prepared ? prepared : runToEnd(checkAgainst(engine, folder, shapes, options));
    prepared = undefined;
    options.onProblems?.(snapshot.loaded.problems);
    return snapshot;
  }

  async function respond(call: Call): Promise<void> {
    const { req, res } = call;
    try {
      const response = await routeCall(call, serve(), bff);
      if (response?.errors) call.notes.errors = response.errors;
      if (response) await send(req, res, response, bff);
    } catch (error) {
      if (res.destroyed) return;
      options.logger?.error({ err: error, requestId: call.requestId }, 'A BFF endpoint failed');
      const problem = { status: 500, kind: 'failed', detail: 'The gateway could not create the response.' };
      void send(req, res, problemResponse(problem, call.path), bff);
    }
  }

  await read();
  return {
    handle(req, res, client, notes = emptyNotes()) {
      const url = req.url ?? '/';
      const path = pathOf(url);
      if (path !== '/bff' && !path.startsWith('/bff/')) {
        if (!options.demo || path !== '/demo') return false;
        void send(req, res, refuseMethod(req.method, path) ?? DEMO_RESPONSE, bff);
        return true;
      }
      const query = queryOf(url);
      void respond({
        req,
        res,
        path: bff.pathPrefix + path,
        route: path,
        query,
        requestId: ownRequestId(req, res),
        client,
        notes,
      });
      return true;
    },
    cors(path) {
      const current = serve();
      return current && policyAt(current.cors, path);
    },
    prepare,
    reload: read,
    endpoints: () => serve()?.loaded.endpoints ?? [],
    purge: async (tags) => (await bff.cache?.purge(tags)) ?? 0,
  };
}

function createContext(options: BffOptions): BffContext {
  const { redis, now, cacheBytes = DEFAULTS.cacheBytes } = options;
  const store = redis ? createRedisStore(redis) : createMemoryStore({ maxBytes: cacheBytes, now });
  const onError = (err: unknown) => options.logger?.error({ err }, 'Could not refresh a cached BFF response');
  const cache = cacheBytes > 0 ? createResponseCache({ store, now, onError, onOutcome: options.onCache }) : undefined;
  return {
    dev: options.dev ?? process.env.NODE_ENV !== 'production',
    pathPrefix: options.pathPrefix ?? '',
    hidesDetails: options.hidesDetails ?? false,
    timeoutMs: options.timeoutMs ?? DEFAULTS.timeoutMs,
    keepAliveMs: options.keepAliveMs ?? DEFAULTS.keepAliveMs,
    maxRequestBytes: options.maxRequestBytes ?? DEFAULTS.maxRequestBytes,
    shareReads: options.shareReads ?? true,
    compressFrom: 'compressFrom' in options ? options.compressFrom : DEFAULTS.compressFrom,
    dependsOn: options.forwarding,
    errorStatus: options.errorStatus,
    docs: options.docs ?? true,
    documentSettings: options.documentSettings ?? {},
    purgeToken: options.purgeToken,
    acceptedCredentials: options.acceptedCredentials ?? TOKENS_ONLY,
    purge: options.purgeEverywhere ?? (async (tags) => (await cache?.purge(tags)) ?? 0),
    cache,
    onRefused: options.onRefused,
    idempotency: new IdempotentExecutor(
      redis ? createRedisKeyStore(redis) : (options.keyStore ?? createMemoryKeyStore()),
    ),
    limiter: options.limiter ?? createMemoryLimiter(now === undefined ? {} : { now }),
    limitHeaders: options.limitHeaders ?? true,
    sharedExecutions: new SharedExecutions(),
  };
}

function* checkAgainst(
  engine: Engine,
  folder: EndpointFolder,
  shapes: LoadedShapes,
  { endpointConfig, onRefused }: Pick<BffOptions, 'endpointConfig' | 'onRefused'>,
): Steps<EndpointSnapshot> {
  const loaded = yield* compileEndpointsInSteps(folder, engine.supergraph, { ...endpointConfig, shapes });
  const defaultHeaders = new Map<string, ReadonlyMap<string, string>>();
  for (const { client, version, settings } of [...loaded.endpoints, ...loaded.broken]) {
    const headers = defaultHeadersOf(settings, version);
    if (headers) defaultHeaders.set(version === undefined ? client : `${client}/${version}`, headers);
  }
  const digest = hash('sha256', `${folder.digest}\n${engine.supergraph.sdl}`, 'base64url');
  const table = buildRoutingTable(loaded);
  const cors = clientPolicies(table, onRefused);
  return { engine, folder, loaded, table, digest, knownRequests: new KnownRequests(), defaultHeaders, cors };
}

/** Returns the request id that the server has set, else the one that the client has sent, else a new one. */
function ownRequestId(req: IncomingMessage, res: ServerResponse): string {
  const given = res.getHeader('x-request-id');
  if (typeof given === 'string' && given !== '') return given;
  const id = requestIdOf(req.headers);
  res.setHeader('x-request-id', id);
  return id;
}
