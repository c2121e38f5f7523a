import { collectDefaultMetrics, Registry } from 'prom-client';
import type { HistogramSeries, Snapshot, SnapshotMetric, Together } from './metrics.ts';

/** Sums beside the metrics with a label. Their names are those of counters, which they are not. */
const MISNAMED = /^nodejs_active_\w+_total$/;

let registry: Registry | undefined;

/** Returns the metrics of the process. All gateways in one process share them. */
export async function processSnapshot(): Promise<Snapshot> {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  const metrics = (await registry.getMetricsAsJSON()) as unknown as readonly PromMetric[];
  return metrics.filter(({ name }) => !MISNAMED.test(name)).map(toSnapshot);
}

/** A metric as prom-client gives it. */
interface PromMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator?: string;
  readonly values: readonly PromValue[];
}

interface PromValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

function toSnapshot(metric: PromMetric): SnapshotMetric {
  const { name, help, type } = metric;
  const values = metric.values.filter(({ value }) => Number.isFinite(value));
  const labels = [...new Set(values.flatMap((one) => Object.keys(one.labels)))].filter((label) => label !== 'le');
  const labelsOf = (one: PromValue) => labels.map((label) => String(one.labels[label] ?? ''));
  if (type === 'histogram') return { type, name, help, labels, ...histogramOf(name, values, labelsOf) };
  const series = values.map((one) => ({ labels: labelsOf(one), value: one.value }));
  if (type === 'counter') return { type, name, help, labels, series };
  return { type: 'gauge', name, help, labels, series, together: togetherOf(name, metric.aggregator) };
}

/** Returns how the values of several processes are combined. The slowest event loop matters: an average would hide it. */
function togetherOf(name: string, aggregator = 'sum'): Together {
  return name.startsWith('nodejs_eventloop_lag') ? 'max' : (aggregator as Together);
}

/** Reads a histogram whose buckets include smaller ones. */
function histogramOf(name: string, values: readonly PromValue[], labelsOf: (value: PromValue) => string[]) {
  const bounds = new Set<number>();
  const series = new Map<string, { labels: string[]; counts: number[]; sum: number }>();
  for (const one of values) {
    const labels = labelsOf(one);
    const key = labels.join('\n');
    const found = series.get(key) ?? { labels, counts: [], sum: 0 };
    series.set(key, found);
    if (one.metricName === `${name}_sum`) found.sum = one.value;
    if (one.metricName !== `${name}_bucket`) continue;
    const below = found.counts.reduce((sum, count) => sum + count, 0);
    found.counts.push(one.value - below);
    if (one.labels.le !== '+Inf') bounds.add(Number(one.labels.le));
  }
  return { bounds: [...bounds], series: [...series.values()] satisfies HistogramSeries[] };
}
