import { expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { subgraphTraffic } from '../../src/config/sections/traffic-shaping.ts';
import { compileHeaderRules } from '../../src/gateway/header-rules.ts';
import { openAdmission } from '../../src/gateway/open-admission.ts';
import { graphqlParts } from '../../src/gateway/open-sources.ts';
import { createRateLimits } from '../../src/policy/rate-limits/rate-limits.ts';
import { readSupergraph, type Subgraph } from '../../src/supergraph/supergraph.ts';
import { plainEndpoint } from '../../src/traffic/endpoint.ts';
import { LAYERS } from '../../src/traffic/stack.ts';
import { createTrafficState } from '../../src/traffic/traffic-state.ts';
import { heldSource } from '../traffic/held-source.ts';
import { createWorld } from '../worlds/world.ts';
import { recordingLogger } from './serving.ts';

/** The layers around the requests of a subgraph, the outermost first, with this in the config. */
function layersWith(all: object): string[] {
  const file = configFileSchema.parse({ traffic_shaping: { all } });
  const config = { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false };
  const { supergraphSdl } = createWorld({ subgraphs: { shop: { typeDefs: 'type Query { name: String }' } } });
  const [subgraph] = readSupergraph(supergraphSdl).subgraphs as [Subgraph];
  const rules = compileHeaderRules(config.headers);
  const settings = {
    name: 'shop',
    traffic: subgraphTraffic(config.traffic_shaping, 'shop'),
    forward: rules.request.forSubgraph('shop'),
    urls: [plainEndpoint('http://shop.example/graphql')],
  };
  const parts = graphqlParts(subgraph, settings, {
    config,
    rules,
    rateLimits: createRateLimits(config.rate_limits, undefined, { listSize: undefined }),
    responseObserver: { failed: () => {}, graphqlErrors: () => {} },
    trafficState: createTrafficState({ logger: recordingLogger().logger }),
  });
  const { source } = heldSource();
  return Object.entries(LAYERS).flatMap(([name, layerOf]) => {
    const layer = layerOf(parts);
    return layer === undefined || layer(source) === source ? [] : [name];
  });
}

const DEFAULT = ['retryAfter', 'share', 'retry'];

it('by default, a request passes only what shares it, and what sends it again after a lost connection', () => {
  expect(layersWith({})).toEqual(DEFAULT);
});

it.each<[object, string[]]>([
  [{ max_entities_per_request: 100 }, ['entities', ...DEFAULT]],
  [{ max_entities_per_request: false, hedge: false, concurrency: false, circuit_breaker: false }, DEFAULT],
  [{ retry: { error_codes: ['UNAVAILABLE'] } }, ['retryAfter', 'share', 'deadline', 'retry']],
  [{ hedge: {} }, ['retryAfter', 'share', 'deadline', 'retry', 'hedge']],
  [{ concurrency: { max: 10 } }, ['retryAfter', 'share', 'deadline', 'retry', 'concurrency']],
  [{ circuit_breaker: {} }, [...DEFAULT, 'breaker']],
  [{ deduplicate_query: false }, ['retryAfter', 'retry']],
])('%j', (all, layers) => {
  expect(layersWith(all)).toEqual(layers);
});

it('nothing measures the event loop, unless adaptive concurrency is on', () => {
  const { logger } = recordingLogger();
  const opened = (router: object) =>
    openAdmission(configFileSchema.parse({ traffic_shaping: { router } }), logger, undefined);
  expect(opened({})).toBeUndefined();
  expect(opened({ adaptive_concurrency: { enabled: false } })).toBeUndefined();
  const on = opened({ adaptive_concurrency: {} });
  expect(on).toBeDefined();
  return on?.close();
});
