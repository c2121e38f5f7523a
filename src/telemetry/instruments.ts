import { type CacheInstruments, createCacheInstruments } from './cache-instruments.ts';
import { type CallbackInstruments, createCallbackInstruments } from './callback-instruments.ts';
import { createEndpointInstruments, type EndpointInstruments } from './endpoint-instruments.ts';
import { createEventInstruments, type EventInstruments } from './event-instruments.ts';
import { type KeySetState, watchKeySets } from './key-set-instruments.ts';
import { memo } from './memo.ts';
import type { Count, Metrics } from './metrics.ts';
import { createRequestInstruments, type InstrumentSettings, type RequestInstruments } from './request-instruments.ts';
import { watchRuntime } from './runtime-instruments.ts';
import { createSubgraphInstruments, type SubgraphInstruments } from './subgraph-instruments.ts';
import { createSubscriptionInstruments, type SubscriptionInstruments } from './subscription-instruments.ts';
import { createVariantInstruments, type VariantInstruments } from './variant-instruments.ts';

/** `measure`: the policy is not enforced, so the request was only counted. */
export type RefusalMode = 'enforce' | 'measure';

/**
 * Counts a rejection by a policy.
 * @param policy the config's name for it: `limits`, `rate_limits.fields`
 * @param reason one of a fixed set of words, or a name from the config or the schema
 */
export type CountRefusal = (policy: string, reason: string, mode?: RefusalMode) => void;

/** What can be read again while the gateway runs, besides the schema. */
export type ReloadedPart = 'endpoints' | 'keys' | 'documents' | 'certificates' | 'policies';

/** Counts a reload. @param isGood false: the previous version stays in use */
export type CountReload = (part: ReloadedPart, isGood: boolean) => void;

/** Everything that the gateway counts and measures. It exists only if metrics are enabled. */
export interface Instruments extends SubgraphInstruments {
  readonly requests: RequestInstruments;
  readonly subscriptions: SubscriptionInstruments;
  readonly refused: CountRefusal;
  /** An address has reached the limit of bad credentials. */
  readonly throttled: Count;
  /** An operation was found in the cache with its plan, or not. */
  readonly operationLookedUp: (known: boolean) => void;
  /** An operation has been planned and compiled. */
  readonly operationPlanned: (seconds: number) => void;
  /** The cost of one operation, before it runs. */
  readonly costEstimated: (cost: number) => void;
  /** The cost of one operation by its result. */
  readonly costMeasured: (cost: number) => void;
  /** A look-up in the response cache of endpoints: the endpoint, and what came of it. */
  readonly responseCacheLookedUp: (endpoint: string, result: string) => void;
  /** Starts to count what the response cache does. To be called once. */
  readonly openCache: () => CacheInstruments;
  /** @param outcome `started`, `promoted`, `rolled_back`, `replaced` */
  readonly canaryChanged: (outcome: string) => void;
  /** A process has applied an action of the admin API. */
  readonly adminActed: (action: string) => void;
  /** @param good `undefined`: the schema can be served, and is not served to all clients (a canary), or was served before */
  readonly schemaReloaded: (good: boolean | undefined) => void;
  readonly reloaded: CountReload;
  /** @param available called whenever the metrics are read */
  readonly watchStore: (available: () => boolean) => void;
  /** Starts to measure the URLs of subgraphs that have several. To be called once. */
  readonly openEndpoints: () => EndpointInstruments;
  /** Returns what counts variants and mirrored reads. Always the same. */
  readonly ofVariants: () => VariantInstruments;
  /** Returns what counts messages of brokers. Always the same. */
  readonly ofEvents: () => EventInstruments;
  /** Returns what counts callbacks of subgraphs. Always the same. */
  readonly ofCallbacks: () => CallbackInstruments;
  /** @param read called whenever the metrics are read. To be called once. */
  readonly watchKeySets: (read: () => readonly KeySetState[]) => void;
  /** @param held called whenever the metrics are read */
  readonly watchBufferedBytes: (held: () => number) => void;
  /** @param gauges called whenever the metrics are read */
  readonly watchAdmission: (gauges: { readonly limit: () => number; readonly running: () => number }) => void;
}

function once<T>(create: () => T): () => T {
  let created: T | undefined;
  return () => {
    created ??= create();
    return created;
  };
}

/** Creates everything that is counted and measured. What depends on a setting begins when that setting is used. */
export function createInstruments(metrics: Metrics, settings: InstrumentSettings): Instruments {
  watchRuntime(metrics);
  const { buckets } = settings;
  return {
    requests: createRequestInstruments(metrics, settings),
    subscriptions: createSubscriptionInstruments(metrics),
    ...createSubgraphInstruments(metrics, buckets),
    ...ofPolicies(metrics),
    watchKeySets: (read) => watchKeySets(metrics, read),
    ...ofCaches(metrics, buckets),
    ...ofReloads(metrics),
    ...ofOperators(metrics),
    openCache: () => createCacheInstruments(metrics, settings),
    openEndpoints: () => createEndpointInstruments(metrics, buckets),
    ofEvents: once(() => createEventInstruments(metrics)),
    ofCallbacks: once(() => createCallbackInstruments(metrics)),
    ofVariants: once(() => createVariantInstruments(metrics)),
    ...ofLimits(metrics),
  };
}

