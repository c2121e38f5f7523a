import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EndpointGroup } from '../../src/traffic/endpoint-group.ts';
import { runs } from '../runs.ts';

const WINDOW = 30_000;
const quiet = { info: () => {}, warn: () => {} };

/** A group of URLs with a clock that the test sets. */
function groupOf(
  weights: readonly number[],
  policy: 'round_robin' | 'least_requests' | 'consistent_hash',
  slowStart?: number,
) {
  const clock = { now: 0 };
  const endpoints = weights.map((weight, at) => ({ url: `http://host-${at}.test/`, weight, priority: 0 }));
  const outliers = { consecutiveFailures: 1, interval: 10_000, ejectionTime: 1_000, maxEjected: 1 };
  const group = new EndpointGroup(
    { subgraph: 'products', endpoints, policy, outliers, slowStart },
    { logger: quiet, now: () => clock.now },
  );
  const choose = (key?: string) => {
    const endpoint = group.choose(key, undefined);
    group.ended(endpoint, undefined);
    return endpoint;
  };
  /** How many of so many requests the first URL gets. */
  const countOfFirst = (requests: number) =>
    Array.from({ length: requests }, (_, at) => choose(`key ${at}`)).filter((one) => one.url === 'http://host-0.test/')
      .length;
  return { group, clock, choose, countOfFirst };
}

/** The model: which share of all requests a URL gets that came back so long ago. */
function modelShare(weights: readonly number[], elapsedMs: number): number {
  const [first = 0, ...others] = weights;
  const own = first * Math.min(1, Math.max(0.1, elapsedMs / WINDOW));
  return own / (own + others.reduce((sum, weight) => sum + weight, 0));
}

const weightLists = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 });

describe('slow start', () => {
  it('gives a URL that came back the share of the model, at any time of the window and after it', () => {
    fc.assert(
      fc.property(
        weightLists,
        fc.array(fc.integer({ min: 0, max: 9_000 }), { minLength: 1, maxLength: 5 }),
        (weights, steps) => {
          const { group, clock, choose, countOfFirst } = groupOf(weights, 'round_robin', WINDOW);
          const [first] = group.endpoints as [(typeof group.endpoints)[number]];
          group.setHealthy(first, false);
          expect(countOfFirst(20)).toBe(0);
          group.setHealthy(first, true);
          choose();
          let elapsed = 0;
          for (const step of steps) {
            elapsed += step;
            clock.now = elapsed;
            // smooth round robin is exact except for the rest that each URL carries over
            expect(Math.abs(countOfFirst(1_000) - 1_000 * modelShare(weights, elapsed))).toBeLessThanOrEqual(
              weights.length + 1,
            );
          }
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it.each([
    [
      'failed health checks',
      ({ group }: ReturnType<typeof groupOf>, isUnavailable: boolean) => {
        const [first] = group.endpoints;
        if (first) group.setHealthy(first, !isUnavailable);
      },
    ],
    [
      'an open circuit',
      ({ group }: ReturnType<typeof groupOf>, isUnavailable: boolean) => {
        const [first] = group.endpoints;
        if (first) first.isBlocked = () => isUnavailable;
      },
    ],
    [
      'an ejection',
      ({ group, clock }: ReturnType<typeof groupOf>, isUnavailable: boolean) => {
        const [first] = group.endpoints;
        if (first && isUnavailable) {
          first.inFlight++;
          group.ended(first, false);
        } else if (first) {
          clock.now = first.ejectedUntil;
          for (let tries = 0; first.isOnProbation; tries++) {
            const probe = group.choose(undefined, undefined);
            group.ended(probe, true);
            if (tries > 100) throw new Error('The URL was never tried.');
          }
        }
      },
    ],
  ])('begins after %s', (_, setUnavailable) => {
    const world = groupOf([1, 1], 'round_robin', WINDOW);
    expect(world.countOfFirst(100)).toBe(50);
    setUnavailable(world, true);
    expect(world.countOfFirst(100)).toBe(0);
    setUnavailable(world, false);
    expect(world.countOfFirst(110)).toBeLessThanOrEqual(13);
    world.clock.now += WINDOW;
    expect(Math.abs(world.countOfFirst(100) - 50)).toBeLessThanOrEqual(1);
  });

  it('changes nothing for URLs that start or come back together, and nothing where it is off', () => {
    const together = groupOf([1, 1, 2], 'round_robin', WINDOW);
    expect(together.countOfFirst(100)).toBe(25);
    for (const endpoint of together.group.endpoints) together.group.setHealthy(endpoint, false);
    together.choose();
    for (const endpoint of together.group.endpoints) together.group.setHealthy(endpoint, true);
    expect(Math.abs(together.countOfFirst(100) - 25)).toBeLessThanOrEqual(1);

    const off = groupOf([1, 1], 'round_robin');
    const [first] = off.group.endpoints;
    if (first) off.group.setHealthy(first, false);
    expect(off.countOfFirst(10)).toBe(0);
    if (first) off.group.setHealthy(first, true);
    expect(Math.abs(off.countOfFirst(100) - 50)).toBeLessThanOrEqual(1);
  });

  it('moves keys of consistent hashing only to the URL that came back, more and more of them', () => {
    const { group, clock, choose } = groupOf([1, 1, 1], 'consistent_hash', WINDOW);
    const [first] = group.endpoints as [(typeof group.endpoints)[number]];
    const keys = Array.from({ length: 300 }, (_, at) => `user ${at}`);
    const placed = () => keys.map((key) => choose(key));
    group.setHealthy(first, false);
    let before = placed();
    group.setHealthy(first, true);
    choose();
    for (const elapsed of [0, 0.3, 0.6, 1]) {
      clock.now = elapsed * WINDOW;
      const after = placed();
      for (const [at, endpoint] of after.entries()) if (endpoint !== before[at]) expect(endpoint).toBe(first);
      before = after;
    }
    expect(before.filter((one) => one === first).length).toBeGreaterThan(60);
  });

  it('applies to the power of two choices', () => {
    const { group, choose, countOfFirst } = groupOf([1, 1, 1, 1], 'least_requests', WINDOW);
    const [first] = group.endpoints as [(typeof group.endpoints)[number]];
    group.setHealthy(first, false);
    choose();
    group.setHealthy(first, true);
    expect(countOfFirst(2_000)).toBeLessThan(200);
  });
});
