/** Calls under way that several wait for. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /**
   * Waits for the call of this key, and begins it where there is none. It is given up when the last who waits has left.
   * @returns its outcome, and whether it was begun here. Rejects with the reason of `signal` when that is aborted.
   */
  async join(key: string, signal: AbortSignal, begin: (signal: AbortSignal) => Promise<T>): Promise<[T, boolean]> {
    const known = this.#flights.get(key);
    const flight = known ?? this.#begin(key, begin);
    flight.waiting++;
    try {
      return [await untilAborted(flight.outcome, signal), known === undefined];
    } finally {
      flight.waiting--;
      if (flight.waiting === 0) this.#leave(key, flight);
    }
  }

  #begin(key: string, begin: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const abort = new AbortController();
    const flight: Flight<T> = { abort, outcome: begin(abort.signal), waiting: 0 };
    const land = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.outcome.then(land, land);
    this.#flights.set(key, flight);
    return flight;
  }

  #leave(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.abort.abort();
  }
}

interface Flight<T> {
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