/** Upper bounds of costs, which have no unit. */
const COSTS = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];

function ofPolicies(metrics: Metrics): Pick<Instruments, 'refused' | 'throttled' | 'costEstimated' | 'costMeasured'> {
  const refused = metrics.counter({
    name: 'headgate_policy_refusals_total',
    help: 'What policies refused (mode="enforce"), or would have refused (mode="measure")',
    labels: ['policy', 'reason', 'mode'],
  });
  const costs = (name: string, help: string) => metrics.histogram({ name, help, buckets: COSTS });
  return {
    refused: (policy, reason, mode = 'enforce') => refused(policy, reason, mode),
    throttled: metrics.counter({
      name: 'headgate_throttled_addresses_total',
      help: 'Addresses that have sent as many bad credentials as authentication.failed_attempts allows',
    }),
    costEstimated: costs(
      'headgate_operation_cost_estimated',
      'Estimated costs of operations; only with demand_control',
    ),
    costMeasured: costs(
      'headgate_operation_cost_actual',
      'Costs of operations by their results; only with demand_control.actual_cost',
    ),
  };
}

function ofCaches(
  metrics: Metrics,
  buckets: readonly number[],
): Pick<Instruments, 'operationLookedUp' | 'operationPlanned' | 'responseCacheLookedUp'> {
  const labels = ['result'];
  const operations = metrics.counter({
    name: 'headgate_operation_cache_lookups_total',
    help: 'Operations found in the cache with their plan (hit), or parsed and planned (miss)',
    labels,
  });
  const endpoints = metrics.counter({
    name: 'headgate_bff_cache_lookups_total',
    help: 'Look-ups in the response cache of endpoints, by endpoint: hit, stale, stale-if-error, miss',
    labels: ['endpoint', ...labels],
  });
  const lookedUp = memo((endpoint: string) => memo((result: string) => endpoints.series(endpoint, result)));
  const [hits, misses] = [once(() => operations.series('hit')), once(() => operations.series('miss'))];
  return {
    operationLookedUp: (known) => (known ? hits : misses)().add(),
    operationPlanned: metrics.histogram({
      name: 'headgate_operation_planning_seconds',
      help: 'How long it took to plan and compile operations that were not in the cache',
      buckets,
    }),
    responseCacheLookedUp: (endpoint, result) => lookedUp(endpoint)(result).add(),
  };
}

function ofReloads(metrics: Metrics): Pick<Instruments, 'schemaReloaded' | 'reloaded'> {
  const schemas = metrics.counter({
    name: 'headgate_schema_reloads_total',
    help: 'Changes of the schema: loaded (good), or not, since they do not compose, cannot be served or were rolled back (bad). A canary counts when it ends',
    labels: ['result'],
  });
  const others = metrics.counter({
    name: 'headgate_reloads_total',
    help: 'Changes of endpoints, keys, documents, certificates and policies: in use (good), or not, and the previous version is (bad)',
    labels: ['part', 'result'],
  });
  let last = true;
  const help = 'Whether the current schema is served; 0: an earlier one is';
  metrics.gauge({ name: 'headgate_schema_good', help, together: 'min' }, () => (last ? 1 : 0));
  return {
    schemaReloaded(good) {
      last = good ?? true;
      if (good !== undefined) schemas(good ? 'good' : 'bad');
    },
    reloaded: (part, isGood) => others(part, isGood ? 'good' : 'bad'),
  };
}

function ofOperators(metrics: Metrics): Pick<Instruments, 'canaryChanged' | 'adminActed'> {
  return {
    canaryChanged: metrics.counter({
      name: 'headgate_supergraph_canaries_total',
      help: 'Canaries of new schemas: started, promoted, rolled_back, replaced by a newer schema; with --workers, once for each worker',
      labels: ['outcome'],
    }),
    adminActed: metrics.counter({
      name: 'headgate_admin_actions_total',
      help: 'Actions of the admin API, once for each process that has applied them',
      labels: ['action'],
    }),
  };
}

function ofLimits(metrics: Metrics): Pick<Instruments, 'watchStore' | 'watchBufferedBytes' | 'watchAdmission'> {
  return {
    watchStore(available) {
      const help = 'Whether commands are sent to Redis; 0 while it is unavailable. Only with store.redis';
      metrics.gauge({ name: 'headgate_redis_up', help, together: 'min' }, () => (available() ? 1 : 0));
    },
    watchBufferedBytes(held) {
      const help = 'Bytes of bodies in memory that limits.max_buffered_bytes limits';
      metrics.gauge({ name: 'headgate_buffered_bytes', help, together: 'sum' }, held);
    },
    watchAdmission({ limit, running }) {
      const most = 'The most requests that traffic_shaping.router.adaptive_concurrency allows in progress';
      metrics.gauge({ name: 'headgate_concurrency_limit', help: most, together: 'sum' }, limit);
      const now = 'Requests in progress that traffic_shaping.router.adaptive_concurrency limits';
      metrics.gauge({ name: 'headgate_requests_in_progress', help: now, together: 'sum' }, running);
    },
  };
}
