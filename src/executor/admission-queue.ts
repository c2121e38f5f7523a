/**
 * In UTF-16 code units of subgraph responses. A smaller execution starts at once: it ends before it delays others.
 */
export const HEAVY_EXECUTION = 16_384;

/** Heavy executions start at once while the running ones take less text than this together. */
const UNQUEUED_TEXT = 262_144;

type Start = () => void;

/**
 * A queue that finishes running executions before it starts more. With many heavy executions at once, each would
 * otherwise wait for all others with half of its result in memory, where the garbage collector copies it again and
 * again. So beyond a few, one more starts in each turn of the event loop, after the responses that have arrived were
 * read. While the processor is busy, as many end in a turn; while it waits for slow subgraphs, turns are so short
 * that the delay does not matter.
 */
export class AdmissionQueue {
  private running = 0;
  private waiting: Start[] = [];
  private next = 0;

  /** Calls `start`, now or in a later turn; the execution then has to {@link leave} with the same weight. */
  enter(weight: number, start: Start): void {
    if (this.waiting.length === 0 && this.running < UNQUEUED_TEXT) {
      this.running += weight;
      start();
      return;
    }
    if (this.waiting.length === 0) setImmediate(this.startNext);
    this.waiting.push(() => {
      this.running += weight;
      start();
    });
  }

  /** Ends an execution that entered with this weight. */
  leave(weight: number): void {
    this.running -= weight;
  }

  private readonly startNext = (): void => {
    const start = this.waiting[this.next];
    this.waiting[this.next] = NO_START;
    this.next += 1;
    if (this.next === this.waiting.length) {
      this.waiting = [];
      this.next = 0;
    } else {
      setImmediate(this.startNext);
    }
    start?.();
  };
}

const NO_START: Start = () => {};
