import type { Config } from '../config/config.ts';
import { respectsHeadersOf } from '../config/sections/cache-control.ts';
import { type ApiSettings, apiSettings } from '../config/sections/connectors.ts';
import { type SubgraphTraffic, subgraphTraffic } from '../config/sections/traffic-shaping.ts';
import { returnHeaders } from '../policy/headers/response-headers.ts';
import type { RateLimits } from '../policy/rate-limits/rate-limits.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import type { Steps } from '../shared/steps.ts';
import type { HttpPools } from '../sources/http/http-pools.ts';
import { createHttpSource } from '../sources/http/http-source.ts';
import type { ApiCache } from '../sources/rest/cache/api-cache.ts';
import { createRestSource } from '../sources/rest/rest-source.ts';
import type { ForwardHeaders, ResponseObserver, Source } from '../sources/source.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Outages } from '../traffic/outages.ts';
import { type StackParts, stack } from '../traffic/stack.ts';
import type { TrafficState } from '../traffic/traffic-state.ts';
import { apiLayer, callParts } from './call-layers.ts';
import type { HeaderRules } from './header-rules.ts';
import { addressOf, stitchLayer } from './service-source.ts';

/** Objects that all sources of an engine share. */
export interface SourceDependencies {
  readonly config: Config;
  readonly pools: HttpPools;
  readonly rules: HeaderRules;
  readonly rateLimits: RateLimits;
  readonly apiCache: ApiCache | undefined;
  readonly instruments: Instruments | undefined;
  readonly outages: Outages;
  readonly trafficState: TrafficState;
  readonly responseObserver: ResponseObserver;
  readonly byteBudget: ByteBudget | undefined;
}

/**
 * Opens the source of each subgraph, with the layers that the config enables. Throws a `TypeError` for a subgraph without a
 * usable URL, and closes the sources that were opened before.
 */
export function* openSources(
  subgraphs: readonly Subgraph[],
  dependencies: SourceDependencies,
): Steps<Map<string, Source>> {
  const sources = new Map<string, Source>();
  let areOpen = false;
  try {
    for (const subgraph of subgraphs) {
      sources.set(subgraph.name, openSource(subgraph, dependencies));
      yield;
    }
    areOpen = true;
    return sources;
  } finally {
    if (!areOpen) void closeSources(sources);
  }
}

export async function closeSources(sources: ReadonlyMap<string, Source>): Promise<void> {
  await Promise.all([...sources.values()].map((source) => source.close()));
}

/** Settings that both kinds of sources use. */
interface SourceSettings {
  readonly name: string;
  readonly traffic: SubgraphTraffic;
  readonly forward: ForwardHeaders | undefined;
}

function openSource(subgraph: Subgraph, dependencies: SourceDependencies): Source {
  const { name, inProcess } = subgraph;
  const { config, rules } = dependencies;
  const traffic = subgraphTraffic(config.traffic_shaping, name);
  const settings = { name, traffic, forward: rules.request.forSubgraph(name) };
  if (inProcess?.kind === 'rest') return openRestSource(inProcess.sdl, settings, dependencies);
  return openHttpSource(subgraph, settings, dependencies);
}

function openRestSource(sdl: string, settings: SourceSettings, dependencies: SourceDependencies): Source {
  const { name, traffic, forward } = settings;
  const { config, pools, apiCache, byteBudget, trafficState } = dependencies;
  const source = createRestSource({
    name,
    sdl,
    timeoutMs: traffic.timeout,
    pools,
    settingsOf: (api) => limitedOnce(apiSettings(config.connectors, name, api), traffic),
    forward,
    cache: apiCache,
    compression: compressionOf(traffic),
    connections: { connectTimeoutMs: traffic.connect_timeout },
    callLayer: apiLayer(name, traffic, trafficState),
    byteBudget,
  });
  const shares = traffic.deduplicate_query ? source.separatesRequests : undefined;
  return stack(source, {
    ...commonParts(dependencies),
    cacheControl: { in: 'response' },
    share: shares && { forward: shares, meter: dependencies.rateLimits.meterOf(name) },
  });
}

function openHttpSource(subgraph: Subgraph, settings: SourceSettings, dependencies: SourceDependencies): Source {
  const { name, traffic, forward } = settings;
  const { config, pools, rules, rateLimits, responseObserver, byteBudget, trafficState } = dependencies;
  const own = Object.hasOwn(config.subgraphs, name) ? config.subgraphs[name] : undefined;
  const respected = respectsHeadersOf(config.cache_control, name);
  const url = own?.url ?? addressOf(subgraph);
  const source = createHttpSource({
    name,
    url,
    timeoutMs: traffic.timeout,
    connectTimeoutMs: traffic.connect_timeout,
    deadlineHeader: traffic.deadline?.header,
    pools,
    forward,
    compression: compressionOf(traffic),
    returnsHeaders: rules.response !== undefined || respected,
    byteBudget,
  });
  // a cookie is only for the client that sent the request
  const shares = traffic.deduplicate_query && rules.response?.passesCookies !== true;
  return stack(source, {
    ...commonParts(dependencies),
    stitch: stitchLayer(subgraph, traffic.timeout, responseObserver),
    cacheControl: respected ? { in: 'headers', forward } : undefined,
    returnHeaders: rules.response && returnHeaders,
    respectsRetryAfter: true,
    share: shares ? { forward, meter: rateLimits.meterOf(name) } : undefined,
    ...callParts(name, url, traffic, trafficState),
  });
}

/** Returns the settings of an API. `concurrency` replaces `max_concurrent_requests`, whose queue has no limit. */
function limitedOnce(settings: ApiSettings, { concurrency }: SubgraphTraffic): ApiSettings {
  return concurrency === undefined ? settings : { ...settings, maxConcurrent: Number.POSITIVE_INFINITY };
}

function commonParts({ rateLimits, instruments, outages }: SourceDependencies): StackParts {
  return { outages, instruments, limitRate: (source) => rateLimits.limitSource(source) };
}

function compressionOf({ compression, accept_encoding }: SourceSettings['traffic']) {
  return { request: compression === 'identity' ? undefined : compression, accept: accept_encoding };
}
