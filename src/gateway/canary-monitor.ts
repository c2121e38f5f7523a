import type { CanarySettings } from '../config/sections/canary.ts';
import { SlidingWindow } from '../traffic/sliding-window.ts';

/** Operations of one generation since the canary began. */
export interface OperationCounts {
  readonly operations: number;
  readonly failed: number;
}

export interface CanaryCounts {
  readonly current: OperationCounts;
  readonly canary: OperationCounts;
}

/** Columns of the window: operations and failures of the current supergraph, then those of the canary. */
const CURRENT = 0;
const CANARY = 2;
const FAILED = 1;

/** The time of the second comparison: a canary that fails late is not excused by its good beginning. */
const RECENT_MS = 60_000;

/**
 * Compares the operations of a canary with those of the current supergraph. The canary has failed when its share of failures exceeds the
 * other one by more than `max_error_increase`: either since it began, or in the last minute. Each comparison needs `volume_threshold`
 * operations of the canary. Without operations of the current supergraph, its share is 0.
 */
export class CanaryMonitor {
  readonly #settings: Pick<CanarySettings, 'max_error_increase' | 'volume_threshold'>;
  readonly #recent: SlidingWindow;
  readonly #totals = [0, 0, 0, 0];

  /** @param now a monotonic clock, in milliseconds */
  constructor(settings: Pick<CanarySettings, 'max_error_increase' | 'volume_threshold'>, now: () => number) {
    this.#settings = settings;
    this.#recent = new SlidingWindow(RECENT_MS, 4, now);
  }

  /** Counts an operation. Returns why the canary has failed, once it has. */
  record(isCanary: boolean, isFailure: boolean): string | undefined {
    const column = isCanary ? CANARY : CURRENT;
    this.#add(column);
    if (isFailure) this.#add(column + FAILED);
    if (!isCanary || !isFailure) return undefined;
    const recent = [0, 1, 2, 3].map((one) => this.#recent.sum(one));
    return this.#compare(this.#totals, '') ?? this.#compare(recent, ' in the last minute');
  }

  get counts(): CanaryCounts {
    const [operations = 0, failed = 0, ofCanary = 0, failedOfCanary = 0] = this.#totals;
    return { current: { operations, failed }, canary: { operations: ofCanary, failed: failedOfCanary } };
  }

  #add(column: number): void {
    this.#totals[column] = (this.#totals[column] ?? 0) + 1;
    this.#recent.add(column);
  }

  #compare(counts: readonly number[], when: string): string | undefined {
    const [operations = 0, failed = 0, ofCanary = 0, failedOfCanary = 0] = counts;
    if (ofCanary < this.#settings.volume_threshold) return undefined;
    const share = operations === 0 ? 0 : failed / operations;
    if (failedOfCanary / ofCanary - share <= this.#settings.max_error_increase) return undefined;
    return `${failedOfCanary} of ${ofCanary} operations failed with the new supergraph, ${failed} of ${operations} with the current one${when}`;
  }
}
