import type { GraphQLSchema } from 'graphql';
import type { Config } from '../config/config.ts';
import { respectsHeadersOf } from '../config/sections/cache-control.ts';
import { type ApiSettings, apiSettings } from '../config/sections/connectors.ts';
import type { EndpointSection } from '../config/sections/endpoints.ts';
import { ownSignatureOf } from '../config/sections/subgraph-authentication.ts';
import type { SubgraphSection } from '../config/sections/subgraphs.ts';
import { tlsOfSubgraph } from '../config/sections/tls.ts';
import { type SubgraphTraffic, subgraphTraffic } from '../config/sections/traffic-shaping.ts';
import type { VariantSection } from '../config/sections/variants.ts';
import { returnHeaders } from '../policy/headers/response-headers.ts';
import type { RateLimits } from '../policy/rate-limits/rate-limits.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import type { Steps } from '../shared/steps.ts';
import type { Callbacks } from '../sources/callback/callbacks.ts';
import type { EventBroker } from '../sources/events/event-broker.ts';
import { createEventSource } from '../sources/events/event-source.ts';
import type { PoolSettings } from '../sources/http/http-pool.ts';
import type { HttpPools } from '../sources/http/http-pools.ts';
import { createHttpSource } from '../sources/http/http-source.ts';
import type { SignRequest } from '../sources/http/signing/sign-request.ts';
import type { ApiCache } from '../sources/rest/cache/api-cache.ts';
import { createRestSource } from '../sources/rest/rest-source.ts';
import type { ForwardHeaders, ResponseObserver, Source } from '../sources/source.ts';
import type { WebSocketPool } from '../sources/websocket/websocket-pool.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { VariantInstruments } from '../telemetry/variant-instruments.ts';
import { withAddedHeaders } from '../traffic/added-headers.ts';
import { plainEndpoint } from '../traffic/endpoint.ts';
import type { EndpointGroups } from '../traffic/endpoint-groups.ts';
import type { Outages } from '../traffic/outages.ts';
import { type StackParts, stack } from '../traffic/stack.ts';
import type { TrafficState } from '../traffic/traffic-state.ts';
import { apiLayer, callParts } from './call-layers.ts';
import type { ConnectionCertificates } from './connection-certificates.ts';
import type { HeaderRules } from './header-rules.ts';
import type { SchemaCache } from './open-cache.ts';
import { type EndpointOptions, openEndpoints, ownSettings } from './open-endpoints.ts';
import { openSubscribe } from './open-subscribe.ts';
import { openVariants } from './open-variants.ts';
import { addressOf, stitchLayer, stitchSubscriptions } from './service-source.ts';

/** Objects that all sources of an engine share. */
export interface SourceDependencies {
  readonly config: Config;
  readonly pools: HttpPools;
  readonly certificates: ConnectionCertificates;
  /** Returns what signs the requests to a subgraph. */
  readonly signerOf: (subgraph: string) => SignRequest | undefined;
  readonly rules: HeaderRules;
  readonly rateLimits: RateLimits;
  readonly apiCache: ApiCache | undefined;
  readonly cache: SchemaCache | undefined;
  readonly instruments: Instruments | undefined;
  readonly outages: Outages;
  readonly trafficState: TrafficState;
  readonly endpoints: EndpointGroups;
  /** Called by the first subgraph that has variants or a mirror. */
  readonly variantInstruments: (() => VariantInstruments) | undefined;
  readonly responseObserver: ResponseObserver;
  readonly byteBudget: ByteBudget | undefined;
  /** Whether there are plugins, or fetches are recorded as spans. */
  readonly plugins: boolean;
  /** Whether plugins may add headers to fetches. */
  readonly addsHeaders: boolean;
  /** Whether they read the responses of fetches. */
  readonly readsResponses: boolean;
  readonly webSockets: WebSocketPool;
  /** Takes the callbacks of subgraphs that send any. */
  readonly callbacks: Callbacks | undefined;
  readonly brokers: ReadonlyMap<string, EventBroker>;
  readonly publicSchema: GraphQLSchema;
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
  const { config, rules, brokers, publicSchema: schema } = dependencies;
  if (subgraph.events) {
    const source = createEventSource(subgraph, { brokers, schema });
    const cached = { owner: name, forward: undefined, recordsFreshness: false, invalidatesFirst: true };
    // for the mutations: they may invalidate
    return dependencies.cache?.layerOf(subgraph, cached)(source) ?? source;
  }
  const traffic = subgraphTraffic(config.traffic_shaping, name);
  const forward = rules.request.forSubgraph(name);
  const settings = { name, traffic, forward: dependencies.addsHeaders ? withAddedHeaders(forward) : forward };
  if (inProcess?.kind === 'rest') return openRestSource(subgraph, inProcess.sdl, settings, dependencies);
  return openHttpSource(subgraph, settings, dependencies);
}

