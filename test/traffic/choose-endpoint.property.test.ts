import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseByHash, chooseLeastRequests, chooseRoundRobin, chooserOf } from '../../src/traffic/choose-endpoint.ts';
import { Endpoint } from '../../src/traffic/endpoint.ts';
import { runs } from '../runs.ts';

const endpointsOf = (weights: readonly number[]) =>
  weights.map((weight, at) => new Endpoint({ url: `http://host-${at}.test/graphql`, weight, priority: 0 }));
const weightLists = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });

/** Random numbers that are the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const count = (chosen: readonly Endpoint[], one: Endpoint) => chosen.filter((other) => other === one).length;

describe('round robin', () => {
  it('has the order of nginx', () => {
    const endpoints = endpointsOf([5, 1, 1]);
    const order = Array.from({ length: 7 }, () => 'abc'[endpoints.indexOf(chooseRoundRobin(endpoints))]);
    expect(order.join(' ')).toBe('a a b a c a a');
  });

  it('chooses each as often as its weight in every round', () => {
    fc.assert(
      fc.property(weightLists, (weights) => {
        const endpoints = endpointsOf(weights);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let round = 0; round < 3; round++) {
          const chosen = Array.from({ length: total }, () => chooseRoundRobin(endpoints));
          expect(endpoints.map((one) => count(chosen, one))).toEqual(weights);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it('is even again among the others when one goes and comes back', () => {
    const endpoints = endpointsOf([1, 1, 1]);
    for (let i = 0; i < 50; i++) chooseRoundRobin(i % 2 ? endpoints : endpoints.slice(1));
    const chosen = Array.from({ length: 30 }, () => chooseRoundRobin(endpoints));
    for (const one of endpoints) expect(Math.abs(count(chosen, one) - 10)).toBeLessThanOrEqual(2);
  });
});

describe('least requests', () => {
  it('never chooses the busiest of several for their weights', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ weight: fc.integer({ min: 1, max: 9 }), inFlight: fc.nat(50) }), {
          minLength: 2,
          maxLength: 6,
        }),
        fc.nat(),
        (given, seed) => {
          const endpoints = endpointsOf(given.map(({ weight }) => weight));
          for (const [at, endpoint] of endpoints.entries()) endpoint.inFlight = given[at]?.inFlight ?? 0;
          const load = (one: Endpoint) => one.inFlight / one.weight;
          const least = Math.min(...endpoints.map(load));
          const chosen = chooseLeastRequests(endpoints, seeded(seed));
          const isBusiest = endpoints.every((one) => one === chosen || load(one) < load(chosen));
          expect(isBusiest && load(chosen) > least).toBe(false);
        },
      ),
      { numRuns: runs(500) },
    );
  });

  it('spreads idle ones by weight', () => {
    const endpoints = endpointsOf([1, 3]);
    const random = seeded(7);
    const chosen = Array.from({ length: 4_000 }, () => chooseLeastRequests(endpoints, random));
    expect(count(chosen, endpoints[1] as Endpoint) / 4_000).toBeCloseTo(0.75, 1);
  });
});

describe('consistent hashing', () => {
  const keys = Array.from({ length: 2_000 }, (_, at) => `user-${at}`);

  it('sends a key to the same URL, and moves only the keys of a URL that is missing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 }),
        fc.nat(),
        (weights, which) => {
          const endpoints = endpointsOf(weights);
          const missing = endpoints[which % endpoints.length];
          const others = endpoints.filter((one) => one !== missing);
          for (const key of keys.slice(0, 200)) {
            const before = chooseByHash(endpoints, key);
            expect(chooseByHash(endpoints, key)).toBe(before);
            if (before !== missing) expect(chooseByHash(others, key)).toBe(before);
          }
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it('spreads keys by weight', () => {
    const endpoints = endpointsOf([1, 1, 2]);
    const chosen = keys.map((key) => chooseByHash(endpoints, key));
    const shares = endpoints.map((one) => count(chosen, one) / keys.length);
    for (const [at, share] of [0.25, 0.25, 0.5].entries())
      expect(Math.abs((shares[at] ?? 0) - share)).toBeLessThan(0.05);
  });

  it('takes turns where a request has no key', () => {
    const endpoints = endpointsOf([1, 1]);
    const choose = chooserOf('consistent_hash');
    expect(new Set([choose(endpoints, undefined), choose(endpoints, undefined)]).size).toBe(2);
  });
});
