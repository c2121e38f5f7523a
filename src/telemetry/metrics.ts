/** Adds one to a number that only grows. `labels`: values, in the order of the names that it was made with. */
export type Count = (...labels: string[]) => void;

/** Takes note of one value, in the unit that the name ends with. */
export type Observe = (value: number, ...labels: string[]) => void;

export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  /** Their values are few, and known beforehand: never what a client chooses. */
  readonly labels?: readonly string[];
}

export interface HistogramDescription extends MetricDescription {
  /** Upper bounds, in the unit of the values. */
  readonly buckets: readonly number[];
}

export interface GaugeDescription extends MetricDescription {
  /** How the values of several processes become one. */
  readonly together: 'sum' | 'min' | 'max';
}

/** All metrics of a process at one moment, as plain data: what processes send each other. */
export type Snapshot = readonly SnapshotMetric[];

export interface SnapshotMetric {
  readonly name: string;
  /** `counter`, `histogram`, `gauge`, … */
  readonly type: string;
}

/** Where metrics are kept until they are asked for. What is not made in one is not measured, and costs nothing. */
export interface Metrics {
  counter(what: MetricDescription): Count;
  histogram(what: HistogramDescription): Observe;
  /** @param read called when the metrics are asked for */
  gauge(what: GaugeDescription, read: () => number): void;
  snapshot(): Promise<Snapshot>;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
}
