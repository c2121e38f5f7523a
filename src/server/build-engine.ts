import type { Config } from '../config/config.ts';
import { heedsHeadersOf } from '../config/sections/cache-control.ts';
import { apiSettings, cachesAnswers } from '../config/sections/connectors.ts';
import { includesErrorsOf } from '../config/sections/include-subgraph-errors.ts';
import { activeLabels, percentKey } from '../config/sections/override-labels.ts';
import { subgraphTraffic } from '../config/sections/traffic-shaping.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { StartQueue } from '../executor/start-queue.ts';
import { returnHeaders } from '../policy/headers/response-headers.ts';
import type { RateLimits } from '../policy/rate-limits/rate-limits.ts';
import { createHttpPools, type HttpPools } from '../sources/http/http-pools.ts';
import { createHttpSource } from '../sources/http/http-source.ts';
import { ApiCache } from '../sources/rest/cache/api-cache.ts';
import { memoryKeeper, redisKeeper } from '../sources/rest/cache/keeper.ts';
import { createRestSource } from '../sources/rest/rest-source.ts';
import type { Source } from '../sources/source.ts';
import type { SharedRedis } from '../store/redis.ts';
import { readSupergraph, type Subgraph } from '../supergraph/supergraph.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { measureFetches } from '../traffic/measure-fetches.ts';
import { shareInFlight } from '../traffic/share-in-flight.ts';
import { tellFreshness, tellFreshnessByHeaders } from '../traffic/tell-freshness.ts';
import { openAnswerBudget } from './answer-memory.ts';
import { unknownConnectors } from './connector-facts.ts';
import type { EnginePolicies } from './engine-policies.ts';
import type { EngineFactory } from './gateway.ts';
import type { HeaderRules } from './header-rules.ts';
import { addressOf, asSubgraph } from './service-source.ts';
import { unknownSubgraphs } from './unknown-subgraphs.ts';

/** What engines share with the rest of the gateway. */
export interface EngineParts {
  readonly rateLimits: RateLimits;
  readonly redis: SharedRedis | undefined;
  readonly instruments: Instruments | undefined;
}

/** Engines whose subgraphs are reached over HTTP, as the config says. Connections outlive a change of the schema. */
export function engineFactory(
  config: Config,
  logger: Logger,
  rules: HeaderRules,
  policies: EnginePolicies,
  { rateLimits, redis, instruments }: EngineParts,
): EngineFactory {
  const pools = createHttpPools();
  const answerBudget = openAnswerBudget(config, logger);
  const starts = new StartQueue();
  const apiCache = cachesAnswers(config.connectors) ? openApiCache(config.connectors, redis) : undefined;
  return (update) => {
    const supergraph = readSupergraph(update.sdl);
    const unknown = unknownConnectors(config.connectors, supergraph);
    if (unknown.length > 0) logger.warn({ unknown }, 'connectors in the config that no schema file has: not heeded');
    warnOfMisnamed(config, supergraph.subgraphs, logger);
    const sources = openSources(supergraph.subgraphs, { config, pools, rules, rateLimits, apiCache, instruments });
    const close = () => closeAll(sources);
    try {
      const engine = createEngine({
        supergraph,
        sources,
        introspection: config.supergraph.introspection,
        contracts: config.contracts,
        overrideLabels: (labels, client) => activeLabels(config.override_labels, labels, client.headers),
        overridePercentBy: (client) => percentKey(config.override_labels, client.headers),
        ...policies,
        answerBudget,
        starts,
        answerLife: answerLife(config, supergraph.subgraphs),
        includesErrorsOf: (subgraph) => includesErrorsOf(config.include_subgraph_errors, subgraph, !config.production),
        onErrorsWithheld: (errors, client) =>
          logger.warn(
            { requestId: client.requestId, count: errors.length, errors: errors.slice(0, MOST_LOGGED) },
            'errors of subgraphs, withheld from the client',
          ),
        onInternalError: (err, client) =>
          logger.error({ requestId: client.requestId, err }, 'operation failed inside the gateway'),
      });
      return { engine, close };
    } catch (error) {
      void close();
      throw error;
    }
  };
}

