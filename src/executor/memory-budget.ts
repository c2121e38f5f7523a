import { OverloadedError } from '../shared/overloaded-error.ts';
import type { CancelSignal } from '../sources/source.ts';

/** In UTF-16 code units. Shorter responses are not counted: they take little memory. */
export const LONG_RESPONSE = 16_384;

/** What an `OverloadedError` says that there is no memory for. */
const LONG_RESPONSES = 'further long responses';

/**
 * Admitted executions may take this many times the limit for new ones: their further responses are not known in
 * advance.
 */
const GROWTH = 2;

export interface MemoryBudgetOptions {
  /**
   * The text of long responses at which no further execution is admitted, in UTF-16 code units. A single execution
   * may have more.
   */
  readonly atOnce: number;
  /** How much more text may wait. */
  readonly waiting: number;
  /** Called when a response has to wait and none was waiting before. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * A limit on the memory that executions take for subgraph responses. The objects and lists made of a response take
 * some ten times the memory of its text, and a process that runs out of memory ends all its requests. So the text of
 * an execution's first long response waits until there is room. After that the execution never waits again, so that
 * no execution waits for one that waits itself. First come, first served; short responses never wait. What still
 * exceeds the limit is refused.
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

  /** Returns a reservation for one execution, which has to leave when it ends. */
  reserve(signal: CancelSignal | undefined): Reservation {
    return new Reservation(this, signal);
  }

  /** @internal Adds text to an execution that was admitted. Throws `OverloadedError`. */
  take(size: number, own: number): void {
    const { held } = this;
    // a single execution may take everything
    if (held > own && held + size > this.options.atOnce * GROWTH) throw new OverloadedError(LONG_RESPONSES);
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
    if (this.queued + size > this.options.waiting) throw new OverloadedError(LONG_RESPONSES);
    if (this.queue.size === 0) this.options.onWait?.();
    this.queued += size;
    this.queue.add(reservation);
    // the memory that it waits for may have been released meanwhile
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

  /** Admits one reservation per turn of the event loop, because reading its responses may take long. */
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

/** Called when it is the turn of a response, and with `true` when the client has disconnected. */
type Step = (disconnected: boolean) => void;

/** The memory of a budget that one execution takes. */
export class Reservation {
  /** The size of the long responses of the execution so far. */
  size = 0;
  private readonly budget: MemoryBudget;
  private readonly signal: CancelSignal | undefined;
  private state: 'outside' | 'waiting' | 'inside' | 'over' = 'outside';
  private steps: Step[] = [];

  constructor(budget: MemoryBudget, signal: CancelSignal | undefined) {
    this.budget = budget;
    this.signal = signal;
  }

  /** Returns whether a text may be processed now; if not, it has to {@link wait}. Throws `OverloadedError`. */
  take(size: number): boolean {
    if (this.state === 'over') return true;
    if (this.state === 'inside') this.budget.take(size, this.size);
    else if (this.state === 'waiting' || !this.budget.tryTake(size)) return false;
    this.state = 'inside';
    this.size += size;
    return true;
  }

  /** Calls `step` when it is the turn of a text. Throws `OverloadedError` where too much text waits already. */
  wait(size: number, step: Step): void {
    if (this.signal?.aborted) return step(true);
    this.budget.enqueue(this, size);
    this.size += size;
    this.steps.push(step);
    if (this.state === 'waiting') return;
    this.state = 'waiting';
    this.signal?.addEventListener('abort', this);
  }

  /** @internal Called when it is the turn of this reservation. */
  enter(): void {
    this.state = 'inside';
    this.proceed(false);
  }

  /** Called when the client disconnects while the execution waits. */
  handleEvent(): void {
    this.budget.dequeue(this);
    this.state = 'over';
    this.proceed(true);
  }

  /** Ends the reservation with its execution. */
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
