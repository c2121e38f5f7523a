import type { TriedUrls } from '../sources/tried-urls.ts';
import type { EndpointInstruments } from '../telemetry/endpoint-instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type BalancingPolicy, type ChooseEndpoint, chooserOf } from './choose-endpoint.ts';
import { Endpoint, type EndpointSettings } from './endpoint.ts';
import { OutlierDetection, type OutlierSettings } from './outlier-detection.ts';
import { SlowStart } from './slow-start.ts';

export interface GroupSettings {
  readonly subgraph: string;
  readonly endpoints: readonly EndpointSettings[];
  readonly policy: BalancingPolicy;
  readonly outliers: OutlierSettings;
  /** How long the share of a URL rises after it has come back, in milliseconds. Default: it has its full share at once. */
  readonly slowStart?: number | undefined;
}

export interface GroupDependencies {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly instruments?: EndpointInstruments | undefined;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
  readonly random?: () => number;
}

/** The URLs of one subgraph that do the same work: chooses one of them for each request, and learns how it went. */
export class EndpointGroup {
  readonly subgraph: string;
  readonly endpoints: readonly Endpoint[];
  /** The endpoints that no operator has taken out of use; at least one. */
  #undrained: readonly Endpoint[];
  readonly #haveOnePriority: boolean;
  readonly #choose: ChooseEndpoint;
  readonly #outliers: OutlierDetection;
  readonly #slowStart: SlowStart | undefined;
  readonly #dependencies: GroupDependencies;
  readonly #now: () => number;

