import type { Config } from '../config/config.ts';
import { respectsHeadersOf } from '../config/sections/cache-control.ts';
import { apiSettings } from '../config/sections/connectors.ts';
import { subgraphTraffic } from '../config/sections/traffic-shaping.ts';
import { returnHeaders } from '../policy/headers/response-headers.ts';
import type { RateLimits } from '../policy/rate-limits/rate-limits.ts';
import type { Steps } from '../shared/steps.ts';
import type { PoolSettings } from '../sources/http/http-pool.ts';
import type { HttpPools } from '../sources/http/http-pools.ts';
import type { ApiCache } from '../sources/rest/cache/api-cache.ts';
import { createRestSource } from '../sources/rest/rest-source.ts';
import type { ForwardHeaders, Source } from '../sources/source.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { plainEndpoint } from '../traffic/endpoint.ts';
import type { EndpointGroups } from '../traffic/endpoint-groups.ts';
import type { Outages } from '../traffic/outages.ts';
import { retryLostApiReads } from '../traffic/retry.ts';
import { type StackParts, stack } from '../traffic/stack.ts';
import type { HeaderRules } from './header-rules.ts';
import { openEndpoints, ownSettings } from './open-endpoints.ts';
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
  readonly endpoints: EndpointGroups;
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
  readonly traffic: ReturnType<typeof subgraphTraffic>;
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
  const { config, pools, apiCache } = dependencies;
  const source = createRestSource({
    name,
    sdl,
    timeoutMs: traffic.timeout,
    pools,
    settingsOf: (api) => apiSettings(config.connectors, name, api),
    forward,
    cache: apiCache,
    compression: compressionOf(traffic),
    pool: poolOf(traffic),
    callLayer: retryLostApiReads,
  });
  const shares = traffic.deduplicate_query ? source.separatesRequests : undefined;
  return stack(source, {
    ...commonParts(dependencies),
    cacheControl: { in: 'response' },
    share: shares && { forward: shares },
  });
}

function openHttpSource(subgraph: Subgraph, settings: SourceSettings, dependencies: SourceDependencies): Source {
  const { name, traffic, forward } = settings;
  const { config, pools, rules, endpoints } = dependencies;
  const own = ownSettings(config, name);
  const urls = own?.urls ?? [plainEndpoint(own?.url ?? addressOf(subgraph))];
  const respected = respectsHeadersOf(config.cache_control, name);
  const options = {
    name,
    timeoutMs: traffic.timeout,
    pools,
    forward,
    compression: compressionOf(traffic),
    pool: poolOf(traffic),
    returnsHeaders: rules.response !== undefined || respected,
  };
  const source = openEndpoints(name, urls, options, own, endpoints);
  // a cookie is only for the client that sent the request
  const shares = traffic.deduplicate_query && rules.response?.passesCookies !== true;
  return stack(source, {
    ...commonParts(dependencies),
    stitch: stitchLayer(subgraph, traffic.timeout),
    cacheControl: respected ? { in: 'headers', forward } : undefined,
    returnHeaders: rules.response && returnHeaders,
    share: shares ? { forward } : undefined,
    retry: { timeoutMs: traffic.timeout, avoidsTried: urls.length > 1 },
  });
}

function commonParts({ rateLimits, instruments, outages }: SourceDependencies): StackParts {
  return { outages, instruments, limitRate: (source) => rateLimits.limitSource(source) };
}

function poolOf({ pool }: SourceSettings['traffic']): PoolSettings {
  const { connections, queue, keep_alive, max_age } = pool;
  return { connections, queue, keepAliveMs: keep_alive, maxAgeMs: max_age };
}

function compressionOf({ compression, accept_encoding }: SourceSettings['traffic']) {
  return { request: compression === 'identity' ? undefined : compression, accept: accept_encoding };
}
