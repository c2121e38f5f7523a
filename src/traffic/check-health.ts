import type { Endpoint } from './endpoint.ts';
import type { EndpointGroup } from './endpoint-group.ts';

export interface HealthCheckSettings {
  /** Milliseconds from the end of a check to the next, less a random share of up to a tenth. */
  readonly interval: number;
  /** How many checks in a row make an unhealthy endpoint healthy. */
  readonly healthy: number;
  /** How many failed checks in a row make an endpoint unhealthy. */
  readonly unhealthy: number;
}

/** Checks a URL once. Resolves with what is wrong, `undefined` where nothing is. Rejects only when `signal` is aborted. */
export type CheckHealth = (url: string, signal: AbortSignal) => Promise<string | undefined>;

/**
 * Checks each endpoint of a group again and again, from now on. Endpoints count as healthy until checks say otherwise, so a gateway that
 * starts serves at once. The timers do not keep the process alive.
 * @returns a function that stops the checks
 */
export function startHealthChecks(group: EndpointGroup, settings: HealthCheckSettings, check: CheckHealth): () => void {
  const stopping = new AbortController();
  for (const endpoint of group.endpoints) void checkRepeatedly(group, endpoint, settings, check, stopping.signal);
  return () => stopping.abort();
}

async function checkRepeatedly(
  group: EndpointGroup,
  endpoint: Endpoint,
  { interval, healthy, unhealthy }: HealthCheckSettings,
  check: CheckHealth,
  signal: AbortSignal,
): Promise<void> {
  const streak = { isGood: true, length: 0 };
  while (!signal.aborted) {
    const problem = await check(endpoint.url, signal).catch(() => 'stopped');
    if (signal.aborted) return;
    const isGood = problem === undefined;
    streak.length = streak.isGood === isGood ? streak.length + 1 : 1;
    streak.isGood = isGood;
    if (streak.length >= (isGood ? healthy : unhealthy)) group.setHealthy(endpoint, isGood, problem);
    await pause(interval * (1 - Math.random() / 10), signal);
  }
}

/** Resolves after `ms` milliseconds, or when `signal` is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms).unref();
    signal.addEventListener('abort', end);
  });
}
