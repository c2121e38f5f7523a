import { describe, expect, it } from 'vitest';
import { subgraphTraffic, trafficShapingSection } from '../../src/config/sections/traffic-shaping.ts';

const settingsOf = (config: object, subgraph = 'shop') =>
  subgraphTraffic(trafficShapingSection.parse(config), subgraph);

it('everything is off by default', () => {
  const { retry, hedge, circuit_breaker, concurrency, deadline, try_timeout, connect_timeout } = settingsOf({});
  expect({ retry, hedge, circuit_breaker, concurrency, deadline, try_timeout, connect_timeout }).toEqual({});
});

it('a group that is on has defaults', () => {
  const all = { retry: {}, hedge: {}, circuit_breaker: {}, concurrency: { max: 10 } };
  expect(settingsOf({ all })).toMatchObject({
    retry: {
      max_attempts: 3,
      on: ['connection_failure', 'gateway_error', 'timeout', 'retry_after', 'malformed_response'],
      backoff: { base: 25, max: 1_000 },
      budget: { share: 0.2, window: 10_000, min_per_second: 3 },
    },
    hedge: { after: 'p95', max_share: 0.05 },
    circuit_breaker: {
      error_threshold: 0.5,
      volume_threshold: 20,
      window: 10_000,
      reset_timeout: 5_000,
      half_open_attempts: 3,
    },
    concurrency: { max: 10, queue: 1_000 },
  });
});

it('the settings of a subgraph are over those of all, key by key; false switches a group off', () => {
  const all = { retry: { max_attempts: 5, budget: { share: '10%' } }, hedge: { after: '100ms' } };
  const shop = { retry: { on: ['5xx'], budget: { window: '1m' } }, hedge: false };
  expect(settingsOf({ all, subgraphs: { shop } })).toMatchObject({
    retry: { max_attempts: 5, on: ['5xx'], budget: { share: 0.1, window: 60_000, min_per_second: 3 } },
    hedge: undefined,
  });
  expect(settingsOf({ all, subgraphs: { shop } }, 'news').hedge).toEqual({ after: 100, max_share: 0.05 });
});

it('the most entities of a request: that of the subgraph, or of all; false is no limit', () => {
  const maxOf = (all: object, shop: object) => settingsOf({ all, subgraphs: { shop } }).max_entities_per_request;
  const limit = (max_entities_per_request: number | false) => ({ max_entities_per_request });
  expect(maxOf({}, {})).toBeUndefined();
  expect(maxOf(limit(100), {})).toBe(100);
  expect(maxOf(limit(100), limit(10))).toBe(10);
  expect(maxOf(limit(100), limit(false))).toBeUndefined();
});

describe('settings that contradict each other are refused, at their key', () => {
  it.each([
    [{ all: { timeout: '1s', try_timeout: '1s' } }, 'all.try_timeout', 'expected less than "timeout" (1000 ms)'],
    [{ all: { timeout: '1s', connect_timeout: '2s' } }, 'all.connect_timeout', 'expected at most "timeout" (1000 ms)'],
    [
      { all: { retry: { backoff: { base: '2s' } } } },
      'all.retry.backoff.base',
      'expected at most "backoff.max" (1000 ms)',
    ],
    [{ all: { timeout: '1s', hedge: { after: '1s' } } }, 'all.hedge.after', 'expected less than "timeout" (1000 ms)'],
    [
      { all: { try_timeout: '2s' }, subgraphs: { shop: { timeout: '1s' } } },
      'subgraphs.shop.try_timeout',
      'expected less than',
    ],
    [
      { all: { try_timeout: '1s', hedge: { after: '1s' } } },
      'all.hedge.after',
      'expected less than "try_timeout" (1000 ms)',
    ],
    [
      { all: { hedge: {}, retry: { budget: { share: '0%', min_per_second: 0 } } } },
      'all.retry.budget',
      'allows no request, and "hedge" spends it, too',
    ],
    [
      { all: { timeout: '1s', circuit_breaker: { slow_threshold: { duration: '2s', share: '50%' } } } },
      'all.circuit_breaker.slow_threshold.duration',
      'expected at most "timeout" (1000 ms)',
    ],
    [{ all: { retry: { error_codes: ['a code'] } } }, 'all.retry.error_codes', 'expected an error code'],
    [{ all: { max_entities_per_request: 0 } }, 'all.max_entities_per_request', 'expected number to be >0'],
    [{ all: { hedge: { max_share: '0%' } } }, 'all.hedge.max_share', 'greater than zero'],
    [{ all: { circuit_breaker: { error_threshold: '101%' } } }, 'all.circuit_breaker.error_threshold', 'up to "100%"'],
  ])('%j', (config, key, message) => {
    const { error } = trafficShapingSection.safeParse(config);
    const issues = JSON.parse(JSON.stringify(error?.issues ?? [])) as { path: string[]; message: string }[];
    const text = JSON.stringify(issues);
    expect(text).toContain(JSON.stringify(key.split('.').at(-1)));
    expect(text.replaceAll('\\"', '"')).toContain(message);
  });
});
