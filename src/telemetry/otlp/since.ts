import type { HistogramSeries, NumberSeries, Snapshot, SnapshotMetric } from '../metrics.ts';

/** Returns what was counted between two snapshots. Gauges have their value of the second one. */
export function countedSince(before: Snapshot, now: Snapshot): Snapshot {
  const earlier = new Map(before.map((metric) => [metric.name, metric]));
  return now.map((metric) => changeOf(metric, earlier.get(metric.name)));
}

function changeOf(metric: SnapshotMetric, before: SnapshotMetric | undefined): SnapshotMetric {
  if (metric.type === 'gauge' || before === undefined) return metric;
  if (metric.type === 'counter' && before.type === 'counter') {
    return { ...metric, series: changed(metric.series, before.series, numberChange) };
  }
  if (metric.type === 'histogram' && before.type === 'histogram') {
    return { ...metric, series: changed(metric.series, before.series, histogramChange) };
  }
  return metric;
}

function changed<Series extends { readonly labels: readonly string[] }>(
  series: readonly Series[],
  before: readonly Series[],
  change: (now: Series, before: Series) => Series | undefined,
): Series[] {
  const known = new Map(before.map((one) => [one.labels.join('\n'), one]));
  return series.flatMap((one) => {
    const earlier = known.get(one.labels.join('\n'));
    return (earlier === undefined ? one : change(one, earlier)) ?? [];
  });
}

function numberChange(now: NumberSeries, before: NumberSeries): NumberSeries | undefined {
  const value = now.value - before.value;
  // less than before: it began anew
  if (value < 0) return now;
  return value === 0 ? undefined : { ...now, value };
}

function histogramChange(now: HistogramSeries, before: HistogramSeries): HistogramSeries | undefined {
  const counts = now.counts.map((count, at) => count - (before.counts[at] ?? 0));
  if (counts.some((count) => count < 0)) return now;
  if (counts.every((count) => count === 0)) return undefined;
  const exemplars = now.exemplars?.map((one, at) => (one?.time === before.exemplars?.[at]?.time ? null : one));
  return { ...now, counts, sum: now.sum - before.sum, exemplars };
}
