/** Calls under way that several wait for. */
export class SharedCalls<T> {
  readonly #sharedCalls = new Map<string, SharedCall<T>>();

  /**
   * Waits for the call of this key, and begins it where there is none. It is given up when the last who waits has left.
   * @returns its outcome, and whether it was begun here. Rejects with the reason of `signal` when that is aborted.
   */
  async join(key: string, signal: AbortSignal, begin: (signal: AbortSignal) => Promise<T>): Promise<[T, boolean]> {
    const known = this.#sharedCalls.get(key);
    const sharedCall = known ?? this.#begin(key, begin);
    sharedCall.waiting++;
    try {
      return [await untilAborted(sharedCall.outcome, signal), known === undefined];
    } finally {
      sharedCall.waiting--;
      if (sharedCall.waiting === 0) this.#leave(key, sharedCall);
    }
  }

  #begin(key: string, begin: (signal: AbortSignal) => Promise<T>): SharedCall<T> {
    const abort = new AbortController();
    const sharedCall: SharedCall<T> = { abort, outcome: begin(abort.signal), waiting: 0 };
    const finish = () => {
      if (this.#sharedCalls.get(key) === sharedCall) this.#sharedCalls.delete(key);
    };
    sharedCall.outcome.then(finish, finish);
    this.#sharedCalls.set(key, sharedCall);
    return sharedCall;
  }

  #leave(key: string, sharedCall: SharedCall<T>): void {
    if (this.#sharedCalls.get(key) === sharedCall) this.#sharedCalls.delete(key);
    sharedCall.abort.abort();
  }
}

interface SharedCall<T> {
  readonly abort: AbortController;
  readonly outcome: Promise<T>;
  waiting: number;
}

/** Rejects as soon as nobody waits any more, also for what has not begun. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