function openRestSource(
  subgraph: Subgraph,
  sdl: string,
  settings: SourceSettings,
  dependencies: SourceDependencies,
): Source {
  const { name, traffic, forward } = settings;
  const { config, pools, apiCache, byteBudget, trafficState, signerOf } = dependencies;
  const source = createRestSource({
    name,
    sdl,
    timeoutMs: traffic.timeout,
    pools,
    settingsOf: (api) => limitedOnce(apiSettings(config.connectors, name, api), traffic),
    forward,
    cache: apiCache,
    compression: compressionOf(traffic),
    pool: poolOf(settings, dependencies),
    callLayer: apiLayer(name, traffic, trafficState, dependencies.plugins),
    byteBudget,
    // an API of somebody else may have rules of its own for these headers
    sign: ownSignatureOf(config.authentication.subgraph, name) && signerOf(name),
  });
  const shares = traffic.deduplicate_query ? source.separatesRequests : undefined;
  return stack(source, {
    ...commonParts(dependencies),
    callsTryPlugins: true,
    fetched: { forward },
    cacheControl: { in: 'response' },
    cache: dependencies.cache?.layerOf(subgraph, {
      ...{ owner: name, recordsFreshness: false },
      forward: source.separatesRequests,
    }),
    share: shares && { forward: shares, meter: dependencies.rateLimits.meterOf(name) },
  });
}

function openHttpSource(subgraph: Subgraph, settings: SourceSettings, dependencies: SourceDependencies): Source {
  const own = ownSettings(dependencies.config, subgraph.name);
  const urls = own?.urls ?? [plainEndpoint(own?.url ?? addressOf(subgraph))];
  const open = (variant: VariantSection | undefined) =>
    openVariant(subgraph, { ...settings, own, urls: variant?.urls ?? urls, variant: variant?.name }, dependencies);
  const source = openVariants(own?.variants, open, dependencies.variantInstruments);
  const upstream = openSubscribe(urls, httpOptions(settings, dependencies), dependencies);
  if (upstream === undefined) return source;
  // not a layer: a subscription is no request with a response
  const closeRequests = source.close.bind(source);
  return Object.assign(source, {
    ...stitchSubscriptions(subgraph, upstream.subscribe),
    close: async () => void (await Promise.all([closeRequests(), upstream.close()])),
  });
}

interface VariantSettings extends SourceSettings {
  readonly own: SubgraphSection | undefined;
  readonly urls: EndpointSection;
  /** `undefined` for the subgraph itself. */
  readonly variant: string | undefined;
}

function openVariant(subgraph: Subgraph, settings: VariantSettings, dependencies: SourceDependencies): Source {
  const { name, traffic, own, urls, variant } = settings;
  const { config, rules, endpoints, trafficState } = dependencies;
  const respected = respectsHeadersOf(config.cache_control, name);
  const readsHeaders = dependencies.readsResponses;
  const owner = variant === undefined ? name : `${name} ${variant}`;
  const common = httpOptions(settings, dependencies);
  const options = {
    ...common,
    poolOwner: owner,
    returnsHeaders: rules.response !== undefined || respected || readsHeaders || dependencies.cache !== undefined,
  };
  const { circuit_breaker: breaker } = traffic;
  const breakerOf = breaker ? (url: string) => trafficState.breakerOf(name, url, breaker) : undefined;
  const source = openEndpoints(owner, urls, options, own, endpoints, breakerOf);
  return stack(source, {
    ...commonParts(dependencies),
    fetched: { forward: settings.forward, url: urls[0]?.url },
    ...graphqlParts(subgraph, settings, dependencies),
    cache: dependencies.cache?.layerOf(subgraph, { owner, forward: settings.forward, recordsFreshness: !respected }),
    mirror: variant === undefined ? mirrorOf(own, common, dependencies) : undefined,
  });
}

