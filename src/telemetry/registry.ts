import type {
  Count,
  GaugeDescription,
  HistogramDescription,
  MetricDescription,
  Metrics,
  NumberSeries,
  Observe,
  SnapshotMetric,
} from './metrics.ts';
import { processSnapshot } from './process-metrics.ts';
import { CounterCell, HistogramCell, SeriesMap } from './series.ts';

/**
 * Most label combinations of a metric. Labels have few values each, but a gateway whose schema keeps changing for months would
 * collect names. Further combinations count as `other`.
 */
const MOST_SERIES = 1_000;

/**
 * Creates a registry, which also has the metrics of the process (`process_…`, `nodejs_…`).
 *
 * Not prom-client, which has those of the process: it looks a series up by a text of its labels for each value, which took
 * most of the time of all metrics; and it cannot combine exemplars of several processes.
 */
export function createMetrics({ mostSeries = MOST_SERIES } = {}): Metrics {
  const readers: (() => SnapshotMetric)[] = [];
  // those of the process are collected from now on
  void processSnapshot();

  function gauges({ name, help, labels = [], together }: GaugeDescription, read: () => readonly NumberSeries[]): void {
    // a value that is not there yet
    const series = () => read().filter(({ value }) => Number.isFinite(value));
    readers.push(() => ({ type: 'gauge', name, help, labels, together, series: series() }));
  }

  return {
    counter: (what) => counter(what, mostSeries, readers),
    histogram: (what) => histogram(what, mostSeries, readers),
    gauge: (what, read) => gauges(what, () => [{ labels: [], value: read() }]),
    gauges: (what, read) =>
      gauges(what, () => [...read()].slice(0, mostSeries).map(([value, ...labels]) => ({ value, labels }))),
    snapshot: async () => [...readers.map((read) => read()), ...(await processSnapshot())],
  };
}

type Readers = (() => SnapshotMetric)[];

function mostOf({ isBounded }: MetricDescription, most: number): number {
  return isBounded ? Number.POSITIVE_INFINITY : most;
}

function counter(what: MetricDescription, most: number, readers: Readers): Count {
  const { name, help, labels = [] } = what;
  const cells = new SeriesMap(labels, mostOf(what, most), (values) => new CounterCell(values));
  // a counter starts at 0, so that the first increment is seen as an increase
  if (labels.length === 0) cells.get([]);
  readers.push(() => ({ type: 'counter', name, help, labels, series: [...cells].map((cell) => cell.read()) }));
  const series = (...values: string[]) => cells.get(values);
  return Object.assign((...values: string[]) => cells.get(values).add(), { series });
}

function histogram(what: HistogramDescription, most: number, readers: Readers): Observe {
  const { name, help, labels = [], buckets: bounds } = what;
  const cells = new SeriesMap(labels, mostOf(what, most), (values) => new HistogramCell(values, bounds));
  if (labels.length === 0) cells.get([]);
  const read = () => [...cells].map((cell) => cell.read());
  readers.push(() => ({ type: 'histogram', name, help, labels, bounds, series: read() }));
  const series = (...values: string[]) => cells.get(values);
  return Object.assign((value: number, ...values: string[]) => cells.get(values).observe(value), { series });
}
