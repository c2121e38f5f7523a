/** The longest time that a timer of Node allows, about 25 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Largest number of parts of a deadline's time. A stall in one part does not use up the others. */
const PARTS = 4;

/** The shortest part, in milliseconds. */
const SHORTEST_PART_MS = 5;

/** What a deadline ends. */
export interface Expirable {
  expire(): void;
}

/** For a deadline that ends nothing itself: only its time is read. */
export const NOTHING_EXPIRES: Expirable = { expire: () => {} };

/**
 * Calls `expire` once, after `ms` milliseconds in which this process could have read what it waits for.
 *
 * While the process is busy, or the machine gives it no time, nothing is read; afterwards, Node runs the timers that are due
 * before it reads. A plain timer would then count the stall of this process as slowness of the other side. So the time is
 * split into parts, and a stall uses up only one of them, however long it was. When the last part is over, what has arrived is
 * read before `expire` is called. If a stall used up the last part, that part is repeated, at most as often as there are parts.
 * A time longer than a timer of Node allows never passes.
 */
export class Deadline {
  readonly #partMs: number;
  #target: Expirable | undefined;
  #partsLeft: number;
  #repeatsLeft = PARTS;
  /** When the current part is over, by `performance.now()`. */
  #partEnd = 0;
  #timer: NodeJS.Timeout | undefined;
  #keepsAlive = true;
  #immediate: NodeJS.Immediate | undefined;

  /** @param now where it is known: `performance.now()` */
  constructor(ms: number, target: Expirable, now = performance.now()) {
    this.#partsLeft = Math.min(PARTS, Math.max(1, Math.floor(ms / SHORTEST_PART_MS)));
    this.#partMs = Math.ceil(ms / this.#partsLeft);
    this.#target = target;
    if (ms <= LONGEST_TIMER_MS) this.#startPart(now);
  }

  /** The time that is left, in milliseconds, for a part of the work that has a timer of its own. */
  get leftMs(): number {
    const ofPart = Math.max(0, this.#partEnd - performance.now());
    return Math.max(0, this.#partsLeft - 1) * this.#partMs + ofPart;
  }

  /** Cancels it. Lets go of what it would end. */
  cancel(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#target = undefined;
  }

  /** Does not keep the process alive. */
  unref(): void {
    this.#keepsAlive = false;
    this.#timer?.unref();
  }

  /** Called by the timer of a part. */
  partOver(): void {
    if (--this.#partsLeft > 0) this.#startPart(performance.now());
    else this.#immediate = setImmediate(readAll, this);
  }

  /** Called when the event loop has read what had arrived. */
  readAll(): void {
    const target = this.#target;
    if (target === undefined) return;
    if (this.#lostLastPart() && this.#repeatsLeft-- > 0) {
      this.#partsLeft = 1;
      this.#startPart(performance.now());
    } else {
      this.#target = undefined;
      target.expire();
    }
  }

  #startPart(now: number): void {
    this.#partEnd = now + this.#partMs;
    this.#timer = setTimeout(partOver, this.#partMs, this);
    if (!this.#keepsAlive) this.#timer.unref();
  }

  #lostLastPart(): boolean {
    return performance.now() - this.#partEnd > this.#partMs;
  }
}

function partOver(deadline: Deadline): void {
  deadline.partOver();
}

function readAll(deadline: Deadline): void {
  deadline.readAll();
}

/**
 * Settles as `work` does. If the deadline of `ms` milliseconds passes first, settles with what `onExpiry` returns or throws, and the
 * outcome of the work is ignored.
 */
export function withDeadline<T, L = never>(work: Promise<T>, ms: number, onExpiry: () => L): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const expire = () => {
      try {
        resolve(onExpiry());
      } catch (error) {
        reject(error);
      }
    };
    const deadline = new Deadline(ms, { expire });
    work.then(
      (value) => {
        deadline.cancel();
        resolve(value);
      },
      (error: unknown) => {
        deadline.cancel();
        reject(error);
      },
    );
  });
}

/** Returns a signal that is aborted with a `TimeoutError` after `ms` milliseconds, as `AbortSignal.timeout` does. */
export function deadlineSignal(ms: number): AbortSignal {
  const controller = new AbortController();
  const expire = () => controller.abort(new DOMException(`No complete response within ${ms} ms`, 'TimeoutError'));
  new Deadline(ms, { expire }).unref();
  return controller.signal;
}

/** The part of an `AbortSignal` that is needed here. */
interface Abortable {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Calls `abort` once `ms` milliseconds have passed or `signal` is aborted, at once if it is aborted already. */
export class AbortTimer implements Expirable {
  /** Whether the time was up first. */
  isLate = false;
  readonly #ms: number;
  #deadline: Deadline;
  readonly #signal: Abortable | undefined;
  readonly #abort: () => void;
  readonly #hasProgress: (() => boolean) | undefined;

  /** @param hasProgress returns whether the time begins again once it is over */
  constructor(ms: number, signal: Abortable | undefined, abort: () => void, hasProgress?: () => boolean) {
    this.#ms = ms;
    this.#signal = signal;
    this.#abort = abort;
    this.#hasProgress = hasProgress;
    this.#deadline = new Deadline(Math.max(0, ms), this);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
  }

  expire(): void {
    if (this.#hasProgress?.()) {
      this.#deadline = new Deadline(this.#ms, this);
      return;
    }
    this.isLate = true;
    this.#abort();
  }

  /** Ends the timer and stops listening; `abort` is not called any more. */
  release(): void {
    this.#deadline.cancel();
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}

/** Settles as `work` does, or rejects with the reason of `signal` as soon as that is aborted. The work itself continues. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopWaiting = () => reject(signal.reason);
    if (signal.aborted) stopWaiting();
    signal.addEventListener('abort', stopWaiting, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stopWaiting));
  });
}
