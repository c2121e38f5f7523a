import { LRUCache } from 'lru-cache';
import { addressGroup } from '../client-address.ts';
import { BadCredential, tooMany } from './authentication-error.ts';

/** The failures of one address in the window that is open. */
export interface Failures {
  readonly count: number;
  /** Milliseconds until the window ends. */
  readonly leftMs: number;
}

/** Failures that several processes count together. */
export interface SharedFailures {
  /** How many processes there are. */
  readonly processes: number;
  /**
   * Counts one failure. Resolves with the sum once it has been sent to the other processes; with `undefined` where the sum is
   * not available.
   */
  add(group: string, windowMs: number): Promise<Failures | undefined>;
  /** Calls `listener` with each sum that another process has changed. */
  onChange(listener: (group: string, sum: Failures) => void): void;
}

export interface FailedAttemptsOptions {
  /** Bad credentials that one address may send in a window. */
  readonly limit: number;
  readonly windowMs: number;
  /** Told when an address has reached the limit. */
  readonly onThrottled?: (() => void) | undefined;
  /** The sums of all processes; without it this process counts alone. */
  readonly shared?: SharedFailures | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: (() => number) | undefined;
}

interface Tally {
  failures: number;
  readonly until: number;
}

/** Checks of one address that take time, and those that wait for them. */
interface Line {
  underWay: number;
  readonly waiting: (() => void)[];
}

const MOST_ADDRESSES = 50_000;

/**
 * Counts credentials that may have been made up by the address that they come from (IPv6 by /64), in windows that begin with the
 * first one.
 */
export class FailedAttempts {
  readonly #options: FailedAttemptsOptions;
  readonly #now: () => number;
  readonly #tallies = new LRUCache<string, Tally>({ max: MOST_ADDRESSES });
  readonly #lines = new Map<string, Line>();

  constructor(options: FailedAttemptsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    options.shared?.onChange((group, sum) => this.#adopt(group, sum));
  }

  /** Seconds, rounded up, until credentials from the address are looked at again; `undefined` when they are now. */
  retryAfter(ip: string): number | undefined {
    const tally = this.#tally(addressGroup(ip));
    if (tally === undefined || tally.failures < this.#options.limit) return undefined;
    return Math.ceil((tally.until - this.#now()) / 1_000);
  }

  /** Returns a promise where other processes count, too: it resolves once they have been sent the new sum. */
  note(ip: string): void | Promise<void> {
    const { windowMs, limit, onThrottled, shared } = this.#options;
    const group = addressGroup(ip);
    const tally = this.#tally(group) ?? { failures: 0, until: this.#now() + windowMs };
    if (tally.failures === 0) this.#tallies.set(group, tally);
    tally.failures++;
    if (shared !== undefined) return this.#share(shared, group);
    if (tally.failures === limit) onThrottled?.();
  }

  async #share(shared: SharedFailures, group: string): Promise<void> {
    const { windowMs, limit, onThrottled } = this.#options;
    const sum = await shared.add(group, windowMs);
    if (sum === undefined) return;
    this.#adopt(group, sum);
    if (sum.count === limit) onThrottled?.();
  }

  /** Failures of this process that are still on their way into the sum are not forgotten. */
  #adopt(group: string, { count, leftMs }: Failures): void {
    if (count <= this.#failures(group)) return;
    this.#tallies.set(group, { failures: count, until: this.#now() + leftMs });
  }

  /**
   * Has a credential of the address checked, and counts it if it is found to be bad. Those under way may all turn out bad: no more
   * than are still allowed are checked at the same time, the others wait for their turn, so that the limit holds however many
   * come at once; each of several processes has its part of what is allowed. Throws, or rejects with, `AuthenticationError` 429 where the limit is reached, and what the check throws.
   */
  guard<T>(ip: string, check: () => T | Promise<T>): T | Promise<T> {
    const wait = this.retryAfter(ip);
    if (wait !== undefined) throw tooMany(wait);
    const group = addressGroup(ip);
    const line = this.#lines.get(group);
    if (line !== undefined && this.#free(group, line) <= 0) {
      return new Promise<void>((resume) => line.waiting.push(resume)).then(() => this.guard(ip, check));
    }
    try {
      const result = check();
      return result instanceof Promise ? this.#settle(ip, result) : result;
    } catch (error) {
      const noted = this.#recordGuess(ip, error);
      if (noted === undefined) throw error;
      return noted.then(() => Promise.reject(error));
    } finally {
      if (line !== undefined) this.#callNext(group, line);
    }
  }

  async #settle<T>(ip: string, check: Promise<T>): Promise<T> {
    const group = addressGroup(ip);
    const line = this.#lines.get(group) ?? { underWay: 0, waiting: [] };
    this.#lines.set(group, line);
    line.underWay++;
    try {
      return await check;
    } catch (error) {
      await this.#recordGuess(ip, error);
      throw error;
    } finally {
      line.underWay--;
      this.#callNext(group, line);
    }
  }

  #recordGuess(ip: string, error: unknown): Promise<void> | undefined {
    const isGuess = error instanceof BadCredential && error.isGuess;
    return (isGuess && this.note(ip)) || undefined;
  }

  /** Lets as many go on as may be checked now; all, once the limit is reached: they are to be told. */
  #callNext(group: string, line: Line): void {
    const isFull = this.#failures(group) >= this.#options.limit;
    const next = line.waiting.splice(0, isFull ? line.waiting.length : Math.max(0, this.#free(group, line)));
    if (line.underWay === 0 && line.waiting.length === 0 && this.#lines.get(group) === line) this.#lines.delete(group);
    for (const resume of next) resume();
  }

  #free(group: string, line: Line): number {
    const { limit, shared } = this.#options;
    return Math.ceil((limit - this.#failures(group)) / (shared?.processes ?? 1)) - line.underWay;
  }

  #failures(group: string): number {
    return this.#tally(group)?.failures ?? 0;
  }

  /** That of a window which is not over. */
  #tally(group: string): Tally | undefined {
    const tally = this.#tallies.get(group);
    return tally !== undefined && tally.until > this.#now() ? tally : undefined;
  }
}
