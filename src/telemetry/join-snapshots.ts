import type { Exemplar, HistogramSeries, NumberSeries, Snapshot, SnapshotMetric, Together } from './metrics.ts';

/** Merges the metrics of several processes: counters and histograms are summed, gauges as they declare. */
export function joinSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  const metrics = new Map<string, SnapshotMetric[]>();
  for (const metric of snapshots.flat()) {
    const known = metrics.get(metric.name);
    if (known) known.push(metric);
    else metrics.set(metric.name, [metric]);
  }
  return [...metrics.values()].flatMap(joinMetric);
}

/** @param parts one metric of several processes; at least one */
function joinMetric(parts: readonly SnapshotMetric[]): SnapshotMetric[] {
  const first = parts[0] as SnapshotMetric;
  if (first.type === 'histogram') {
    // the processes have one config, except while a restart with other buckets goes on
    const bounds = String(first.bounds);
    const alike = parts.filter((part) => part.type === 'histogram').filter((part) => String(part.bounds) === bounds);
    return [{ ...first, series: joinSeries(alike, joinHistograms) }];
  }
  const alike = parts.filter((part) => part.type === 'counter' || part.type === 'gauge');
  const together = first.type === 'gauge' ? first.together : 'sum';
  if (together === 'omit') return [];
  return [{ ...first, series: joinSeries(alike, (series) => joinNumbers(series, together)) }];
}

interface WithLabels {
  readonly labels: readonly string[];
}

function joinSeries<Series extends WithLabels>(
  parts: readonly { readonly series: readonly Series[] }[],
  join: (series: readonly Series[]) => Series,
): Series[] {
  const known = new Map<string, Series[]>();
  for (const one of parts.flatMap(({ series }) => series)) {
    const key = one.labels.join('\n');
    const others = known.get(key);
    if (others) others.push(one);
    else known.set(key, [one]);
  }
  return [...known.values()].map(join);
}

const COMBINE: Readonly<Record<Exclude<Together, 'omit'>, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  average: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  first: ([value = 0]) => value,
};

function joinNumbers(series: readonly NumberSeries[], together: Exclude<Together, 'omit'>): NumberSeries {
  const { labels } = series[0] as NumberSeries;
  return { labels, value: COMBINE[together](series.map(({ value }) => value)) };
}

function joinHistograms(series: readonly HistogramSeries[]): HistogramSeries {
  const first = series[0] as HistogramSeries;
  const counts = first.counts.map((_, at) => series.reduce((sum, one) => sum + (one.counts[at] ?? 0), 0));
  const sum = series.reduce((all, one) => all + one.sum, 0);
  const hasExemplars = series.some(({ exemplars }) => exemplars);
  const exemplars = hasExemplars ? counts.map((_, at) => newest(series.map((one) => one.exemplars?.[at]))) : undefined;
  return { labels: first.labels, counts, sum, exemplars };
}

function newest(exemplars: readonly (Exemplar | null | undefined)[]): Exemplar | null {
  let found: Exemplar | null = null;
  for (const one of exemplars) if (one && (found === null || one.time > found.time)) found = one;
  return found;
}
