import { getHeapStatistics } from 'node:v8';
import { doLater, hasTime } from './turns.ts';

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
 * `next` when it is. One object for all work of one fetch: its parts share the time. Many long responses at once share it, too, see
 * turns.ts: each continues in another turn. Unlike `runInSlices`, which runs a generator of `Steps`, it
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
  }

  /** Returns whether the work should pause. Costs some fifty nanoseconds. */
  isOver(): boolean {
    return this.#next !== undefined || !hasTime();
  }

  /** Resolves in a later turn of the event loop. Rejects with `WorkStopped`. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve, reject) => {
      doLater(() => {
        this.#next = undefined;
        if (!this.#mayStop) resolve();
        else if (this.#signal?.aborted) reject(new WorkStopped('aborted'));
        else if (isHeapFull()) reject(new WorkStopped('heap'));
        else resolve();
        return false;
      });
    });
    return this.#next;
  }
}

function isHeapFull(): boolean {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used > limit * MAX_HEAP_SHARE;
}
