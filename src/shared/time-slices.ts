import { getHeapStatistics } from 'node:v8';

/** How long work may hold the event loop, in milliseconds. */
const SLICE_MS = 8;

/** The share of the heap at which work in slices is refused: the rest is for what other requests need, and for garbage. */
const MOST_OF_HEAP = 0.7;

/** Thrown between two slices when the rest of the work is not to be done: the heap is full, or the client has disconnected. */
export class WorkStopped extends Error {
  readonly reason: 'heap' | 'aborted';

  constructor(reason: WorkStopped['reason']) {
    super(reason === 'heap' ? 'The heap has no room for the rest of this work.' : 'The work was aborted.');
    this.name = 'WorkStopped';
    this.reason = reason;
  }
}

/**
 * Splits work into slices, so that a long piece of it lets other requests proceed. Ask `isOver` now and then, and wait for
 * `next` when it is. One object for all work of one fetch: its parts share the time.
 */
export class TimeSlices {
  #until = performance.now() + SLICE_MS;
  #next: Promise<void> | undefined;
  readonly #signal: { readonly aborted: boolean } | undefined;

  /** @param signal aborted when nothing is to be done any more */
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
  return used > limit * MOST_OF_HEAP;
}
