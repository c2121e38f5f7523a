import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics, Snapshot, SnapshotMetric } from './metrics.ts';

/**
 * Most label combinations of a metric. Labels have few values each, but a gateway whose schema keeps changing for months would
 * collect names. Further combinations count as `other`.
 */
const MOST_SERIES = 1_000;

/** Creates metrics for Prometheus, with those of the process (`process_…`, `nodejs_…`). */
export function createPrometheusMetrics({ mostSeries = MOST_SERIES } = {}): Metrics {
  const own = new Registry();
  // process metrics are collected from now on
  processMetrics();
  return {
    counter({ name, help, labels = [] }) {
      const counter = new Counter({ name, help, labelNames: [...labels], registers: [own] });
      // a counter starts at 0, so that the first increment is seen as an increase
      if (labels.length === 0) counter.inc(0);
      const series = seriesOf(counter, labels.length, mostSeries);
      return (...values) => series(values).inc();
    },
    adder({ name, help, labels = [] }) {
      const counter = new Counter({ name, help, labelNames: [...labels], registers: [own] });
      if (labels.length === 0) counter.inc(0);
      const series = seriesOf(counter, labels.length, mostSeries);
      return (amount, ...values) => series(values).inc(amount);
    },
    histogram({ name, help, labels = [], buckets }) {
      const histogram = new Histogram({
        name,
        help,
        labelNames: [...labels],
        buckets: [...buckets],
        registers: [own],
      });
      const series = seriesOf(histogram, labels.length, mostSeries);
      return (value, ...values) => series(values).observe(value);
    },
    gauge({ name, help, together }, read) {
      const settings = { name, help, registers: [own], aggregator: together };
      new Gauge({
        ...settings,
        collect() {
          this.set(read());
        },
      });
    },
    gauges({ name, help, labels = [], together }, read) {
      new Gauge({
        ...{ name, help, labelNames: [...labels], registers: [own], aggregator: together },
        collect() {
          this.reset();
          for (const [value, ...of] of [...read()].slice(0, mostSeries)) this.labels(...of).set(value);
        },
      });
    },
    async snapshot() {
      const parts = await Promise.all([own.getMetricsAsJSON(), processMetrics().getMetricsAsJSON()]);
      return parts.flat() as unknown as Snapshot;
    },
    text: async () => `${await own.metrics()}\n${await processMetrics().metrics()}`,
  };
}

let processRegistry: Registry | undefined;

/** Returns the metrics of the process. All gateways in one process share them. */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

/** Returns a function that finds the series of a label combination. */
function seriesOf<Series>(
  metric: { labels(...values: string[]): Series },
  labels: number,
  most: number,
): (values: readonly string[]) => Series {
  const known = new Map<string, Series>();
  const open = (key: string, values: readonly string[]): Series => {
    const series = metric.labels(...values);
    known.set(key, series);
    return series;
  };
  const others = Array.from({ length: labels }, () => 'other');
  const other = others.join('\n');
  return (values) => {
    const key = values.length === 1 ? (values[0] as string) : values.join('\n');
    const series = known.get(key);
    if (series) return series;
    if (known.size < most) return open(key, values);
    return known.get(other) ?? open(other, others);
  };
}

/** Merges the metrics of several processes: counters are summed, gauges as declared. */
export async function joinSnapshots(snapshots: readonly Snapshot[]): Promise<{ snapshot: Snapshot; text: string }> {
  const joined = AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot]));
  return {
    snapshot: (await joined.getMetricsAsJSON()) as unknown as Snapshot,
    text: await joined.metrics(),
  };
}

/** Returns a gauge with one label, as a part of a snapshot. */
export function gaugeSnapshot(
  { name, help, label }: { readonly name: string; readonly help: string; readonly label: string },
  values: Readonly<Record<string, number>>,
): SnapshotMetric {
  const series = Object.entries(values).map(([of, value]) => ({ value, labels: { [label]: of } }));
  return { name, help, type: 'gauge', aggregator: 'sum', values: series } as SnapshotMetric;
}
