import { type CacheInstruments, createCacheInstruments } from './cache-instruments.ts';
import { createEndpointInstruments, type EndpointInstruments } from './endpoint-instruments.ts';
import type { Count, LabelledValue, Metrics } from './metrics.ts';
import { createVariantInstruments, type VariantInstruments } from './variant-instruments.ts';

/** `measure`: the policy is not enforced, so the request was only counted. */
export type RefusalMode = 'enforce' | 'measure';

/**
 * Counts a rejection by a policy.
 * @param policy the config's name for it: `limits`, `rate_limits.fields`
 * @param reason one of a fixed set of words, or a name from the config or the schema
 */
export type CountRefusal = (policy: string, reason: string, mode?: RefusalMode) => void;

/** The kind of an HTTP route. */
export type Route = 'graphql' | 'bff' | 'health' | 'other';

/**
 * `closed`: the client disconnected before the response. `draining`: the readiness probe while the gateway stops. `cut_off`: the
 * request took longer than the gateway took to stop.
 */
export type NoStatus = 'closed' | 'draining' | 'cut_off';

/** Values by subgraph and endpoint, read whenever the metrics are. */
export interface TrafficGauges {
  readonly circuits: () => Iterable<LabelledValue>;
  readonly running: () => Iterable<LabelledValue>;
  readonly waiting: () => Iterable<LabelledValue>;
}

