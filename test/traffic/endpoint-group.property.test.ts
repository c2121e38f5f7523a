import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EndpointGroup } from '../../src/traffic/endpoint-group.ts';
import { runs } from '../runs.ts';

const OUTLIERS = { consecutiveFailures: 2, interval: 1_000, ejectionTime: 1_000, maxEjected: 0.7 };
const logger = { info() {}, warn() {} };
const POLICIES = ['round_robin', 'least_requests', 'consistent_hash'] as const;

/** What an operator, the time and requests do to a group of endpoints. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('drain' as const), at: fc.nat(3), isDrained: fc.boolean() }),
  fc.record({ kind: fc.constant('weight' as const), at: fc.nat(3), weight: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('request' as const), isGood: fc.boolean(), key: fc.string() }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }),
);

it('a drained URL is never chosen, and the last one is never drained', () => {
  fc.assert(
    fc.property(fc.constantFrom(...POLICIES), fc.integer({ min: 2, max: 4 }), fc.array(step), (policy, size, steps) => {
      let now = 0;
      const endpoints = Array.from({ length: size }, (_, at) => ({
        url: `http://u${at}/`,
        weight: 1,
        priority: at % 2,
      }));
      const group = new EndpointGroup(
        { subgraph: 's', endpoints, policy, outliers: OUTLIERS },
        { logger, now: () => now },
      );
      const drained = new Set<string>();
      for (const one of steps) {
        const endpoint = group.endpoints['at' in one ? one.at % size : 0];
        if (endpoint === undefined) continue;
        if (one.kind === 'wait') now += one.ms;
        if (one.kind === 'weight') group.setWeight(endpoint, one.weight);
        if (one.kind === 'request') {
          const chosen = group.choose(one.key, undefined);
          expect(drained.has(chosen.url)).toBe(false);
          group.ended(chosen, one.isGood);
        }
        if (one.kind === 'drain') {
          const isLast = endpoints.every(({ url }) => url === endpoint.url || drained.has(url));
          expect(group.setDrained(endpoint, one.isDrained)).toBe(!(one.isDrained && isLast));
          if (!one.isDrained) drained.delete(endpoint.url);
          else if (!isLast) drained.add(endpoint.url);
        }
        expect(group.hasUntried([...drained])).toBe(true);
      }
    }),
    { numRuns: runs(2_000) },
  );
});
