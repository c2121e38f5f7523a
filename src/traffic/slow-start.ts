import type { Endpoint } from './endpoint.ts';

/** The share of its weight with which a URL begins. With none, it would get no request, and its caches would stay cold. */
const LEAST_WARMTH = 0.1;

/**
 * Lets the share of a URL rise over a time after it has come back: from an ejection, failed health checks, or an open circuit. Its caches
 * and its pools are empty then, and its full share might overload it again. URLs that come back together have equal shares.
 *
 * What takes a URL out of use is not asked for: it is seen at the requests that it does not get.
 */
export class SlowStart {
  readonly #endpoints: readonly Endpoint[];
  readonly #windowMs: number;
  readonly #unavailable = new Set<Endpoint>();
  /** When each of those that get less than their weight came back. */
  readonly #since = new Map<Endpoint, number>();

  constructor(endpoints: readonly Endpoint[], windowMs: number) {
    this.#endpoints = endpoints;
    this.#windowMs = windowMs;
  }

  /** Sets the warmth of each endpoint before one is chosen. */
  update(now: number): void {
    for (const endpoint of this.#endpoints) {
      if (!endpoint.isAvailable(now)) {
        this.#unavailable.add(endpoint);
        continue;
      }
      if (this.#unavailable.delete(endpoint)) {
        this.#since.set(endpoint, now);
        // what it was owed before was owed to its full weight
        endpoint.currentWeight = 0;
      }
      const since = this.#since.get(endpoint);
      if (since === undefined) continue;
      endpoint.warmth = Math.min(1, Math.max(LEAST_WARMTH, (now - since) / this.#windowMs));
      if (endpoint.warmth === 1) this.#since.delete(endpoint);
    }
  }
}