/** Everything that the gateway counts and measures. It exists only if metrics are enabled. */
export interface Instruments {
  readonly requestFinished: (route: Route, status: number | NoStatus, seconds: number) => void;
  readonly refused: CountRefusal;
  /** An address has reached the limit of bad credentials. */
  readonly throttled: Count;
  /** @param failure the code of the failure, if it is one */
  readonly fetchFinished: (subgraph: string, failure: string | undefined, seconds: number) => void;
  /** A response that `fetchFinished` has counted as good is malformed. */
  readonly fetchMalformed: (subgraph: string, code: string) => void;
  /** A response has GraphQL errors with this code: one of a fixed set of words. */
  readonly graphqlErrors: (subgraph: string, code: string) => void;
  /** @param result `sent`, or `denied` where the budget is used up */
  readonly subgraphRetried: (subgraph: string, reason: string, result: 'sent' | 'denied') => void;
  readonly subgraphHedged: (subgraph: string, result: string) => void;
  readonly watchTraffic: (gauges: TrafficGauges) => void;
  /** An operation was found in the cache with its plan, or not. */
  readonly operationLookedUp: (known: boolean) => void;
  /** A look-up in the response cache of endpoints. */
  readonly responseCacheLookedUp: Count;
  /** Starts to count what the response cache does. To be called once. */
  readonly openCache: () => CacheInstruments;
  /** @param outcome `started`, `promoted`, `rolled_back`, `replaced` */
  readonly canaryChanged: (outcome: string) => void;
  /** A process has applied an action of the admin API. */
  readonly adminActed: (action: string) => void;
  /** @param good `undefined`: the schema can be served, and is not served to all clients (a canary), or was served before */
  readonly schemaReloaded: (good: boolean | undefined) => void;
  /** @param available called whenever the metrics are read */
  readonly watchStore: (available: () => boolean) => void;
  /** Starts to measure the URLs of subgraphs that have several. To be called once. */
  readonly openEndpoints: () => EndpointInstruments;
  /** Returns what counts variants and mirrored reads. Always the same. */
  readonly ofVariants: () => VariantInstruments;
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

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createInstruments(metrics: Metrics): Instruments {
  const refused = metrics.counter({
    name: 'headgate_policy_refusals_total',
    help: 'Requests rejected by policies, or that would be if enforced (mode="measure")',
    labels: ['policy', 'reason', 'mode'],
  });
  return {
    ...ofRequests(metrics),
    ...ofSubgraphs(metrics),
    ...ofCalls(metrics),
    ...ofCaches(metrics),
    ...ofSchema(metrics),
    refused: (policy, reason, mode = 'enforce') => refused(policy, reason, mode),
    throttled: metrics.counter({
      name: 'headgate_throttled_addresses_total',
      help: 'Addresses that have sent as many bad credentials as authentication.failed_attempts allows',
    }),
    canaryChanged: metrics.counter({
      name: 'headgate_supergraph_canaries_total',
      help: 'Canaries of new schemas: started, promoted, rolled_back, replaced by a newer schema',
      labels: ['outcome'],
    }),
    adminActed: metrics.counter({
      name: 'headgate_admin_actions_total',
      help: 'Actions of the admin API, once for each process that has applied them',
      labels: ['action'],
    }),
    openCache: () => createCacheInstruments(metrics),
    openEndpoints: () => createEndpointInstruments(metrics),
    ofVariants: once(() => createVariantInstruments(metrics)),
    watchStore(available) {
      const help = 'Whether commands are sent to Redis; 0 while it is unavailable';
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

function ofRequests(metrics: Metrics): Pick<Instruments, 'requestFinished'> {
  const requests = metrics.counter({
    name: 'headgate_http_requests_total',
    help: 'Requests by kind of route and status; closed: the client disconnected first; draining: /ready while stopping; cut_off: ended by shutdown.grace',
    labels: ['route', 'status'],
  });
  const durations = metrics.histogram({
    name: 'headgate_http_request_duration_seconds',
    help: 'From the headers of a request to the end of its response',
    labels: ['route'],
    buckets: SECONDS,
  });
  return {
    requestFinished(route, status, seconds) {
      requests(route, String(status));
      durations(seconds, route);
    },
  };
}

function ofSubgraphs(metrics: Metrics): Pick<Instruments, 'fetchFinished' | 'fetchMalformed' | 'graphqlErrors'> {
  const labels = ['subgraph'];
  const requests = metrics.counter({
    name: 'headgate_subgraph_requests_total',
    help: 'Fetches from subgraphs; shared fetches count once',
    labels,
  });
  const errors = metrics.counter({
    name: 'headgate_subgraph_errors_total',
    help: 'Failed fetches, by error code',
    labels: [...labels, 'code'],
  });
  const graphqlErrors = metrics.counter({
    name: 'headgate_subgraph_graphql_errors_total',
    help: 'Responses of subgraphs with GraphQL errors, once for each code in the response',
    labels: [...labels, 'code'],
  });
  const durations = metrics.histogram({
    name: 'headgate_subgraph_request_duration_seconds',
    help: 'From sending a fetch to the end of its response',
    labels,
    buckets: SECONDS,
  });
  return {
    fetchFinished(subgraph, failure, seconds) {
      requests(subgraph);
      if (failure !== undefined) errors(subgraph, failure);
      durations(seconds, subgraph);
    },
    fetchMalformed: errors,
    graphqlErrors,
  };
}

function ofCalls(metrics: Metrics): Pick<Instruments, 'subgraphRetried' | 'subgraphHedged' | 'watchTraffic'> {
  const endpoint = ['subgraph', 'endpoint'];
  return {
    subgraphRetried: metrics.counter({
      name: 'headgate_subgraph_retries_total',
      help: 'Requests sent again (sent), or not, since the retry budget was used up (denied)',
      labels: ['subgraph', 'reason', 'result'],
    }),
    subgraphHedged: metrics.counter({
      name: 'headgate_subgraph_hedges_total',
      help: 'Second requests for slow reads: won, lost; denied: max_share or the retry budget was used up',
      labels: ['subgraph', 'result'],
    }),
    watchTraffic({ circuits, running, waiting }) {
      const state = 'State of circuit breakers: 0 closed, 1 half-open, 2 open';
      metrics.gauges(
        { name: 'headgate_subgraph_circuit_state', help: state, labels: endpoint, together: 'max' },
        circuits,
      );
      const now = 'Calls that run, of subgraphs with traffic_shaping.….concurrency';
      metrics.gauges(
        { name: 'headgate_subgraph_calls_running', help: now, labels: endpoint, together: 'sum' },
        running,
      );
      const later = 'Calls that wait for others to end, of subgraphs with traffic_shaping.….concurrency';
      metrics.gauges(
        { name: 'headgate_subgraph_calls_waiting', help: later, labels: endpoint, together: 'sum' },
        waiting,
      );
    },
  };
}

function ofCaches(metrics: Metrics): Pick<Instruments, 'operationLookedUp' | 'responseCacheLookedUp'> {
  const labels = ['result'];
  const operations = metrics.counter({
    name: 'headgate_operation_cache_lookups_total',
    help: 'Operations found in the cache with their plan (hit), or parsed and planned (miss)',
    labels,
  });
  const kept = metrics.counter({
    name: 'headgate_bff_cache_lookups_total',
    help: 'Look-ups in the response cache of endpoints: hit, stale, stale-if-error, miss',
    labels,
  });
  return { operationLookedUp: (known) => operations(known ? 'hit' : 'miss'), responseCacheLookedUp: kept };
}

function ofSchema(metrics: Metrics): Pick<Instruments, 'schemaReloaded'> {
  const reloads = metrics.counter({
    name: 'headgate_schema_reloads_total',
    help: 'Changes of the schema: loaded (good), or not, since they do not compose or cannot be served (bad)',
    labels: ['result'],
  });
  let last = true;
  const help = 'Whether the current schema is served; 0: an earlier one is';
  metrics.gauge({ name: 'headgate_schema_good', help, together: 'min' }, () => (last ? 1 : 0));
  return {
    schemaReloaded(good) {
      last = good ?? true;
      if (good !== undefined) reloads(good ? 'good' : 'bad');
    },
  };
}
