import type { Metrics } from './metrics.ts';

/** Counts and measures for subgraphs with several URLs. */
export interface EndpointInstruments {
  /** @param seconds how long the request took */
  readonly ended: (subgraph: string, endpoint: string, isGood: boolean, seconds: number) => void;
  readonly ejected: (subgraph: string, endpoint: string) => void;
  /** @param isAvailable called whenever the metrics are read */
  readonly watch: (subgraph: string, endpoint: string, isAvailable: () => boolean) => void;
}

const LABELS = ['subgraph', 'endpoint'];

export function createEndpointInstruments(metrics: Metrics, buckets: readonly number[]): EndpointInstruments {
  const requests = metrics.counter({
    name: 'headgate_endpoint_requests_total',
    help: 'Requests to each URL of subgraphs with several: good, failed; each try counts',
    labels: [...LABELS, 'result'],
  });
  const durations = metrics.histogram({
    name: 'headgate_endpoint_request_duration_seconds',
    help: 'How long requests to each URL took, of subgraphs with several; each try counts',
    labels: LABELS,
    buckets,
  });
  const ejections = metrics.counter({
    name: 'headgate_endpoint_ejections_total',
    help: 'How often a URL was taken out of use because requests to it failed',
    labels: LABELS,
  });
  const watched = new Map<string, { readonly labels: readonly string[]; readonly isAvailable: () => boolean }>();
  const help =
    'Whether requests are sent to a URL; 0 while it is ejected, unhealthy or drained; with --workers, 0 if it is in one of them';
  metrics.gauges({ name: 'headgate_endpoint_up', help, labels: LABELS, together: 'min' }, () =>
    [...watched.values()].map(({ labels, isAvailable }) => [isAvailable() ? 1 : 0, ...labels] as const),
  );
  return {
    ended(subgraph, endpoint, isGood, seconds) {
      requests(subgraph, endpoint, isGood ? 'good' : 'failed');
      durations(seconds, subgraph, endpoint);
    },
    ejected: (subgraph, endpoint) => ejections(subgraph, endpoint),
    watch(subgraph, endpoint, isAvailable) {
      watched.set(`${subgraph} ${endpoint}`, { labels: [subgraph, endpoint], isAvailable });
    },
  };
}
