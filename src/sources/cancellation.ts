import type { CancelListener, CancelSignal } from './source.ts';

/**
 * Cancels all fetches of one request. An `AbortController` would do the same, but costs as much as all other bookkeeping of a
 * small request, and every request creates one.
 */
export class Cancellation implements CancelSignal {
  aborted = false;
  isTimeout = false;
  /** Nearly all have one listener: a list would be two more objects for each request. */
  #listener: CancelListener | undefined;
  #others: CancelListener[] | undefined;

  addEventListener(_type: 'abort', listener: CancelListener): void {
    if (listener === this.#listener || this.#others?.includes(listener)) return;
    if (this.#listener === undefined && this.#others === undefined) this.#listener = listener;
    else if (this.#others === undefined) this.#others = [listener];
    else this.#others.push(listener);
  }

  removeEventListener(_type: 'abort', listener: CancelListener): void {
    if (listener === this.#listener) {
      this.#listener = undefined;
      return;
    }
    const at = this.#others?.indexOf(listener) ?? -1;
    if (at >= 0) this.#others?.splice(at, 1);
  }

  /**
   * Calls every listener once; later calls do nothing.
   * @param isTimeout whether the time of the whole client request is over
   */
  abort(isTimeout = false): void {
    if (this.aborted) return;
    this.aborted = true;
    this.isTimeout = isTimeout;
    const first = this.#listener;
    const others = this.#others;
    this.#listener = undefined;
    this.#others = undefined;
    if (first) call(first);
    if (others) for (const listener of others) call(listener);
  }
}

function call(listener: CancelListener): void {
  if (typeof listener === 'function') listener();
  else listener.handleEvent();
}