/** A line of the log shows this many errors of one request, and says how many there were. */
const MOST_LOGGED = 20;

function warnOfMisnamed(config: Config, subgraphs: readonly Subgraph[], logger: Logger): void {
  const names = subgraphs.map(({ name }) => name);
  const unknown = unknownSubgraphs(config, names).map((path) => path.join('.'));
  if (unknown.length > 0) logger.warn({ unknown }, 'subgraphs in the config that the graph has not: not heeded');
}

/** What every source of an engine is made with. */
interface Supplies {
  readonly config: Config;
  readonly pools: HttpPools;
  readonly rules: HeaderRules;
  readonly rateLimits: RateLimits;
  readonly apiCache: ApiCache | undefined;
  readonly instruments: Instruments | undefined;
}

/** Throws a `TypeError` for a subgraph without a usable URL; those opened before are closed again. */
function openSources(subgraphs: readonly Subgraph[], supplies: Supplies): Map<string, Source> {
  const sources = new Map<string, Source>();
  try {
    for (const subgraph of subgraphs) sources.set(subgraph.name, openSource(subgraph, supplies));
  } catch (error) {
    void closeAll(sources);
    throw error;
  }
  return sources;
}

function openSource(subgraph: Subgraph, { config, pools, rules, rateLimits, apiCache, instruments }: Supplies): Source {
  const { name, inProcess } = subgraph;
  const traffic = subgraphTraffic(config.traffic_shaping, name);
  const own = Object.hasOwn(config.subgraphs, name) ? config.subgraphs[name] : undefined;
  const { request, response } = rules;
  const forward = request.forSubgraph(name);
  const compression = {
    request: traffic.compression === 'identity' ? undefined : traffic.compression,
    accept: traffic.accept_encoding,
  };
  const measured = (source: Source) => (instruments ? measureFetches(source, instruments) : source);
  if (inProcess?.kind === 'rest') {
    const settingsOf = (api: string | undefined) => apiSettings(config.connectors, name, api);
    const { sdl } = inProcess;
    const rest = createRestSource({
      ...{ name, sdl, timeoutMs: traffic.timeout, pools, settingsOf, forward },
      cache: apiCache,
      compression,
    });
    const limited = rateLimits.limitSource(measured(rest));
    const shares = traffic.deduplicate_query && rest.tellsApart;
    return tellFreshness(shares ? shareInFlight(limited, { forward: shares }) : limited);
  }
  const heeded = heedsHeadersOf(config.cache_control, name);
  const source = createHttpSource({
    name,
    url: own?.url ?? addressOf(subgraph),
    timeoutMs: traffic.timeout,
    pools,
    forward,
    compression,
    keepsHeaders: response !== undefined || heeded,
  });
  // a cookie is for the one client that asked
  const shares = traffic.deduplicate_query && response?.passesCookies !== true;
  const limited = rateLimits.limitSource(measured(source));
  const shared = shares ? shareInFlight(limited, { forward }) : limited;
  const returned = response ? returnHeaders(shared) : shared;
  return asSubgraph(subgraph, heeded ? tellFreshnessByHeaders(returned, forward) : returned, traffic.timeout);
}

/** Answers of REST APIs outlive a change of the schema, too. */
function openApiCache({ cache }: Config['connectors'], redis: SharedRedis | undefined): ApiCache {
  return new ApiCache(cache.redis && redis ? redisKeeper(redis) : memoryKeeper(cache.max_bytes));
}

/** REST APIs say with each answer how long it holds, and subgraphs whose headers are heeded. */
function answerLife({ cache_control }: Config, subgraphs: readonly Subgraph[]): EngineOptions['answerLife'] {
  if (!cache_control.enabled) return undefined;
  const speaks = ({ name, inProcess }: Subgraph) => inProcess?.kind === 'rest' || heedsHeadersOf(cache_control, name);
  return { speaking: new Set(subgraphs.filter(speaks).map(({ name }) => name)) };
}

async function closeAll(sources: ReadonlyMap<string, Source>): Promise<void> {
  await Promise.all([...sources.values()].map((source) => source.close()));
}
