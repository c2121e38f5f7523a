/** A request that gets a second one at a time, unless it ends before. */
export interface HedgeEntry {
  /** By `performance.now()`. */
  dueAt: number;
  earlier: HedgeEntry | undefined;
  later: HedgeEntry | undefined;
  isQueued: boolean;
  /** Called at that time, after what has arrived by then was read. */
  startSecond(): void;
}

/** Timers have a precision of one millisecond. */
const TIMER_STEP = 1;

/**
 * The requests that wait for the time of their second one, in a list sorted by that time, with one timer for the first of them. A timer
 * for each request would cost several times as much, and nearly all of them would be cleared before they fire.
 *
 * The delays of a subgraph are alike, so a request is added at the end of the list. After the delay has become
 * shorter, it is added before those that wait longer.
 */
export class HedgeQueue {
  #first: HedgeEntry | undefined;
  #last: HedgeEntry | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  #wakesAt = Number.POSITIVE_INFINITY;

  add(entry: HedgeEntry, now: number): void {
    let earlier = this.#last;
    while (earlier !== undefined && earlier.dueAt > entry.dueAt) earlier = earlier.earlier;
    const later = earlier === undefined ? this.#first : earlier.later;
    entry.earlier = earlier;
    entry.later = later;
    entry.isQueued = true;
    if (earlier === undefined) this.#first = entry;
    else earlier.later = entry;
    if (later === undefined) this.#last = entry;
    else later.earlier = entry;
    if (entry.dueAt < this.#wakesAt) this.#wakeAt(entry.dueAt, now);
  }

  /** Removes a request that has ended. The timer stays: it fires for nothing at most once for each delay. */
  remove(entry: HedgeEntry): void {
    if (!entry.isQueued) return;
    const { earlier, later } = entry;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    entry.earlier = undefined;
    entry.later = undefined;
    entry.isQueued = false;
  }

  #wakeAt(dueAt: number, now: number): void {
    clearTimeout(this.#timer);
    this.#wakesAt = dueAt;
    this.#timer = setTimeout(() => this.#wake(), Math.max(TIMER_STEP, Math.round(dueAt - now)));
    this.#timer.unref();
  }

  #wake(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const until = now + TIMER_STEP / 2;
    // a response may wait in its socket while this process is busy
    setImmediate(() => this.#startDue(until));
    for (let entry = this.#first; entry !== undefined; entry = entry.later) {
      if (entry.dueAt <= until) continue;
      this.#wakeAt(entry.dueAt, now);
      break;
    }
  }

  #startDue(until: number): void {
    while (this.#first !== undefined && this.#first.dueAt <= until) {
      const due = this.#first;
      this.remove(due);
      due.startSecond();
    }
  }
}
