import { hash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DependsOn } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import type { Problem } from '../config/problem.ts';
import type { Engine } from '../pipeline/engine.ts';
import type { Limiter } from '../policy/rate-limits/limiter.ts';
import { createMemoryLimiter } from '../policy/rate-limits/memory-limiter.ts';
import type { Cors } from '../policy/requests/cors.ts';
import { emptyNotes, type RequestNotes } from '../shared/request-notes.ts';
import type { SharedRedis } from '../store/redis.ts';
import { type CacheOutcome, createResponseCache } from './caching/answer-cache.ts';
import { KnownRequests } from './caching/known-requests.ts';
import { createMemoryStore } from './caching/memory-store.ts';
import { createRedisStore } from './caching/redis-store.ts';
import { DEMO_REPLY } from './demo/demo-page.ts';
import type { ConfiguredForEndpoints } from './endpoints/config-fit.ts';
import { compileEndpoints, type Endpoint } from './endpoints/endpoints.ts';
import { type EndpointFolder, readEndpointFolder } from './endpoints/folder.ts';
import { buildRoutingTable } from './endpoints/router.ts';
import type { BffContext, Call, CountRefusal, EndpointSnapshot } from './handlers/call.ts';
import { type AcceptedCredentials, TOKENS_ONLY } from './handlers/challenge.ts';
import { SharedExecutions } from './handlers/flights.ts';
import { replyTo } from './handlers/route-call.ts';
import type { ErrorStatus } from './handlers/source-status.ts';
import { createMemoryKeyStore, createRedisKeyStore, type KeyStore, Once } from './idempotency/idempotency.ts';
import type { DocumentSettings } from './openapi/document-settings.ts';
import { defaultHeadersOf } from './responses/client-headers.ts';
import { clientPolicies, policyAt } from './responses/cors.ts';
import { refuseMethod } from './responses/methods.ts';
import { problemResponse } from './responses/reply.ts';
import { send } from './responses/send.ts';
import { type LoadedShapes, loadShapes } from './shapes/load-shapes.ts';

