import { getHeapStatistics } from 'node:v8';
import { SLICE_MS } from './steps.ts';

/** The share of the heap at which work is refused: the rest is for what other requests need, and for garbage. */
const MAX_HEAP_SHARE = 0.7;

/** Thrown between two slices when the rest of the work must not be done: the heap is full, or the client has disconnected. */
export class WorkStopped extends Error {
  readonly reason: 'heap' | 'aborted';

  constructor(reason: WorkStopped['reason']) {
    super(reason === 'heap' ? 'The heap has no room for the rest of this work.' : 'The work was aborted.');
    this.name = 'WorkStopped';
    this.reason = reason;
  }
}

/** When the slice of the current turn of the event loop is over. All work in slices shares it. */
let sliceEnd = 0;
let isScheduled = false;
/** The work that waits for its slice: one continues in each turn. */
const queue: (() => void)[] = [];

function schedule(): void {
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    sliceEnd = performance.now() + SLICE_MS;
    const next = queue.shift();
    if (next === undefined) return;
    // it marks the end of this turn, too
    schedule();
    next();
  });
}

/**
 * Splits the asynchronous work on a long response into slices, so that other requests proceed. Check `isOver` now and then, and wait for
 * `next` when it is. One object for all work of one fetch: its parts share the time. Many long responses at once share it, too: they
 * continue one after the other, each in another turn of the event loop. Unlike `runInSlices`, which runs a generator of `Steps`, it
 * refuses to continue when the heap is full.
 */
export class TimeSlices {
  #next: Promise<void> | undefined;
  readonly #signal: { readonly aborted: boolean } | undefined;
  readonly #mayStop: boolean;

  /**
   * @param signal aborted when the result is no longer needed
   * @param mayStop false for work that has to be done in any case: a mutation reports what it has done
   */
  constructor(signal?: { readonly aborted: boolean }, mayStop = true) {
    this.#signal = signal;
    this.#mayStop = mayStop;
    if (isScheduled) return;
    sliceEnd = performance.now() + SLICE_MS;
    schedule();
  }

  /** Returns whether the work should pause. Costs some fifty nanoseconds. */
  isOver(): boolean {
    return this.#next !== undefined || performance.now() > sliceEnd;
  }

  /** Resolves in a later turn of the event loop. Rejects with `WorkStopped`. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve, reject) => {
      queue.push(() => {
        this.#next = undefined;
        if (!this.#mayStop) resolve();
        else if (this.#signal?.aborted) reject(new WorkStopped('aborted'));
        else if (isHeapFull()) reject(new WorkStopped('heap'));
        else resolve();
      });
      if (!isScheduled) schedule();
    });
    return this.#next;
  }
}

function isHeapFull(): boolean {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used > limit * MAX_HEAP_SHARE;
}
