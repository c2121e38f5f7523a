/** Lets so many tasks run at a time; others wait, first come, first served. */
export class Limiter {
  readonly #most: number;
  #running = 0;
  /** Waiting tasks from `#next` on; those before it have been started. */
  #waiting: (() => void)[] = [];
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await task();
    } finally {
      this.#passOn();
    }
  }

  /** The place of a task that has ended goes to the next that waits. */
  #passOn(): void {
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
