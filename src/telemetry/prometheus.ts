import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics, Snapshot } from './metrics.ts';

/**
 * Labels have few values each, but a gateway whose schema is changed again and again for months would gather names. What comes
 * after so many combinations counts as `other`.
 */
const MOST_SERIES = 1_000;

/** Metrics for Prometheus, with those of the process (`process_…`, `nodejs_…`). */
export function createPrometheusMetrics({ mostSeries = MOST_SERIES } = {}): Metrics {
  const own = new Registry();
  // what the process itself does is measured from now on
  processMetrics();
  return {
    counter({ name, help, labels = [] }) {
      const counter = new Counter({ name, help, labelNames: [...labels], registers: [own] });
      // what was never counted is 0, so that the first time is seen as an increase
      if (labels.length === 0) counter.inc(0);
      const series = seriesOf(counter, labels.length, mostSeries);
      return (...values) => series(values).inc();
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
    async snapshot() {
      const parts = await Promise.all([own.getMetricsAsJSON(), processMetrics().getMetricsAsJSON()]);
      return parts.flat() as unknown as Snapshot;
    },
    text: async () => `${await own.metrics()}\n${await processMetrics().metrics()}`,
  };
}

let ofProcess: Registry | undefined;

/** They observe the whole process, so there is one set of them, however many gateways are in it. */
function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** What one combination of label values is counted with. */
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

/** Makes one of the metrics of several processes: counters are added up, gauges as they were made. */
export async function joinSnapshots(snapshots: readonly Snapshot[]): Promise<{ snapshot: Snapshot; text: string }> {
  const joined = AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot]));
  return {
    snapshot: (await joined.getMetricsAsJSON()) as unknown as Snapshot,
    text: await joined.metrics(),
  };
}
