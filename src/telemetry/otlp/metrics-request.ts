import type { Exemplar, HistogramSeries, NumberSeries, Snapshot, SnapshotMetric } from '../metrics.ts';

/**
 * The messages of OTLP with metrics, as far as they are sent, with the names that their JSON form has.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
export interface MetricsRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string };
      readonly metrics: readonly OtlpMetric[];
    }[];
  }[];
}

export interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly gauge?: { readonly dataPoints: readonly NumberPoint[] };
  readonly sum?: {
    readonly dataPoints: readonly NumberPoint[];
    readonly aggregationTemporality: number;
    readonly isMonotonic: true;
  };
  readonly histogram?: { readonly dataPoints: readonly HistogramPoint[]; readonly aggregationTemporality: number };
}

interface Point {
  readonly attributes: readonly KeyValue[];
  /** Nanoseconds since 1970, in decimal digits. */
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

export interface NumberPoint extends Point {
  readonly asDouble: number;
}

export interface HistogramPoint extends Point {
  /** Decimal digits, as 64 bit integers have in JSON. */
  readonly count: string;
  readonly sum: number;
  readonly bucketCounts: readonly string[];
  readonly explicitBounds: readonly number[];
  readonly exemplars: readonly OtlpExemplar[];
}

export interface OtlpExemplar {
  readonly timeUnixNano: string;
  readonly asDouble: number;
  /** 32 hexadecimal digits. */
  readonly traceId: string;
}

const DELTA = 1;
const CUMULATIVE = 2;

export interface RequestParts {
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 from which on the snapshot counts. */
  readonly since: number;
  readonly now: number;
  /** Whether the snapshot has what was counted since the last request only. */
  readonly isDelta: boolean;
}

/** Converts metrics to the message that a collector receives. */
export function metricsRequest(snapshot: Snapshot, { attributes, since, now, isDelta }: RequestParts): MetricsRequest {
  const times = { startTimeUnixNano: nanoseconds(since), timeUnixNano: nanoseconds(now) };
  const aggregationTemporality = isDelta ? DELTA : CUMULATIVE;
  const metrics = snapshot
    .filter(({ series }) => series.length > 0)
    .map((metric) => otlpMetric(metric, times, aggregationTemporality));
  const resource = { attributes: Object.entries(attributes).map(([key, value]) => keyValue(key, value)) };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'headgate' }, metrics }] }] };
}

type Times = Pick<Point, 'startTimeUnixNano' | 'timeUnixNano'>;

function otlpMetric(metric: SnapshotMetric, times: Times, aggregationTemporality: number): OtlpMetric {
  const facts = { ...otlpName(metric.name), description: metric.help };
  if (metric.type === 'histogram') {
    const { labels, bounds } = metric;
    const dataPoints = metric.series.map((one) => histogramPoint(labels, bounds, one, times));
    return { ...facts, histogram: { dataPoints, aggregationTemporality } };
  }
  const dataPoints = metric.series.map((one) => numberPoint(metric.labels, one, times));
  if (metric.type === 'gauge') return { ...facts, gauge: { dataPoints } };
  return { ...facts, sum: { dataPoints, aggregationTemporality, isMonotonic: true } };
}

const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ['_seconds', 's'],
  ['_bytes', 'By'],
];

/**
 * Returns the name of a metric in OTLP, and its unit. A collector that exports to Prometheus makes the same name of them again, so
 * dashboards and alert rules hold for both ways.
 *
 * In:  `headgate_http_sent_bytes_total`
 * Out: `headgate.http_sent`, `By`
 */
export function otlpName(name: string): { readonly name: string; readonly unit: string } {
  const base = name.replace(/_total$/, '');
  const [suffix = '', unit = ''] = UNITS.find(([end]) => base.endsWith(end)) ?? [];
  return { name: base.slice(0, base.length - suffix.length).replace('_', '.'), unit };
}

function numberPoint(names: readonly string[], { labels, value }: NumberSeries, times: Times): NumberPoint {
  return { attributes: attributesOf(names, labels), ...times, asDouble: value };
}

function histogramPoint(
  names: readonly string[],
  bounds: readonly number[],
  { labels, counts, sum, exemplars = [] }: HistogramSeries,
  times: Times,
): HistogramPoint {
  return {
    attributes: attributesOf(names, labels),
    ...times,
    count: String(counts.reduce((all, count) => all + count, 0)),
    sum,
    bucketCounts: counts.map(String),
    explicitBounds: bounds,
    exemplars: exemplars.flatMap((exemplar) => (exemplar ? [otlpExemplar(exemplar)] : [])),
  };
}

function otlpExemplar({ traceId, value, time }: Exemplar): OtlpExemplar {
  return { timeUnixNano: nanoseconds(time * 1_000), asDouble: value, traceId };
}

function attributesOf(names: readonly string[], values: readonly string[]): KeyValue[] {
  return names.map((name, at) => keyValue(name, values[at] ?? ''));
}

function keyValue(key: string, text: string): KeyValue {
  return { key, value: { stringValue: text } };
}

function nanoseconds(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds * 1_000)) * 1_000n);
}
