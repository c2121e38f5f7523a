import type { CancelListener, CancelSignal } from './source.ts';

/**
 * Tells all fetches of one request that nobody waits for them any more. An `AbortController` would do the same, but costs as
 * much as a whole small request's other bookkeeping, and it is made for every request.
 */
export class Cancellation implements CancelSignal {
  aborted = false;
  readonly #listeners = new Set<CancelListener>();

  addEventListener(_type: 'abort', listener: CancelListener): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: CancelListener): void {
    this.#listeners.delete(listener);
  }

  /** Tells every listener once; later calls do nothing. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of [...this.#listeners]) {
      if (typeof listener === 'function') listener();
      else listener.handleEvent();
    }
    this.#listeners.clear();
  }
}
