export interface BulkheadSettings {
  /** Calls at once. */
  readonly max: number;
  /** Calls that may wait for others to end. */
  readonly queue: number;
}

/** A call that waits for its turn. */
export interface WaitingCall {
  start(): void;
}

/**
 * Limits how many calls of one source run at once, so that a slow source takes connections and memory only up to a bound, and
 * requests to other sources are not affected.
 *
 * Calls over the limit wait in a queue, the first to wait runs first. A call that finds the queue full is rejected. A call can
 * leave the queue from any place, in constant time: the queue is a `Map`, which keeps the order of insertion. One iterator
 * goes through it from first to last: a new one would pass all places that have become empty, each time.
 */
export class Bulkhead {
  readonly #settings: BulkheadSettings;
  #running = 0;
  #isStarting = false;
  /** The calls that wait, and since when, by `performance.now()`. */
  readonly #waiting = new Map<WaitingCall, number>();
  #inOrder = this.#waiting.keys();
  readonly #onWaited: ((ms: number) => void) | undefined;

  /** @param onWaited called for each call that has waited before it starts */
  constructor(settings: BulkheadSettings, onWaited?: (ms: number) => void) {
    this.#settings = settings;
    this.#onWaited = onWaited;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Starts a call at once, or when it is its turn. Each call that was started needs one `leave`.
   * @returns false when the queue is full, and the call will not be started
   */
  enter(call: WaitingCall): boolean {
    if (!this.tryEnter()) return this.wait(call);
    call.start();
    return true;
  }

  /** Returns whether a call may start at once. It needs a `leave` then. */
  tryEnter(): boolean {
    if (this.#running >= this.#settings.max || this.#waiting.size > 0) return false;
    this.#running++;
    return true;
  }

  /**
   * Starts a call when it is its turn.
   * @returns false when the queue is full, and the call will not be started
   */
  wait(call: WaitingCall): boolean {
    if (this.#waiting.size >= this.#settings.queue) return false;
    this.#waiting.set(call, performance.now());
    return true;
  }

  /** Takes a call out of the queue that is not to be started any more. */
  withdraw(call: WaitingCall): void {
    this.#waiting.delete(call);
  }

  /** Ends a call that was started. Its place goes to the first one that waits. */
  leave(): void {
    this.#running--;
    // a call may end before `start` returns: a loop, because the stack has no room for a long queue
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      while (this.#running < this.#settings.max && this.#waiting.size > 0) this.#startFirst();
    } finally {
      this.#isStarting = false;
    }
  }

  #startFirst(): void {
    const next = this.#first();
    this.#onWaited?.(performance.now() - (this.#waiting.get(next) ?? 0));
    this.#waiting.delete(next);
    this.#running++;
    next.start();
  }

  #first(): WaitingCall {
    const { value } = this.#inOrder.next();
    if (value !== undefined) return value;
    // an iterator that has reached the end stays there
    this.#inOrder = this.#waiting.keys();
    return this.#inOrder.next().value as WaitingCall;
  }
}
