import type { Config } from '../config/config.ts';
import type { EndpointSection } from '../config/sections/endpoints.ts';
import { DEFAULT_OUTLIERS, type SubgraphSection } from '../config/sections/subgraphs.ts';
import { probeHealth } from '../sources/http/health-probe.ts';
import type { PoolSettings } from '../sources/http/http-pool.ts';
import { createHttpSource, DEFAULT_TIMEOUT_MS, type HttpSourceOptions } from '../sources/http/http-source.ts';
import type { Source } from '../sources/source.ts';
import { balance } from '../traffic/balance.ts';
import { breakCircuit } from '../traffic/break-circuit.ts';
import type { CircuitBreaker } from '../traffic/circuit-breaker.ts';
import { countInFlight } from '../traffic/count-in-flight.ts';
import type { Endpoint } from '../traffic/endpoint.ts';
import type { EndpointGroups, SharedGroupSettings } from '../traffic/endpoint-groups.ts';
import { type RequestKey, requestKey } from './request-key.ts';

export type EndpointOptions = Omit<HttpSourceOptions, 'url'>;

/** Returns the settings of a subgraph in `subgraphs`, if it has some. */
export function ownSettings({ subgraphs }: Pick<Config, 'subgraphs'>, name: string): SubgraphSection | undefined {
  return Object.hasOwn(subgraphs, name) ? subgraphs[name] : undefined;
}

/**
 * Opens what sends requests to a subgraph: an HTTP source for its URL, or a balancer over HTTP sources for several URLs.
 * @param groupName the subgraph, or a variant of it
 * @param breakerOf the circuit breaker of each of several URLs
 */
export function openEndpoints(
  groupName: string,
  urls: EndpointSection,
  options: EndpointOptions,
  own: SubgraphSection | undefined,
  groups: EndpointGroups,
  breakerOf?: (url: string) => CircuitBreaker,
): Source {
  const [only] = urls;
  if (only !== undefined && urls.length === 1) return openSingle(groupName, only.url, options, groups);
  const group = groups.acquire(groupName, groupSettings(options, urls, own));
  let isClosed = false;
  const release = () => {
    if (!isClosed) groups.release(groupName);
    isClosed = true;
  };
  try {
    const open = (endpoint: Endpoint) => {
      const source = createHttpSource({ ...options, url: endpoint.url });
      const breaker = breakerOf?.(endpoint.url);
      endpoint.isBlocked = breaker && (() => !breaker.isCallable);
      return breaker ? breakCircuit(source, breaker) : source;
    };
    const source = balance({ group, open, keyOf: hashKey(own), timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS });
    return {
      ...source,
      close() {
        release();
        return source.close();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Opens the only URL. Its requests are counted if the admin API is on. */
function openSingle(name: string, url: string, options: EndpointOptions, groups: EndpointGroups): Source {
  const source = createHttpSource({ ...options, url });
  const endpoint = groups.acquireSingle(name, options.name, url);
  if (endpoint === undefined) return source;
  let isClosed = false;
  return countInFlight(source, endpoint, () => {
    if (!isClosed) groups.releaseSingle(name, url);
    isClosed = true;
  });
}

function groupSettings(
  { name: subgraph, pool, sign }: EndpointOptions,
  endpoints: EndpointSection,
  own: SubgraphSection | undefined,
): SharedGroupSettings {
  const outliers = own?.outlier_detection ?? DEFAULT_OUTLIERS;
  return {
    subgraph,
    endpoints,
    policy: own?.load_balancing?.policy ?? 'round_robin',
    slowStart: own?.load_balancing?.slow_start,
    outliers: {
      consecutiveFailures: outliers.consecutive_failures,
      interval: outliers.interval,
      ejectionTime: outliers.ejection_time,
      maxEjected: outliers.max_ejected,
    },
    healthCheck: healthCheck(own?.health_check, pool, sign),
  };
}

function healthCheck(
  settings: SubgraphSection['health_check'],
  pool: PoolSettings | undefined,
  sign: EndpointOptions['sign'],
): SharedGroupSettings['healthCheck'] {
  if (settings === undefined) return undefined;
  const { path, timeout, ...counts } = settings;
  return { ...counts, check: (url, signal) => probeHealth(url, { path, timeoutMs: timeout, pool, sign }, signal) };
}

function hashKey(own: SubgraphSection | undefined): RequestKey | undefined {
  const by = own?.load_balancing?.hash_by;
  return by === undefined ? undefined : requestKey(by);
}
