/** Increments a counter. `labels`: values, in the order of the label names. */
export type Count = (...labels: string[]) => void;

/** Records one value, in the unit that the name ends with. */
export type Observe = (value: number, ...labels: string[]) => void;

export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  /** Label names. Their values must be few and never chosen by clients. */
  readonly labels?: readonly string[];
}

export interface HistogramDescription extends MetricDescription {
  /** Upper bounds, in the unit of the values. */
  readonly buckets: readonly number[];
}

export interface GaugeDescription extends MetricDescription {
  /** How the values of several processes are combined. */
  readonly together: 'sum' | 'min' | 'max';
}

/** A value and its labels, in the order of the label names. */
export type LabelledValue = readonly [value: number, ...labels: string[]];

/** All metrics of a process at one moment, as plain data that processes can send each other. */
export type Snapshot = readonly SnapshotMetric[];

export interface SnapshotMetric {
  readonly name: string;
  /** `counter`, `histogram`, `gauge`, … */
  readonly type: string;
}

/** A registry of metrics. Metrics that are not created in it are not measured, and cost nothing. */
export interface Metrics {
  counter(what: MetricDescription): Count;
  /** A counter that is increased by more than one at a time. */
  adder(what: MetricDescription): Observe;
  histogram(what: HistogramDescription): Observe;
  /** @param read called when the metrics are read */
  gauge(what: GaugeDescription, read: () => number): void;
  /** A gauge with labels. @param read returns each value with its labels; called when the metrics are read */
  gauges(what: GaugeDescription, read: () => Iterable<LabelledValue>): void;
  snapshot(): Promise<Snapshot>;
  /** Returns the metrics in Prometheus' text format. */
  text(): Promise<string>;
}
