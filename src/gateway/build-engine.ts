import type { GraphQLFormattedError } from 'graphql';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/load-config.ts';
import { respectsHeadersOf } from '../config/sections/cache-control.ts';
import { cacheBytes, cachesResponses } from '../config/sections/connectors.ts';
import { includesErrorsOf } from '../config/sections/include-subgraph-errors.ts';
import { activeLabels, percentKey } from '../config/sections/override-labels.ts';
import { subgraphTraffic } from '../config/sections/traffic-shaping.ts';
import { AdmissionQueue } from '../executor/admission-queue.ts';
import type { EngineOptions } from '../pipeline/engine.ts';
import { createEngineInSteps } from '../pipeline/pipeline.ts';
import type { RateLimits } from '../policy/rate-limits/rate-limits.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import type { Callbacks } from '../sources/callback/callbacks.ts';
import type { EventBroker } from '../sources/events/event-broker.ts';
import { createHttpPools } from '../sources/http/http-pools.ts';
import { ApiCache } from '../sources/rest/cache/api-cache.ts';
import { apiCacheStore, memoryCacheStore, redisCacheStore } from '../sources/rest/cache/cache-store.ts';
import type { ResponseObserver } from '../sources/source.ts';
import type { WebSocketPool } from '../sources/websocket/websocket-pool.ts';
import type { SharedRedis } from '../store/redis.ts';
import { readSupergraphInSteps, type Subgraph, type Supergraph } from '../supergraph/supergraph.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { requestFields } from '../telemetry/request-fields.ts';
import type { EndpointGroups } from '../traffic/endpoint-groups.ts';
import type { Outages } from '../traffic/outages.ts';
import type { TrafficState } from '../traffic/traffic-state.ts';
import { configMismatchesInSteps, hintMismatches } from './config-mismatches.ts';
import type { ConnectionCertificates } from './connection-certificates.ts';
import type { EnginePolicies } from './engine-policies.ts';
import type { EngineFactory } from './generations.ts';
import type { HeaderRules } from './header-rules.ts';
import { openMemoryBudget } from './memory-budget.ts';
import type { OpenCache } from './open-cache.ts';
import type { OpenPlugins } from './open-plugins.ts';
import { openSigners } from './open-signers.ts';
import { closeSources, openSources } from './open-sources.ts';
import type { OpenUsage } from './open-usage.ts';
import { requestReads } from './request-reads.ts';

/** Objects that engines share with the rest of the gateway. */
export interface EngineParts {
  readonly certificates: ConnectionCertificates;
  readonly rateLimits: RateLimits;
  readonly redis: SharedRedis | undefined;
  readonly instruments: Instruments | undefined;
  readonly outages: Outages;
  readonly trafficState: TrafficState;
  readonly endpoints: EndpointGroups;
  readonly responseObserver: ResponseObserver;
  readonly byteBudget?: ByteBudget | undefined;
  readonly webSockets: WebSocketPool;
  readonly callbacks?: Callbacks | undefined;
  readonly brokers: ReadonlyMap<string, EventBroker>;
  readonly plugins?: OpenPlugins | undefined;
  readonly cache?: OpenCache | undefined;
  /** Whether traces are on. */
  readonly isTraced?: boolean | undefined;
  readonly usage?: Pick<OpenUsage, 'useOf'> | undefined;
}

/**
 * Returns a factory of engines with the settings of the config. Engines share connections across schema changes. The factory throws
 * `ConfigError` for a supergraph without something that the config names.
 */
export function engineFactory(
  config: Config,
  logger: Logger,
  rules: HeaderRules,
  policies: EnginePolicies,
  parts: EngineParts,
): EngineFactory {
  const { rateLimits, responseObserver, plugins, isTraced, cache: responseCache } = parts;
  const { instruments, outages, trafficState, endpoints, byteBudget, certificates } = parts;
  const pools = createHttpPools();
  const signerOf = openSigners(config, logger);
  const memoryBudget = openMemoryBudget(config, logger);
  const admissionQueue = new AdmissionQueue();
  const apiCache = cachesResponses(config.connectors) ? openApiCache(config.connectors, parts) : undefined;
  return function* (update) {
    const supergraph = yield* readSupergraphInSteps(update.sdl, { hasDefer: config.defer.enabled });
    const mismatches = [...(yield* configMismatchesInSteps(config, supergraph)), ...hintMismatches(config, supergraph)];
    if (mismatches.length > 0) throw new ConfigError(mismatches);
    yield;
    const reads = requestReads(rules.request, rateLimits, config, supergraph);
    const cache = responseCache?.forSchema(supergraph, reads);
    const sources = yield* openSources(supergraph.subgraphs, {
      config,
      ...{ pools, certificates, signerOf },
      rules,
      rateLimits,
      apiCache,
      cache,
      instruments,
      outages,
      trafficState,
      endpoints,
      variantInstruments: instruments?.ofVariants,
      responseObserver,
      byteBudget,
      plugins: plugins !== undefined || isTraced === true,
      addsHeaders: plugins !== undefined,
      readsResponses: plugins?.readsResponses() ?? false,
      ...subscriptionParts(parts, supergraph),
    });
    const close = () => closeSources(sources);
    let isBuilt = false;
    try {
      const engine = yield* createEngineInSteps({
        supergraph,
        sources,
        introspection: config.supergraph.introspection,
        contracts: config.contracts,
        overrideLabels: (labels, client) => activeLabels(config.override_labels, labels, client.headers),
        overridePercentBy: (client) => percentKey(config.override_labels, client.headers),
        ...policies,
        noSubscriptions: noSubscriptions(config),
        memoryBudget,
        admissionQueue,
        responseObserver,
        requestReads: {
          ...reads,
          ofPlugins: plugins?.reads(),
        },
        cachePolicy: cachePolicy(config, supergraph.subgraphs),
        cachedSubgraphs: cache?.subgraphs,
        useOf: parts.usage?.useOf,
        namesOperationsOf: namesOperationsOf(config),
        onPlanned: instruments && ((ms) => instruments.operationPlanned(ms / 1_000)),
        ...errorHandling(config, logger, supergraph.subgraphs),
      });
      isBuilt = true;
      return { engine, close };
    } finally {
      // also where the rest of the steps is not run
      if (!isBuilt) void close();
    }
  };
}

