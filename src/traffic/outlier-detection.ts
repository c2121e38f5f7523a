import type { Endpoint } from './endpoint.ts';

/** Times in milliseconds. */
export interface OutlierSettings {
  /** How many failures in a row eject a URL. */
  readonly consecutiveFailures: number;
  /** For each interval without an ejection, the next one is a step shorter. */
  readonly interval: number;
  /** The first ejection. */
  readonly ejectionTime: number;
  /** The largest share of the URLs that may be ejected at once, between 0 and 1. */
  readonly maxEjected: number;
}

/** The largest factor of the ejection time. */
const LONGEST = 10;

/**
 * Takes URLs that fail out of use for a while (passive health checks).
 *
 * - A URL that fails `consecutiveFailures` times in a row is ejected for `ejectionTime`. The second ejection lasts twice as long, the
 *   third three times, up to ten times. For each `interval` that it stays in use, the next ejection is one step shorter.
 * - After an ejection the URL is on probation: one request is sent to it, the others go elsewhere until that has ended. When it fails,
 *   the URL is ejected again; when it succeeds, the URL is in use again.
 * - At most the share `maxEjected` of the URLs is ejected at once (at least one may be), and never the last available one. A URL
 *   that may not be ejected stays in use; the next failure tries again.
 */
export class OutlierDetection {
  readonly #endpoints: readonly Endpoint[];
  readonly #settings: OutlierSettings;
  readonly #mostEjected: number;

  constructor(endpoints: readonly Endpoint[], settings: OutlierSettings) {
    this.#endpoints = endpoints;
    this.#settings = settings;
    this.#mostEjected = Math.max(1, Math.floor(endpoints.length * settings.maxEjected));
  }

  /** Records a success. Returns whether it ends a probation. */
  succeeded(endpoint: Endpoint, now: number): boolean {
    // the late response to a request from before the ejection
    if (endpoint.isEjected(now)) return false;
    endpoint.failures = 0;
    const { isOnProbation } = endpoint;
    endpoint.isOnProbation = false;
    return isOnProbation;
  }

  /** Records a failure. Returns for how long the endpoint is ejected now; `undefined` if it is not. */
  failed(endpoint: Endpoint, now: number): number | undefined {
    if (endpoint.isEjected(now)) return undefined;
    endpoint.failures++;
    const isDue = endpoint.isOnProbation || endpoint.failures >= this.#settings.consecutiveFailures;
    return isDue && this.#mayEject(endpoint, now) ? this.#eject(endpoint, now) : undefined;
  }

  /** Puts an endpoint back into use, as if it had never failed. */
  reset(endpoint: Endpoint): void {
    endpoint.failures = 0;
    endpoint.ejections = 0;
    endpoint.ejectedUntil = 0;
    endpoint.isOnProbation = false;
    endpoint.isProbed = false;
  }

  #mayEject(endpoint: Endpoint, now: number): boolean {
    let ejected = 0;
    let isLast = true;
    for (const other of this.#endpoints) {
      if (other.isEjected(now)) ejected++;
      else if (other !== endpoint && other.isAvailable(now)) isLast = false;
    }
    return !isLast && ejected < this.#mostEjected;
  }

  #eject(endpoint: Endpoint, now: number): number {
    const { ejectionTime, interval } = this.#settings;
    const goodIntervals = Math.floor(Math.max(0, now - endpoint.ejectedUntil) / interval);
    endpoint.ejections = Math.min(LONGEST, Math.max(0, endpoint.ejections - goodIntervals) + 1);
    const time = ejectionTime * endpoint.ejections;
    endpoint.ejectedUntil = now + time;
    endpoint.failures = 0;
    endpoint.isOnProbation = true;
    endpoint.isProbed = false;
    return time;
  }
}
