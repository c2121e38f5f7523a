import type { Count, Metrics } from './metrics.ts';

/** `measure`: it would have been refused, were the policy enforced. */
export type RefusalMode = 'enforce' | 'measure';

/**
 * Tells of something that a policy refuses.
 * @param policy the config's name for it: `limits`, `rate_limits.fields`
 * @param reason one of a few words that are known beforehand, or a name out of the config or the schema
 */
export type CountRefusal = (policy: string, reason: string, mode?: RefusalMode) => void;

/** What is answered at an HTTP route. */
export type Route = 'graphql' | 'bff' | 'health' | 'other';

/** Everything that the gateway counts and measures. There is one only where somebody asks for it. */
export interface Instruments {
  /** @param status `undefined`: the client left before there was an answer */
  readonly answered: (route: Route, status: number | undefined, seconds: number) => void;
  readonly refused: CountRefusal;
  /** An address has sent as many bad credentials as it may. */
  readonly throttled: Count;
  /** @param failure the code of the failure, if it is one */
  readonly fetched: (subgraph: string, failure: string | undefined, seconds: number) => void;
  /** An operation was known, read and planned, or was not. */
  readonly preparedFor: (known: boolean) => void;
  /** A look-up among the kept answers of endpoints. */
  readonly kept: Count;
  readonly reloaded: (good: boolean) => void;
  /** @param available asked whenever the metrics are */
  readonly watchStore: (available: () => boolean) => void;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createInstruments(metrics: Metrics): Instruments {
  const refused = metrics.counter({
    name: 'headgate_policy_refusals_total',
    help: 'What policies refuse, or would refuse if they were enforced (mode="measure")',
    labels: ['policy', 'reason', 'mode'],
  });
  return {
    ...ofRequests(metrics),
    ...ofSubgraphs(metrics),
    ...ofCaches(metrics),
    ...ofSchema(metrics),
    refused: (policy, reason, mode = 'enforce') => refused(policy, reason, mode),
    throttled: metrics.counter({
      name: 'headgate_throttled_addresses_total',
      help: 'Addresses that have sent as many bad credentials as authentication.failed_attempts allows',
    }),
    watchStore(available) {
      const help = 'Whether commands are sent to Redis; 0 while it is taken to be away';
      metrics.gauge({ name: 'headgate_redis_up', help, together: 'min' }, () => (available() ? 1 : 0));
    },
  };
}

function ofRequests(metrics: Metrics): Pick<Instruments, 'answered'> {
  const requests = metrics.counter({
    name: 'headgate_http_requests_total',
    help: 'Requests by kind of route and status; status="closed": the client left first',
    labels: ['route', 'status'],
  });
  const durations = metrics.histogram({
    name: 'headgate_http_request_duration_seconds',
    help: 'From the headers of a request to the end of its answer',
    labels: ['route'],
    buckets: SECONDS,
  });
  return {
    answered(route, status, seconds) {
      requests(route, status === undefined ? 'closed' : String(status));
      durations(seconds, route);
    },
  };
}

function ofSubgraphs(metrics: Metrics): Pick<Instruments, 'fetched'> {
  const labels = ['subgraph'];
  const requests = metrics.counter({
    name: 'headgate_subgraph_requests_total',
    help: 'Fetches from subgraphs, those that are shared counted once',
    labels,
  });
  const errors = metrics.counter({
    name: 'headgate_subgraph_errors_total',
    help: 'Fetches that came to no answer, by error code',
    labels: [...labels, 'code'],
  });
  const durations = metrics.histogram({
    name: 'headgate_subgraph_request_duration_seconds',
    help: 'From sending a fetch to the end of its answer',
    labels,
    buckets: SECONDS,
  });
  return {
    fetched(subgraph, failure, seconds) {
      requests(subgraph);
      if (failure !== undefined) errors(subgraph, failure);
      durations(seconds, subgraph);
    },
  };
}

function ofCaches(metrics: Metrics): Pick<Instruments, 'preparedFor' | 'kept'> {
  const labels = ['result'];
  const operations = metrics.counter({
    name: 'headgate_operation_cache_lookups_total',
    help: 'Operations that were known with their plan (hit), or had to be read and planned (miss)',
    labels,
  });
  const kept = metrics.counter({
    name: 'headgate_bff_cache_lookups_total',
    help: 'Look-ups among the kept answers of endpoints: hit, stale, stale-if-error, miss',
    labels,
  });
  return { preparedFor: (known) => operations(known ? 'hit' : 'miss'), kept };
}

function ofSchema(metrics: Metrics): Pick<Instruments, 'reloaded'> {
  const reloads = metrics.counter({
    name: 'headgate_schema_reloads_total',
    help: 'Changes of the schema: taken up (good), or not, as they do not compose or cannot be served (bad)',
    labels: ['result'],
  });
  let last = true;
  const help = 'Whether the schema as it is now is served; 0: an earlier one is';
  metrics.gauge({ name: 'headgate_schema_good', help, together: 'min' }, () => (last ? 1 : 0));
  return {
    reloaded(good) {
      last = good;
      reloads(good ? 'good' : 'bad');
    },
  };
}
