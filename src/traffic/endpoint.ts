import { subgraphUrlLabel } from '../shared/subgraph-url.ts';

/** How one URL of a subgraph is used. */
export interface EndpointSettings {
  readonly url: string;
  /** Its share of requests, relative to the weights of the others. */
  readonly weight: number;
  /** 0 is first. URLs with a larger number are used only while none with a smaller one is available. */
  readonly priority: number;
}

/** One URL of a subgraph, with what is known about it. It outlives schema changes. Times in milliseconds, by a monotonic clock. */
export class Endpoint {
  readonly url: string;
  /** The URL without credentials and query, for metrics and logs. */
  readonly label: string;
  /** The weight of the config. */
  readonly configuredWeight: number;
  /** The weight in use; an operator may change it. */
  weight: number;
  readonly priority: number;
  /** How much of its weight counts, up to 1: less for a while after it has come back, see `slow-start.ts`. */
  warmth = 1;
  /** Requests that have no response yet. */
  inFlight = 0;
  /** The state of round robin, see `choose-endpoint.ts`. */
  currentWeight = 0;
  /** Failures since the last success. */
  failures = 0;
  /** How often it was ejected lately; the next ejection is that many times longer. */
  ejections = 0;
  ejectedUntil = 0;
  /** Whether it is back from an ejection, and no request has succeeded or failed since. */
  isOnProbation = false;
  /** Whether the one request of the probation is on its way. */
  isProbed = false;
  /** Whether health checks have failed. */
  isUnhealthy = false;
  /** Whether an operator has taken it out of use. Requests in flight complete. */
  isDrained = false;
  /** Whether something else takes it out of use, such as a circuit breaker. Asked for each request. */
  isBlocked: (() => boolean) | undefined;

  constructor({ url, weight, priority }: EndpointSettings) {
    this.url = url;
    this.label = subgraphUrlLabel(url);
    this.configuredWeight = weight;
    this.weight = weight;
    this.priority = priority;
  }

  /** Its share of requests, relative to the others. */
  get share(): number {
    return this.weight * this.warmth;
  }

  isEjected(now: number): boolean {
    return this.ejectedUntil > now;
  }

  isAvailable(now: number): boolean {
    if (this.isUnhealthy || this.isDrained || this.ejectedUntil > now || (this.isOnProbation && this.isProbed))
      return false;
    return this.isBlocked === undefined || !this.isBlocked();
  }
}

/** Returns the settings of a URL that is the only one, or of several that are used alike. */
export function plainEndpoint(url: string): EndpointSettings {
  return { url, weight: 1, priority: 0 };
}
