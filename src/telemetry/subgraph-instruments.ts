import { BoundedValues, MOST_CODES, MOST_STATUSES } from './bounded-values.ts';
import { memo } from './memo.ts';
import type { Counter, LabelledValue, Metrics } from './metrics.ts';

/** Values by subgraph and endpoint, read whenever the metrics are. */
export interface TrafficGauges {
  readonly circuits: () => Iterable<LabelledValue>;
  readonly running: () => Iterable<LabelledValue>;
  readonly waiting: () => Iterable<LabelledValue>;
}

/** What has to do with the fetches of one subgraph. */
export interface FetchInstruments {
  /**
   * @param status the HTTP status; `undefined` without a response
   * @param failure the code of the failure, if it is one
   * @param traceId the trace of the request, for an exemplar
   */
  readonly finished: (
    status: number | undefined,
    failure: string | undefined,
    seconds: number,
    traceId: string | undefined,
  ) => void;
  /** A fetch has got the response of an equal one in flight. */
  readonly shared: () => void;
}

/** What has to do with subgraphs. */
export interface SubgraphInstruments {
  readonly fetchesOf: (subgraph: string) => FetchInstruments;
  /** A response that `finished` has counted as good is malformed. */
  readonly fetchMalformed: (subgraph: string, code: string) => void;
  /** A response has GraphQL errors with this code: one of a fixed set of words. */
  readonly graphqlErrors: (subgraph: string, code: string) => void;
  /** @param result `sent`, or `denied` where the budget is used up */
  readonly subgraphRetried: (subgraph: string, reason: string, result: 'sent' | 'denied') => void;
  readonly subgraphHedged: (subgraph: string, result: string) => void;
  /** A circuit breaker has changed its state. */
  readonly circuitChanged: (subgraph: string, endpoint: string, state: string) => void;
  /** A call of a subgraph with `concurrency` has waited for others to end. */
  readonly callWaited: (subgraph: string, seconds: number) => void;
  readonly watchTraffic: (gauges: TrafficGauges) => void;
}

export function createSubgraphInstruments(metrics: Metrics, buckets: readonly number[]): SubgraphInstruments {
  return { ...ofFetches(metrics, buckets), ...ofCalls(metrics, buckets) };
}

const labels = ['subgraph'];
/** Stands for a fetch without a response. */
const NO_STATUS = 'none';

function ofFetches(
  metrics: Metrics,
  buckets: readonly number[],
): Pick<SubgraphInstruments, 'fetchesOf' | 'fetchMalformed' | 'graphqlErrors'> {
  const requests = metrics.counter({
    name: 'headgate_subgraph_requests_total',
    help: 'Fetches from subgraphs by HTTP status; "none": there was no response, "other": statuses beyond the first 40 of a subgraph. Fetches that several requests share count once, tries of one fetch together',
    labels: [...labels, 'status'],
  });
  const errors = metrics.counter({
    name: 'headgate_subgraph_errors_total',
    help: 'Failed fetches by error code: without a response, with a status of 400 and above, or with a response that is malformed or lacks requested fields; "ABORTED": all clients that waited for it disconnected, or their requests timed out soon after it was sent, "other": codes beyond the first 50 of a subgraph',
    labels: [...labels, 'code'],
  });
  const graphqlErrors = metrics.counter({
    name: 'headgate_subgraph_graphql_errors_total',
    help: 'Responses of subgraphs with GraphQL errors, once for each error code in the response; "none": errors without a code, "other": codes that are not well known',
    labels: [...labels, 'code'],
  });
  const durations = metrics.histogram({
    name: 'headgate_subgraph_request_duration_seconds',
    help: 'From sending a fetch to the end of its response, with all tries',
    labels,
    buckets,
  });
  const shared = metrics.counter({
    name: 'headgate_subgraph_shared_requests_total',
    help: 'Fetches that got the response of an equal one in flight (deduplicate_query)',
    labels,
  });
  // plugins choose codes of their own
  const errorsOf = memo(
    (subgraph: string) => new BoundedValues<Counter>(MOST_CODES, (code) => errors.series(subgraph, code)),
  );
  const statusesOf = memo(
    (subgraph: string) =>
      new BoundedValues<Counter, number>(MOST_STATUSES, (status) => requests.series(subgraph, status)),
  );
  const fetchesOf = (subgraph: string): FetchInstruments => {
    const none = memo(() => requests.series(subgraph, NO_STATUS));
    const statuses = statusesOf(subgraph);
    const duration = durations.series(subgraph);
    return {
      finished(status, failure, seconds, traceId) {
        (status === undefined ? none(undefined) : statuses.get(status)).add();
        if (failure !== undefined) errorsOf(subgraph).get(failure).add();
        duration.observe(seconds, traceId);
      },
      shared: () => shared(subgraph),
    };
  };
  return { fetchesOf, fetchMalformed: (subgraph, code) => errorsOf(subgraph).get(code).add(), graphqlErrors };
}

const endpoint = ['subgraph', 'endpoint'];

function ofCalls(
  metrics: Metrics,
  buckets: readonly number[],
): Omit<SubgraphInstruments, 'fetchesOf' | 'fetchMalformed' | 'graphqlErrors'> {
  const waits = metrics.histogram({
    name: 'headgate_subgraph_queue_wait_seconds',
    help: 'How long calls waited for others to end, of subgraphs with traffic_shaping.….concurrency; calls that did not wait do not count',
    labels,
    buckets,
  });
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
    circuitChanged: metrics.counter({
      name: 'headgate_subgraph_circuit_transitions_total',
      help: 'How often circuit breakers have changed to a state: open, half_open, closed',
      labels: [...endpoint, 'state'],
    }),
    callWaited: (subgraph, seconds) => waits(seconds, subgraph),
    watchTraffic: (gauges) => watchTraffic(metrics, gauges),
  };
}

function watchTraffic(metrics: Metrics, { circuits, running, waiting }: TrafficGauges): void {
  const state = 'State of circuit breakers: 0 closed, 1 half-open, 2 open';
  metrics.gauges({ name: 'headgate_subgraph_circuit_state', help: state, labels: endpoint, together: 'max' }, circuits);
  const now = 'Calls that run, of subgraphs with traffic_shaping.….concurrency';
  metrics.gauges({ name: 'headgate_subgraph_calls_running', help: now, labels: endpoint, together: 'sum' }, running);
  const later = 'Calls that wait for others to end, of subgraphs with traffic_shaping.….concurrency';
  metrics.gauges({ name: 'headgate_subgraph_calls_waiting', help: later, labels: endpoint, together: 'sum' }, waiting);
}
