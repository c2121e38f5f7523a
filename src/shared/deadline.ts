/** The longest time that a timer of Node takes, about 25 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Settles as `work` does. When `ms` milliseconds have passed before, settles with what `onExpiry` returns or throws; what the
 * work comes to is ignored then.
 */
export function withDeadline<T, L = never>(work: Promise<T>, ms: number, onExpiry: () => L): Promise<T | L> {
  if (ms > LONGEST_TIMER_MS) return work;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(expire<T | L>, ms, onExpiry, resolve, reject);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

function expire<T>(onExpiry: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): void {
  try {
    resolve(onExpiry());
  } catch (error) {
    reject(error);
  }
}

/** The part of an `AbortSignal` that is needed here. */
interface Abortable {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Calls `abort` once `ms` milliseconds have passed or `signal` is aborted, at once where it is already. */
export class AbortTimer {
  /** Whether the time was up first. */
  isLate = false;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: Abortable | undefined;
  readonly #abort: () => void;

  constructor(ms: number, signal: Abortable | undefined, abort: () => void) {
    this.#signal = signal;
    this.#abort = abort;
    this.#timer = setTimeout(
      () => {
        this.isLate = true;
        abort();
      },
      Math.max(0, ms),
    );
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
  }

  /** Ends the timer and stops listening; `abort` is not called any more. */
  release(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}

/** Settles as `work` does, or rejects with the reason of `signal` as soon as that is aborted; the work goes on then. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