export interface BffOptions {
  /** The folder with one folder for each client. */
  readonly dir: string;
  /** The engine in force; endpoints are checked again when another one comes. */
  readonly engine: () => Engine | undefined;
  /** Called each time the endpoints have been checked, with everything that is wrong: an empty list is good news. */
  readonly onProblems?: (problems: readonly Problem[]) => void;
  readonly logger?: { error(details: object, message: string): void };
  /** Whether problems tell of files and of endpoints with similar paths. By default, unless `NODE_ENV=production`. */
  readonly dev?: boolean;
  /** Where a proxy shows the gateway, such as `/shop-api`: links begin with it. */
  readonly pathPrefix?: string | undefined;
  /** Whether answers suggest nothing, nor name what else there is. Default false. */
  readonly hidesDetails?: boolean;
  /** How long the engine may take for one request, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** How often a stream of events shows that it is alive, in milliseconds. Default 15,000. */
  readonly keepAliveMs?: number;
  /** Largest request body in bytes. Default 1 MiB. */
  readonly maxRequestBytes?: number;
  /** Whether identical reads in flight share one execution. Default true. */
  readonly shareReads?: boolean;
  /** Answers shorter than this, in bytes, are not compressed; `undefined`: none are. Default 1,024. */
  readonly compressFrom?: number | undefined;
  /** Statuses of answers for errors of sources, by code; beside those that are known. */
  readonly errorStatus?: ErrorStatus | undefined;
  /** Most memory for kept answers, in bytes; 0: none are kept. Not with `redis`. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** What else is configured that endpoints have to do with. */
  readonly configured?: ConfiguredForEndpoints;
  /** What answers depend on beside their parameters: what sources are sent of requests. Nothing by default. */
  readonly forwarding?: DependsOn | undefined;
  /** Where answers and idempotency keys are kept for all processes; in memory without it. */
  readonly redis?: SharedRedis | undefined;
  /** Where idempotency keys are kept when `redis` is not set: by default, in the memory of this process. */
  readonly keyStore?: KeyStore | undefined;
  /** Counts for `rate_limit`; one of its own by default. */
  readonly limiter?: Limiter | undefined;
  /** Whether answers say what `rate_limit` leaves. Default true. */
  readonly limitHeaders?: boolean;
  /** What somebody who is not known is told to send. By default a token. */
  readonly accepted?: AcceptedCredentials;
  /** Whether `/bff/docs` and `/bff/openapi.json` are served. Default true. */
  readonly docs?: boolean;
  /** What OpenAPI documents say beside the endpoints: their title, version, servers. */
  readonly documented?: DocumentSettings;
  /** Whether `/demo` shows both dashboards of the demo. Default false. */
  readonly demo?: boolean;
  /** Who has it may purge over HTTP; without it nobody may. */
  readonly purgeToken?: string | undefined;
  /** Purges everywhere when it is asked for over HTTP, where others keep answers as well. */
  readonly purgeEverywhere?: ((tags: readonly string[]) => Promise<number>) | undefined;
  readonly onCache?: ((outcome: CacheOutcome) => void) | undefined;
  /** Told of what is refused to a client by which policy, and why; of rate limits the limiter tells. */
  readonly onRefused?: CountRefusal | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Bff {
  /**
   * Answers everything under `/bff`; false for other paths, which are left alone. `client` is what is known of who asks; `notes`
   * are written for the log.
   */
  handle(req: IncomingMessage, res: ServerResponse, client?: ClientInfo, notes?: RequestNotes): boolean;
  /** What web pages may do at a path, where its client has `cors` in `client.yaml`: in place of the gateway's own policies. */
  cors(path: string): Cors | undefined;
  /** Reads the folder again. Requests under way keep the endpoints that they began with. */
  reload(): Promise<void>;
  /** The endpoints that fit the schema in force; none while there is no schema. */
  endpoints(): readonly Endpoint[];
  /** Forgets kept answers that bear one of the tags; resolves with how many these were. */
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
 * Rejects when the folder is there but cannot be read; mistakes in its files go to `onProblems`.
 */
export async function createBff(options: BffOptions): Promise<Bff> {
  const bff = deskOf(options);
  let folder: EndpointFolder;
  let shapes: LoadedShapes;
  let served: EndpointSnapshot | undefined;

  async function read(): Promise<void> {
    const found = readEndpointFolder(options.dir);
    const loaded = await loadShapes(found.shapes);
    folder = found;
    shapes = loaded;
    serve();
  }

  function serve(): EndpointSnapshot | undefined {
    const engine = options.engine();
    if (engine === undefined) return undefined;
    if (served?.engine === engine && served.folder === folder) return served;
    served = checkAgainst(engine, folder, shapes, options);
    options.onProblems?.(served.loaded.problems);
    return served;
  }

  async function answer(call: Call): Promise<void> {
    const { req, res } = call;
    try {
      const response = await replyTo(call, serve(), bff);
      if (response?.errors) call.notes.errors = response.errors;
      if (response) await send(req, res, response, bff);
    } catch (error) {
      if (res.destroyed) return;
      options.logger?.error({ err: error, requestId: call.requestId }, 'A BFF endpoint failed');
      const problem = { status: 500, kind: 'failed', detail: 'The answer could not be made.' };
      void send(req, res, problemResponse(problem, call.path), bff);
    }
  }

  await read();
  return {
    handle(req, res, client, notes = emptyNotes()) {
      const url = req.url ?? '/';
      const mark = url.indexOf('?');
      const path = mark < 0 ? url : url.slice(0, mark);
      if (path !== '/bff' && !path.startsWith('/bff/')) {
        if (!options.demo || path !== '/demo') return false;
        void send(req, res, refuseMethod(req.method, path) ?? DEMO_REPLY, bff);
        return true;
      }
      const query = mark < 0 ? '' : url.slice(mark + 1);
      void answer({
        req,
        res,
        path: bff.pathPrefix + path,
        route: path,
        query,
        requestId: requestIdOf(req, res),
        client,
        notes,
      });
      return true;
    },
    cors(path) {
      const current = serve();
      return current && policyAt(current.cors, path);
    },
    reload: read,
    endpoints: () => serve()?.loaded.endpoints ?? [],
    purge: async (tags) => (await bff.cache?.purge(tags)) ?? 0,
  };
}

function deskOf(options: BffOptions): BffContext {
  const { redis, now, cacheBytes = DEFAULTS.cacheBytes } = options;
  const store = redis ? createRedisStore(redis) : createMemoryStore({ maxBytes: cacheBytes, now });
  const onError = (err: unknown) => options.logger?.error({ err }, 'A kept BFF answer could not be renewed');
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
    documented: options.documented ?? {},
    purgeToken: options.purgeToken,
    accepted: options.accepted ?? TOKENS_ONLY,
    purge: options.purgeEverywhere ?? (async (tags) => (await cache?.purge(tags)) ?? 0),
    cache,
    onRefused: options.onRefused,
    once: new Once(redis ? createRedisKeyStore(redis) : (options.keyStore ?? createMemoryKeyStore())),
    limiter: options.limiter ?? createMemoryLimiter(now === undefined ? {} : { now }),
    limitHeaders: options.limitHeaders ?? true,
    sharedExecutions: new SharedExecutions(),
  };
}

function checkAgainst(
  engine: Engine,
  folder: EndpointFolder,
  shapes: LoadedShapes,
  { configured, onRefused }: Pick<BffOptions, 'configured' | 'onRefused'>,
): EndpointSnapshot {
  const loaded = compileEndpoints(folder, engine.supergraph, { ...configured, shapes });
  const defaultHeaders = new Map<string, ReadonlyMap<string, string>>();
  for (const { client, version, settings } of [...loaded.endpoints, ...loaded.broken]) {
    const headers = defaultHeadersOf(settings, version);
    if (headers) defaultHeaders.set(version === undefined ? client : `${client}/${version}`, headers);
  }
  const digest = hash('sha256', `${folder.digest}\n${engine.supergraph.sdl}`, 'base64url');
  const table = buildRoutingTable(loaded);
  const cors = clientPolicies(table, onRefused);
  return { engine, folder, loaded, table, digest, known: new KnownRequests(), defaultHeaders, cors };
}

/** The id that the host has given the request, else the one that the client has sent, else a new one. */
function requestIdOf(req: IncomingMessage, res: ServerResponse): string {
  const given = res.getHeader('x-request-id') ?? req.headers['x-request-id'];
  const id = typeof given === 'string' && given !== '' ? given : randomUUID();
  if (!res.hasHeader('x-request-id')) res.setHeader('x-request-id', id);
  return id;
}