type PartsDependencies = Pick<
  SourceDependencies,
  'config' | 'rules' | 'rateLimits' | 'responseObserver' | 'trafficState'
>;

/** Returns the settings of the layers around the requests of a GraphQL subgraph. What is off in the config is left out. */
export function graphqlParts(
  subgraph: Subgraph,
  { name, traffic, forward, urls }: SourceSettings & Pick<VariantSettings, 'urls'>,
  { config, rules, rateLimits, responseObserver, trafficState }: PartsDependencies,
): StackParts {
  // a cookie is only for the client that sent the request
  const shares = traffic.deduplicate_query && rules.response?.passesCookies !== true;
  return {
    maxEntities: traffic.max_entities_per_request,
    stitch: stitchLayer(subgraph, traffic.timeout, responseObserver),
    cacheControl: respectsHeadersOf(config.cache_control, name) ? { in: 'headers', forward } : undefined,
    returnHeaders: rules.response && returnHeaders,
    respectsRetryAfter: true,
    share: shares ? { forward, meter: rateLimits.meterOf(name) } : undefined,
    ...callParts(name, urls, traffic, trafficState),
  };
}

/** Returns the settings of an API. `concurrency` replaces `max_concurrent_requests`, whose queue has no limit. */
function limitedOnce(settings: ApiSettings, { concurrency }: SubgraphTraffic): ApiSettings {
  return concurrency === undefined ? settings : { ...settings, maxConcurrent: Number.POSITIVE_INFINITY };
}

function httpOptions(settings: SourceSettings, dependencies: SourceDependencies): EndpointOptions {
  const { pools, signerOf, byteBudget } = dependencies;
  const { name, traffic, forward } = settings;
  const { timeout: timeoutMs } = traffic;
  return {
    name,
    timeoutMs,
    pools,
    forward,
    compression: compressionOf(traffic),
    pool: poolOf(settings, dependencies),
    byteBudget,
    deadlineHeader: traffic.deadline?.header,
    sign: signerOf(name),
  };
}

function mirrorOf(
  own: SubgraphSection | undefined,
  options: EndpointOptions,
  { variantInstruments }: SourceDependencies,
): StackParts['mirror'] {
  if (own?.mirror === undefined) return undefined;
  const { url, share } = own.mirror;
  const mirror = createHttpSource({ ...options, url, poolOwner: `${options.name} mirror` });
  return { mirror, share, mirrored: variantInstruments?.().mirrored };
}

function commonParts({ rateLimits, instruments, outages, plugins }: SourceDependencies): StackParts {
  return { outages, instruments, plugins, limitRate: (source) => rateLimits.limitSource(source) };
}

function poolOf(
  { name, traffic }: SourceSettings,
  { config, certificates }: Pick<SourceDependencies, 'config' | 'certificates'>,
): PoolSettings {
  const { connections, queue, keep_alive, max_age } = traffic.pool;
  const own = tlsOfSubgraph(config.tls, name);
  return {
    connections,
    queue,
    keepAliveMs: keep_alive,
    maxAgeMs: max_age,
    tls: own && certificates.open(own.key, own.settings),
    connectTimeoutMs: traffic.connect_timeout,
    http2: traffic.http2 === 'disable' ? undefined : traffic.http2,
  };
}

function compressionOf({ compression, accept_encoding }: SourceSettings['traffic']) {
  return { request: compression === 'identity' ? undefined : compression, accept: accept_encoding };
}
