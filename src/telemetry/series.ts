import type { Counter, Exemplar, Histogram, HistogramSeries, NumberSeries } from './metrics.ts';

/** The counter of one label combination. */
export class CounterCell implements Counter {
  readonly labels: readonly string[];
  private value = 0;

  constructor(labels: readonly string[]) {
    this.labels = labels;
  }

  add(amount = 1): void {
    this.value += amount;
  }

  read(): NumberSeries {
    return { labels: this.labels, value: this.value };
  }
}

/** The histogram of one label combination. */
export class HistogramCell implements Histogram {
  readonly labels: readonly string[];
  private readonly bounds: readonly number[];
  private readonly counts: number[];
  private sum = 0;
  /** The trace, the value and the time of the last exemplar in each bucket. Created with the first one. */
  private traces: (string | undefined)[] | undefined;
  private readonly values: number[] = [];
  private readonly times: number[] = [];

  constructor(labels: readonly string[], bounds: readonly number[]) {
    this.labels = labels;
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number, traceId?: string): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.sum += value;
    if (traceId !== undefined) this.remember(bucket, value, traceId);
  }

  private remember(bucket: number, value: number, traceId: string): void {
    this.traces ??= this.counts.map(() => undefined);
    this.traces[bucket] = traceId;
    this.values[bucket] = value;
    this.times[bucket] = Date.now() / 1_000;
  }

  read(): HistogramSeries {
    const { labels, counts, sum, traces } = this;
    const exemplars = traces?.map((traceId, bucket): Exemplar | null =>
      traceId === undefined
        ? null
        : { traceId, value: this.values[bucket] as number, time: this.times[bucket] as number },
    );
    return { labels, counts: [...counts], sum, exemplars };
  }
}

/** The time series of one metric, by their labels. */
export class SeriesMap<Cell> {
  private readonly cells = new Map<string, Cell>();
  private readonly open: (labels: readonly string[]) => Cell;
  private readonly most: number;
  private readonly others: readonly string[];
  private readonly otherKey: string;

  /** @param most the most label combinations; further ones are `other` together */
  constructor(labels: readonly string[], most: number, open: (labels: readonly string[]) => Cell) {
    this.open = open;
    this.most = most;
    this.others = labels.map(() => 'other');
    this.otherKey = keyOf(this.others);
  }

  get(labels: readonly string[]): Cell {
    const key = keyOf(labels);
    const known = this.cells.get(key);
    if (known !== undefined) return known;
    if (this.cells.size < this.most) return this.add(key, labels);
    return this.cells.get(this.otherKey) ?? this.add(this.otherKey, this.others);
  }

  private add(key: string, labels: readonly string[]): Cell {
    const cell = this.open(labels);
    this.cells.set(key, cell);
    return cell;
  }

  *[Symbol.iterator](): Iterator<Cell> {
    yield* this.cells.values();
  }
}

/** Returns the key of a label combination. No label has a line feed in it. */
function keyOf(labels: readonly string[]): string {
  return labels.length === 1 ? (labels[0] as string) : labels.join('\n');
}
