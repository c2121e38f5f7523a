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

/**
 * Splits the asynchronous work on a long response into slices, so that other requests proceed. Check `isOver` now and then, and wait for
 * `next` when it is. One object for all work of one fetch: its parts share the time. Unlike `runInSlices`, which runs a generator of
 * `Steps`, it refuses to continue when the heap is full.
 */
export class TimeSlices {
  #until = performance.now() + SLICE_MS;
  #next: Promise<void> | undefined;
  readonly #signal: { readonly aborted: boolean } | undefined;

  /** @param signal aborted when the result is no longer needed */
  constructor(signal?: { readonly aborted: boolean }) {
    this.#signal = signal;
  }

  /** Returns whether the work should pause. Costs some fifty nanoseconds. */
  isOver(): boolean {
    return this.#next !== undefined || performance.now() > this.#until;
  }

  /** Resolves in the next turn of the event loop. Rejects with `WorkStopped`. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#next = undefined;
        this.#until = performance.now() + SLICE_MS;
        if (this.#signal?.aborted) reject(new WorkStopped('aborted'));
        else if (isHeapFull()) reject(new WorkStopped('heap'));
        else resolve();
      });
    });
    return this.#next;
  }
}

function isHeapFull(): boolean {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used > limit * MAX_HEAP_SHARE;
}
