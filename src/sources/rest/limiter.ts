/** Runs at most `max` tasks at a time. Others wait; the first to wait runs first. */
export class Limiter {
  readonly #max: number;
  #running = 0;
  /** Waiting tasks from `#next` on; those before it have been started. */
  #waiting: (() => void)[] = [];
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  /** Gives the place of a finished task to the next one that waits. */
  #release(): void {
    const next = this.#waiting[this.#next];
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#next++;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    next();
  }
}
