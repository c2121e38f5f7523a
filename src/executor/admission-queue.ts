/** A run that takes less text from subgraphs begins at once, in UTF-16 code units: it is done before it is in anybody's way. */
export const HEAVY_EXECUTION = 16_384;

/** Heavy runs begin at once while those under way take less text than this together. */
const UNQUEUED_TEXT = 262_144;

type Start = () => void;

/**
 * Finishes what is begun before it begins more. Of many heavy runs at once, each would otherwise wait for all others with half
 * of its answer in memory, where the garbage collector copies it again and again. So beyond a few, one more begins in each
 * turn of the event loop, after the answers that are there have been read: while the processor is busy these are as many as end,
 * and while it waits for slow subgraphs turns are so short that nobody notices.
 */
export class AdmissionQueue {
  private running = 0;
  private waiting: Start[] = [];
  private next = 0;

  /** Calls `start`, now or in a later turn; the run then has to {@link leave} with the same weight. */
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
