import { LRUCache } from 'lru-cache';
import { addressGroup } from '../client-address.ts';
import { BadCredential, tooManyAttempts } from './authentication-error.ts';

/** The failures of one address in the current window. */
export interface Failures {
  readonly count: number;
  /** Milliseconds until the window ends. */
  readonly leftMs: number;
}

/** Failure counts that several processes share. */
export interface SharedFailures {
  /** The number of processes. */
  readonly processes: number;
  /**
   * Counts one failure. Resolves with the sum once the other processes have it; with `undefined` if the sum is not
   * available.
   */
  add(group: string, windowMs: number): Promise<Failures | undefined>;
  /** Calls `listener` with each sum that another process changes. */
  onChange(listener: (group: string, sum: Failures) => void): void;
}

export interface FailedAttemptsOptions {
  /** Bad credentials that one address may send per window. */
  readonly limit: number;
  readonly windowMs: number;
  /** Called when an address reaches the limit. */
  readonly onThrottled?: (() => void) | undefined;
  /** The counts that all processes share; without it this process counts alone. */
  readonly shared?: SharedFailures | undefined;
  /** Returns milliseconds of a monotonic clock. */
  readonly now?: (() => number) | undefined;
}

interface Tally {
  failures: number;
  readonly until: number;
}

/** The pending checks of one address, and the requests that wait for them. */
interface Line {
  underWay: number;
  readonly waiting: (() => void)[];
}

const MOST_ADDRESSES = 50_000;

/**
 * Counts invented credentials per address (IPv6 per /64), in windows that begin with the first failure.
 */
export class FailedAttempts {
  readonly #options: FailedAttemptsOptions;
  readonly #now: () => number;
  /** Created with the first failure: it allocates the places of all addresses at once, which takes milliseconds. */
  #tallies: LRUCache<string, Tally> | undefined;
  readonly #lines = new Map<string, Line>();

  constructor(options: FailedAttemptsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    options.shared?.onChange((group, sum) => this.#adopt(group, sum));
  }

  /** Returns the seconds, rounded up, until the address may send credentials again; `undefined` when it may now. */
  retryAfter(ip: string): number | undefined {
    const tally = this.#tally(addressGroup(ip));
    if (tally === undefined || tally.failures < this.#options.limit) return undefined;
    return Math.ceil((tally.until - this.#now()) / 1_000);
  }

  /** Counts one failure. Returns a promise if processes share the counts: it resolves once they have the new sum. */
  recordFailure(ip: string): void | Promise<void> {
    const { windowMs, limit, onThrottled, shared } = this.#options;
    const group = addressGroup(ip);
    const tally = this.#tally(group) ?? { failures: 0, until: this.#now() + windowMs };
    if (tally.failures === 0) this.#keep(group, tally);
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

  /** Takes over a shared sum, unless this process has counted failures that the sum does not have yet. */
  #adopt(group: string, { count, leftMs }: Failures): void {
    if (count <= this.#failures(group)) return;
    this.#keep(group, { failures: count, until: this.#now() + leftMs });
  }

  /**
   * Runs a check, and counts it if the credential may be invented. Every pending check may fail, so only as many run at the same
   * time as failures are left; the others wait. The limit therefore holds for any number of concurrent requests. Each of several
   * processes has its share. Throws, or rejects with, `AuthenticationError` 429 at the limit, and whatever the check throws.
   */
  guard<T>(ip: string, check: () => T | Promise<T>): T | Promise<T> {
    const wait = this.retryAfter(ip);
    if (wait !== undefined) throw tooManyAttempts(wait);
    const group = addressGroup(ip);
    const line = this.#lines.get(group);
    if (line !== undefined && this.#free(group, line) <= 0) {
      return new Promise<void>((resume) => line.waiting.push(resume)).then(() => this.guard(ip, check));
    }
    try {
      const result = check();
      return result instanceof Promise ? this.#settle(ip, result) : result;
    } catch (error) {
      const recorded = this.#recordGuess(ip, error);
      if (recorded === undefined) throw error;
      return recorded.then(() => Promise.reject(error));
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
    return (isGuess && this.recordFailure(ip)) || undefined;
  }

  /** Resumes as many waiting requests as may be checked now. At the limit it resumes all, which then get their 429. */
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

  /** Returns the tally of an address unless its window is over. */
  #tally(group: string): Tally | undefined {
    const tally = this.#tallies?.get(group);
    return tally !== undefined && tally.until > this.#now() ? tally : undefined;
  }

  #keep(group: string, tally: Tally): void {
    this.#tallies ??= new LRUCache({ max: MOST_ADDRESSES });
    this.#tallies.set(group, tally);
  }
}
