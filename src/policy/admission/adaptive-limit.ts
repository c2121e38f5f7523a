/** Settings of an {@link AdaptiveLimit}. */
export interface AdaptiveLimitSettings {
  readonly min: number;
  /** The limit to begin with, too. */
  readonly max: number;
  /** The longest delay, in milliseconds, that is no overload. */
  readonly targetDelayMs: number;
  /** The part of the limit that only requests with priority may use: 0.2 for 20 %. */
  readonly priorityShare: number;
}

/** How long delays are collected before the limit changes, in milliseconds. */
export const INTERVAL_MS = 200;
/** The fewest delays that say something: one of a process that was suspended says nothing. */
export const MIN_SAMPLES = 3;
/** With more refused requests than this for each one that ended, refusals make the loop late: one takes two thirds of a small request. */
const MOST_REFUSALS = 2;
/** The least limit then, as a multiple of `min`. */
const REFUSAL_FLOOR = 10;
const SMALLEST_FACTOR = 0.5;
const LARGEST_FACTOR = 0.9;

/**
 * A limit of requests in progress that follows the delay of the event loop.
 *
 * Everything that is ready waits for the loop: requests that have arrived, timers, responses of subgraphs. So the delay of a timer is
 * the wait in that queue, and it does not depend on how long subgraphs take. What counts is the shortest delay of an interval, as in
 * CoDel (RFC 8289): while the queue is empty from time to time, one long task or a garbage collection is no overload. A queue
 * that never empties is.
 *
 * - The shortest delay is up to `targetDelayMs`: the limit grows by its square root. If more requests are in progress than the limit
 *   allows, the loop can evidently cope with them, and the limit grows from there. So requests that only wait for a slow subgraph
 *   do not take the places of others for long.
 * - It is longer: the limit becomes a part of the requests that were in progress: target / delay, between a half and nine tenths. It
 *   does not shrink again before as many have ended, because until then the delay says nothing about the new limit.
 * - Refusals take time, too. If they alone make the loop late, a smaller limit does not help: fewer requests would be served, and none
 *   sooner. So while more than two requests are refused for each one that ends, the limit is at least ten times `min`.
 */
export class AdaptiveLimit {
  readonly #settings: AdaptiveLimitSettings;
  #limit: number;
  #running = 0;
  /** The most requests in progress in this interval. */
  #peak = 0;
  #refused = 0;
  #ended = 0;
  #leastDelay = Number.POSITIVE_INFINITY;
  #samples = 0;
  #begin: number;

  /** @param now a monotonic time, in milliseconds */
  constructor(settings: AdaptiveLimitSettings, now: number) {
    this.#settings = settings;
    this.#limit = settings.max;
    this.#begin = now;
  }

  get limit(): number {
    return this.#limit;
  }

  get running(): number {
    return this.#running;
  }

  /** Returns whether a request may begin. */
  hasRoom(hasPriority: boolean): boolean {
    return this.#running < (hasPriority ? this.#limit : this.#limitWithoutPriority());
  }

  enter(): void {
    this.#running++;
    if (this.#running > this.#peak) this.#peak = this.#running;
  }

  leave(): void {
    this.#running--;
    this.#ended++;
  }

  /** Counts a request that found no room. */
  refuse(): void {
    this.#refused++;
  }

  /**
   * Takes a delay of the event loop into account.
   * @param delayMs how late a timer was, in milliseconds
   * @param now when it was, by the clock of the constructor
   */
  observe(delayMs: number, now: number): void {
    this.#leastDelay = Math.min(this.#leastDelay, delayMs);
    this.#samples++;
    if (now - this.#begin < INTERVAL_MS || this.#samples < MIN_SAMPLES) return;
    const least = this.#leastLimit();
    if (this.#leastDelay <= this.#settings.targetDelayMs || this.#limit < least) this.#grow();
    else if (this.#running <= this.#limit) this.#shrink(least);
    this.#refused = 0;
    this.#ended = 0;
    this.#begin = now;
    this.#leastDelay = Number.POSITIVE_INFINITY;
    this.#samples = 0;
    this.#peak = this.#running;
  }

  #grow(): void {
    const harmless = Math.max(this.#limit, this.#running);
    this.#limit = Math.min(this.#settings.max, harmless + Math.ceil(Math.sqrt(harmless)));
  }

  #leastLimit(): number {
    const { min, max } = this.#settings;
    return this.#refused > MOST_REFUSALS * this.#ended ? Math.min(max, min * REFUSAL_FLOOR) : min;
  }

  #shrink(least: number): void {
    const { targetDelayMs } = this.#settings;
    const factor = Math.min(LARGEST_FACTOR, Math.max(SMALLEST_FACTOR, targetDelayMs / this.#leastDelay));
    this.#limit = Math.max(least, Math.floor(Math.min(this.#limit, this.#peak) * factor));
  }

  #limitWithoutPriority(): number {
    return Math.max(1, Math.floor(this.#limit * (1 - this.#settings.priorityShare)));
  }
}
