import type { Exemplar, HistogramSeries, NumberSeries, Snapshot, SnapshotMetric } from './metrics.ts';

/** The text formats of metrics. `openmetrics` has exemplars. */
export type TextFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/**
 * Writes metrics in Prometheus' text format, or in that of OpenMetrics.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @see https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
export function metricsText(snapshot: Snapshot, format: TextFormat = 'prometheus'): string {
  const isOpen = format === 'openmetrics';
  const metrics = snapshot.map((metric) => metricText(metric, isOpen));
  return isOpen ? `${metrics.join('')}# EOF\n` : metrics.join('\n');
}

function metricText(metric: SnapshotMetric, isOpen: boolean): string {
  const { name, help, type, labels } = metric;
  // OpenMetrics names the family without the suffix of its samples
  const family = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name;
  let text = `# HELP ${family} ${escapeHelp(help, isOpen)}\n# TYPE ${family} ${type}\n`;
  if (type === 'histogram')
    for (const one of metric.series) text += histogramText(name, labels, metric.bounds, one, isOpen);
  else for (const one of metric.series) text += numberText(name, labels, one);
  return text;
}

function numberText(name: string, names: readonly string[], { labels, value }: NumberSeries): string {
  return `${name}${braces(labelText(names, labels))} ${numberOf(value)}\n`;
}

function histogramText(
  name: string,
  names: readonly string[],
  bounds: readonly number[],
  { labels, counts, sum, exemplars }: HistogramSeries,
  isOpen: boolean,
): string {
  const own = labelText(names, labels);
  let text = '';
  let count = 0;
  counts.forEach((inBucket, at) => {
    count += inBucket;
    const bound = bounds[at];
    const le = `le="${bound === undefined ? '+Inf' : bound}"`;
    const exemplar = isOpen ? exemplarText(exemplars?.[at]) : '';
    text += `${name}_bucket${braces(own === '' ? le : `${le},${own}`)} ${count}${exemplar}\n`;
  });
  return `${text}${name}_sum${braces(own)} ${numberOf(sum)}\n${name}_count${braces(own)} ${count}\n`;
}

function exemplarText(exemplar: Exemplar | null | undefined): string {
  if (!exemplar) return '';
  const { traceId, value, time } = exemplar;
  return ` # {trace_id="${traceId}"} ${numberOf(value)} ${time}`;
}

function braces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function labelText(names: readonly string[], values: readonly string[]): string {
  return names.map((name, at) => `${name}="${escapeLabel(values[at] ?? '')}"`).join(',');
}

function numberOf(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeLabel(text: string): string {
  return escapeHelp(text, true);
}

function escapeHelp(text: string, escapesQuotes: boolean): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return escapesQuotes ? escaped.replaceAll('"', '\\"') : escaped;
}
