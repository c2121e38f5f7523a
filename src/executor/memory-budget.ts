import { GatewayError } from '../shared/gateway-error.ts';
import type { CancelSignal } from '../sources/source.ts';

/** Shorter answers are not counted, in UTF-16 code units: whatever is made of them is little. */
export const LONG_RESPONSE = 16_384;

/** More answers wait for memory than there is memory for. */
export class OverloadedError extends GatewayError {
  constructor() {
    // what a rule has copied from a subgraph's response does not hold for this one
    const headers = { 'retry-after': String(RETRY_AFTER), 'cache-control': 'no-store' };
    const message = 'The gateway has as many long answers in memory as it can hold. Try again in a moment.';
    super(503, 'OVERLOADED', message, { headers });
    this.name = 'OverloadedError';
  }
}

/** In seconds. Runs that hold memory end soon or run out of their time. */
const RETRY_AFTER = 1;

/** Runs that are in may come to have so many times as much as lets new ones in: what they ask for next is not known before. */
const GROWTH = 2;

export interface MemoryBudgetOptions {
  /** How much text of long answers lets no further run in, in UTF-16 code units. A run alone may have more. */
  readonly atOnce: number;
  /** How much more text may wait for its turn. */
  readonly waiting: number;
  /** Called when an answer has to wait and none did before. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Bounds how much memory runs take for the answers of subgraphs. What is made of an answer, objects and lists of what to look
 * up, is some ten times as large as its text, and one process that ends for lack of memory ends everybody's requests. So the
 * text of a run's first long answer waits until there is room; from then on the run never waits again until it ends, so that
 * none ever waits for one that waits itself. First come, first served; short answers never wait. What would be too much all the
 * same is refused.
 */
export class MemoryBudget {
  private readonly options: MemoryBudgetOptions;
  private readonly queue = new Set<Reservation>();
  private held = 0;
  private queued = 0;
  private scheduled = false;

  constructor(options: MemoryBudgetOptions) {
    this.options = options;
  }

  /** For one run, which has to leave when it ends. */
  reserve(signal: CancelSignal | undefined): Reservation {
    return new Reservation(this, signal);
  }

  /** @internal More for a run that has some already. Throws `OverloadedError`. */
  take(size: number, own: number): void {
    const { held } = this;
    // alone it may have all there is
    if (held > own && held + size > this.options.atOnce * GROWTH) throw new OverloadedError();
    this.held = held + size;
  }

  /** @internal */
  tryTake(size: number): boolean {
    if (this.queue.size > 0 || !this.hasRoom(size)) return false;
    this.held += size;
    return true;
  }

  /** @internal Throws `OverloadedError`. */
  enqueue(reservation: Reservation, size: number): void {
    if (this.queued + size > this.options.waiting) throw new OverloadedError();
    if (this.queue.size === 0) this.options.onWait?.();
    this.queued += size;
    this.queue.add(reservation);
    // what it waits for may have ended in the meantime
    this.schedule();
  }

  /** @internal */
  dequeue(reservation: Reservation): void {
    if (this.queue.delete(reservation)) this.queued -= reservation.size;
    this.schedule();
  }

  /** @internal */
  release(size: number): void {
    this.held -= size;
    this.schedule();
  }

  private hasRoom(size: number): boolean {
    return this.held === 0 || this.held + size <= this.options.atOnce;
  }

  /** One at a time, with others' turns in between: each may be long to read. */
  private schedule(): void {
    if (this.scheduled || this.queue.size === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      const [next] = this.queue;
      if (!next || !this.hasRoom(next.size)) return;
      this.dequeue(next);
      this.held += next.size;
      next.enter();
    });
  }
}

/** Called when it is an answer's turn, and with `true` when nobody waits for it any more. */
type Step = (disconnected: boolean) => void;

/** What one run takes of a budget. */
export class Reservation {
  /** Of the long answers that the run has had. */
  size = 0;
  private readonly budget: MemoryBudget;
  private readonly signal: CancelSignal | undefined;
  private state: 'outside' | 'waiting' | 'inside' | 'over' = 'outside';
  private steps: Step[] = [];

  constructor(budget: MemoryBudget, signal: CancelSignal | undefined) {
    this.budget = budget;
    this.signal = signal;
  }

  /** Whether a text may be worked on now; if not, it has to {@link wait}. Throws `OverloadedError`. */
  take(size: number): boolean {
    if (this.state === 'over') return true;
    if (this.state === 'inside') this.budget.take(size, this.size);
    else if (this.state === 'waiting' || !this.budget.tryTake(size)) return false;
    this.state = 'inside';
    this.size += size;
    return true;
  }

  /** Throws `OverloadedError` where too much waits already. */
  wait(size: number, step: Step): void {
    if (this.signal?.aborted) return step(true);
    this.budget.enqueue(this, size);
    this.size += size;
    this.steps.push(step);
    if (this.state === 'waiting') return;
    this.state = 'waiting';
    this.signal?.addEventListener('abort', this);
  }

  /** @internal It is its turn. */
  enter(): void {
    this.state = 'inside';
    this.proceed(false);
  }

  /** The client has gone while it waited. */
  handleEvent(): void {
    this.budget.dequeue(this);
    this.state = 'over';
    this.proceed(true);
  }

  /** The run has ended. */
  leave(): void {
    if (this.state === 'waiting') this.budget.dequeue(this);
    if (this.state === 'inside') this.budget.release(this.size);
    this.state = 'over';
    this.steps = [];
    this.signal?.removeEventListener('abort', this);
  }

  private proceed(disconnected: boolean): void {
    const { steps } = this;
    this.steps = [];
    this.signal?.removeEventListener('abort', this);
    for (const step of steps) step(disconnected);
  }
}