  constructor({ subgraph, endpoints, policy, outliers, slowStart }: GroupSettings, dependencies: GroupDependencies) {
    this.subgraph = subgraph;
    this.endpoints = endpoints
      .map((settings) => new Endpoint(settings))
      .sort((one, other) => one.priority - other.priority);
    this.#undrained = this.endpoints;
    this.#haveOnePriority = this.endpoints.every(({ priority }) => priority === this.endpoints[0]?.priority);
    this.#choose = chooserOf(policy, dependencies.random);
    this.#outliers = new OutlierDetection(this.endpoints, outliers);
    this.#slowStart = slowStart === undefined ? undefined : new SlowStart(this.endpoints, slowStart);
    this.#dependencies = dependencies;
    this.#now = dependencies.now ?? (() => performance.now());
    const { instruments } = dependencies;
    for (const endpoint of this.endpoints)
      instruments?.watch(subgraph, endpoint.label, () => endpoint.isAvailable(this.#now()));
  }

  /**
   * Chooses an endpoint of the smallest priority that has an available one. Where none is available, any that is not drained may do: an
   * answer is more likely than without a request.
   * @param tried URLs that other tries of the same request have used; they come last
   * @param isFailover whether only a URL that was not tried helps: one that is ejected comes before one that was tried
   * @param now the time of the clock, where it is known
   */
  choose(
    key: string | undefined,
    tried: TriedUrls | undefined,
    isFailover = false,
    now: number = this.#now(),
  ): Endpoint {
    this.#slowStart?.update(now);
    const isFirstTry = tried === undefined || tried.isEmpty;
    const candidates =
      isFirstTry && this.#haveOnePriority && allAvailable(this.endpoints, now)
        ? this.endpoints
        : this.#candidates(tried, isFailover, now);
    const endpoint = this.#choose(candidates, key);
    endpoint.inFlight++;
    if (endpoint.isOnProbation) endpoint.isProbed = true;
    return endpoint;
  }

  #candidates(tried: TriedUrls | undefined, isFailover: boolean, now: number): readonly Endpoint[] {
    const isNew = (endpoint: Endpoint) => tried === undefined || !tried.includes(endpoint.url);
    return (
      firstOf(this.endpoints, (one) => one.isAvailable(now) && isNew(one)) ??
      (isFailover ? this.#lastResort(isNew) : undefined) ??
      firstOf(this.endpoints, (one) => one.isAvailable(now)) ??
      this.#lastResort(isNew) ??
      firstOf(this.#undrained, takesRequests) ??
      this.#undrained
    );
  }

  /** Returns endpoints that are not available, and match: those that would not reject a request at once, if there are any. */
  #lastResort(matches: (endpoint: Endpoint) => boolean): readonly Endpoint[] | undefined {
    return firstOf(this.#undrained, (one) => takesRequests(one) && matches(one)) ?? firstOf(this.#undrained, matches);
  }

  /** Whether a request that has tried these URLs has another one to try. */
  hasUntried(tried: Pick<TriedUrls, 'includes'>): boolean {
    return this.#undrained.some(({ url }) => !tried.includes(url));
  }

  /** Takes an endpoint out of use, or puts it back. Returns false, and does nothing, if no other would be left. */
  setDrained(endpoint: Endpoint, isDrained: boolean): boolean {
    if (isDrained && !this.endpoints.some((other) => other !== endpoint && !other.isDrained)) return false;
    endpoint.isDrained = isDrained;
    this.#undrained = this.endpoints.some((one) => one.isDrained)
      ? this.endpoints.filter((one) => !one.isDrained)
      : this.endpoints;
    return true;
  }

  /** @param weight greater than zero */
  setWeight(endpoint: Endpoint, weight: number): void {
    endpoint.weight = weight;
    // round robin has summed up the old weights
    for (const one of this.endpoints) one.currentWeight = 0;
  }

  /** Ends an ejection, and forgets earlier ones. */
  resetEjections(endpoint: Endpoint): void {
    this.#outliers.reset(endpoint);
  }

  /**
   * Records the end of a request.
   * @param isGood `undefined` where it says nothing about the endpoint
   * @param now the time of the clock, where it is known
   * @param ms how long the request took
   */
  ended(endpoint: Endpoint, isGood: boolean | undefined, now: number = this.#now(), ms = 0): void {
    endpoint.inFlight--;
    const { subgraph } = this;
    const { logger, instruments } = this.#dependencies;
    if (!endpoint.isEjected(now)) endpoint.isProbed = false;
    if (isGood === undefined) return;
    instruments?.ended(subgraph, endpoint.label, isGood, ms / 1_000);
    if (isGood) {
      if (this.#outliers.succeeded(endpoint, now))
        logger.info({ subgraph, url: endpoint.label }, 'endpoint back in use');
      return;
    }
    const ejectedMs = this.#outliers.failed(endpoint, now);
    if (ejectedMs === undefined) return;
    instruments?.ejected(subgraph, endpoint.label);
    logger.warn({ subgraph, url: endpoint.label, seconds: ejectedMs / 1_000 }, 'endpoint ejected: requests to it fail');
  }

  /** Records what health checks say. */
  setHealthy(endpoint: Endpoint, isHealthy: boolean, reason?: string): void {
    if (endpoint.isUnhealthy === !isHealthy) return;
    endpoint.isUnhealthy = !isHealthy;
    const fields = { subgraph: this.subgraph, url: endpoint.label };
    const { logger } = this.#dependencies;
    if (isHealthy) logger.info(fields, 'endpoint healthy again');
    else logger.warn({ ...fields, reason }, 'endpoint unhealthy: its health checks fail');
  }
}

function allAvailable(endpoints: readonly Endpoint[], now: number): boolean {
  for (const endpoint of endpoints) if (!endpoint.isAvailable(now)) return false;
  return true;
}

function takesRequests({ isBlocked }: Endpoint): boolean {
  return isBlocked === undefined || !isBlocked();
}

/** Returns the endpoints with the smallest priority of those that match. `endpoints` are sorted by priority. */
function firstOf(
  endpoints: readonly Endpoint[],
  matches: (endpoint: Endpoint) => boolean,
): readonly Endpoint[] | undefined {
  let found: Endpoint[] | undefined;
  for (const endpoint of endpoints) {
    if (found !== undefined && endpoint.priority !== found[0]?.priority) break;
    if (!matches(endpoint)) continue;
    if (found === undefined) found = [endpoint];
    else found.push(endpoint);
  }
  return found;
}
