/** Adds to a counter. */
export interface Counter {
  /** @param amount zero or more. Default: 1 */
  add(amount?: number): void;
}

/** Records values, in the unit that the name of the metric ends with. */
export interface Histogram {
  /** @param traceId the trace that the value belongs to, as an exemplar of its bucket: 32 hexadecimal digits */
  observe(value: number, traceId?: string): void;
}

/** Increments a counter. `labels`: values, in the order of the label names. */
export interface Count {
  (...labels: string[]): void;
  /** Returns the counter of a label combination, for code that runs often: it needs no look-up then. */
  readonly series: (...labels: string[]) => Counter;
}

/** Records one value, in the unit that the name ends with. */
export interface Observe {
  (value: number, ...labels: string[]): void;
  /** Returns the histogram of a label combination, as {@link Count.series} does. */
  readonly series: (...labels: string[]) => Histogram;
}

export interface MetricDescription {
  /** A name by the rules of Prometheus: it ends with the unit, and that of a counter with `_total`. */
  readonly name: string;
  /** One sentence; the table in docs/telemetry.md shows it. */
  readonly help: string;
  /** Label names. Their values must be few; {@link BoundedValues} bounds those that clients choose. */
  readonly labels?: readonly string[];
  /** Whether all values are bounded by themselves: then the metric has no bound of its own, at which all labels are `other`. */
  readonly isBounded?: boolean;
}

export interface HistogramDescription extends MetricDescription {
  /** Upper bounds, in the unit of the values. */
  readonly buckets: readonly number[];
}

/** How the values of several processes are combined. `omit`: they are left out. */
export type Together = 'sum' | 'min' | 'max' | 'average' | 'first' | 'omit';

export interface GaugeDescription extends MetricDescription {
  /** How the values of several processes are combined. */
  readonly together: Together;
}

/** A value and its labels, in the order of the label names. */
export type LabelledValue = readonly [value: number, ...labels: string[]];

/** A value that was observed, with the trace that it belongs to. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** One time series of a counter or gauge. `labels`: values, in the order of the label names. */
export interface NumberSeries {
  readonly labels: readonly string[];
  readonly value: number;
}

/** One time series of a histogram. */
export interface HistogramSeries {
  readonly labels: readonly string[];
  /** How many values each bucket has, without those of smaller buckets; the last one is above all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
  /** The last exemplar of each bucket. */
  readonly exemplars?: readonly (Exemplar | null)[] | undefined;
}

interface SnapshotFacts {
  readonly name: string;
  readonly help: string;
  /** Label names. */
  readonly labels: readonly string[];
}

/** One metric at one moment. */
export type SnapshotMetric =
  | (SnapshotFacts & { readonly type: 'counter'; readonly series: readonly NumberSeries[] })
  | (SnapshotFacts & { readonly type: 'gauge'; readonly together: Together; readonly series: readonly NumberSeries[] })
  | (SnapshotFacts & {
      readonly type: 'histogram';
      readonly bounds: readonly number[];
      readonly series: readonly HistogramSeries[];
    });

/** All metrics of a process at one moment, as plain data that processes can send each other. */
export type Snapshot = readonly SnapshotMetric[];

/** A registry of metrics. Metrics that are not created in it are not measured, and cost nothing. */
export interface Metrics {
  counter(what: MetricDescription): Count;
  histogram(what: HistogramDescription): Observe;
  /** @param read called when the metrics are read */
  gauge(what: GaugeDescription, read: () => number): void;
  /** A gauge with labels. @param read returns each value with its labels; called when the metrics are read */
  gauges(what: GaugeDescription, read: () => Iterable<LabelledValue>): void;
  snapshot(): Promise<Snapshot>;
}