function noSubscriptions({ subscription, yoga }: Config): string | undefined {
  if (!subscription.enabled) return 'Subscriptions cannot be executed here: subscription.enabled is false.';
  if (yoga.plugins.length === 0) return undefined;
  return 'Subscriptions cannot be executed with yoga.plugins, which could not see their events. Remove yoga.plugins to allow them.';
}

/** Returns what sources need for subscriptions. */
function subscriptionParts({ webSockets, callbacks, brokers }: EngineParts, { publicSchema }: Supergraph) {
  return { webSockets, callbacks, brokers, publicSchema };
}

/** Returns which errors of subgraphs clients see, and what is logged. */
function errorHandling(config: Config, logger: Logger, subgraphs: readonly Subgraph[]) {
  // the gateway itself writes the errors of events
  const events = new Set(subgraphs.flatMap((subgraph) => (subgraph.events ? [subgraph.name] : [])));
  return {
    includesErrorsOf: (subgraph) =>
      events.has(subgraph) || includesErrorsOf(config.include_subgraph_errors, subgraph, !config.production),
    onErrorsMasked: (all, client) => {
      const errors = all.filter(isLoggedByItself);
      if (errors.length === 0) return;
      logger.warn(
        { ...requestFields(client), count: errors.length, errors: errors.slice(0, MAX_LOGGED) },
        'errors of subgraphs, masked in the response',
      );
    },
    onInternalError: (err, client) =>
      logger.error({ ...requestFields(client), err }, 'operation failed inside the gateway'),
  } satisfies Partial<EngineOptions>;
}

/** Error codes of a subgraph outage, which is logged once and not for each request. */
const OUTAGE_CODES: ReadonlySet<unknown> = new Set([
  'SUBREQUEST_HTTP_ERROR',
  'SUBREQUEST_TIMEOUT',
  'SUBGRAPH_CIRCUIT_BREAKER_REJECTED',
  'SUBREQUEST_QUEUE_FULL',
]);

function isLoggedByItself({ extensions = {} }: GraphQLFormattedError): boolean {
  if (!OUTAGE_CODES.has(extensions.code)) return true;
  // a 4xx of an API is not an outage
  const status = (extensions.http as { readonly status?: number } | undefined)?.status;
  return extensions.connector !== undefined && status !== undefined && status < 500;
}

/** The most errors of one request in a line of the log, which also has their total number. */
const MAX_LOGGED = 20;

/** Creates the cache for responses of REST APIs: in the response cache, where that is on. It outlives schema changes. */
function openApiCache(
  connectors: Config['connectors'],
  { redis, cache: responseCache }: Pick<EngineParts, 'redis' | 'cache'>,
): ApiCache {
  const { cache } = connectors;
  if (responseCache) return new ApiCache(apiCacheStore(responseCache.store));
  return new ApiCache(cache.redis && redis ? redisCacheStore(redis) : memoryCacheStore(cacheBytes(connectors)));
}

/** Returns which subgraphs report how long responses may be cached: REST APIs, and subgraphs whose headers are respected. */
function cachePolicy({ cache_control }: Config, subgraphs: readonly Subgraph[]): EngineOptions['cachePolicy'] {
  if (!cache_control.enabled) return undefined;
  const reports = ({ name, inProcess }: Subgraph) =>
    inProcess?.kind === 'rest' || respectsHeadersOf(cache_control, name);
  return { reportsCacheControl: new Set(subgraphs.filter(reports).map(({ name }) => name)) };
}

/** Returns which subgraphs get operations with names; `undefined` where none does. */
function namesOperationsOf({ traffic_shaping: traffic }: Config): EngineOptions['namesOperationsOf'] {
  const isUsed = [traffic.all, ...Object.values(traffic.subgraphs)].some((settings) => settings.operation_names);
  return isUsed ? (subgraph) => subgraphTraffic(traffic, subgraph).operation_names : undefined;
}
