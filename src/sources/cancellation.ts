import type { CancelListener, CancelSignal } from './source.ts';

const NONE: CancelListener[] = [];

/**
 * Cancels all fetches of one request. An `AbortController` would do the same, but costs as much as all other bookkeeping of a
 * small request, and every request creates one.
 */
export class Cancellation implements CancelSignal {
  aborted = false;
  #listeners: CancelListener[] = NONE;

  addEventListener(_type: 'abort', listener: CancelListener): void {
    if (this.#listeners === NONE) this.#listeners = [listener];
    else if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: CancelListener): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  /** Calls every listener once; later calls do nothing. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = this.#listeners;
    this.#listeners = NONE;
    for (const listener of listeners) {
      if (typeof listener === 'function') listener();
      else listener.handleEvent();
    }
  }
}
