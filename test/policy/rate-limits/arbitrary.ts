import fc from 'fast-check';
import { ALGORITHMS, type Limit } from '../../../src/policy/rate-limits/limit.ts';

/** Some day, as a time from which tests begin. */
export const START = Date.UTC(2026, 0, 31, 12);

export const anyLimit: fc.Arbitrary<Limit> = fc
  .record({
    algorithm: fc.constantFrom(...ALGORITHMS),
    limit: fc.integer({ min: 1, max: 60 }),
    windowMs: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.constantFrom(1_000, 60_000, 86_400_000)),
    burst: fc.integer({ min: 1, max: 80 }),
  })
  .map(({ algorithm, limit, windowMs, burst }) => {
    const capacity = algorithm.endsWith('BUCKET') ? burst : limit;
    return { name: 'any', algorithm, limit, windowMs, capacity };
  });

export interface Try {
  /** Milliseconds since the try before. */
  readonly after: number;
  readonly weight: number;
}

/** Tries at intervals that matter to the limit: at once, within a share of its window, and across several windows. */
export const triesFor = ({ limit, windowMs }: Limit): fc.Arbitrary<Try[]> =>
  fc.array(
    fc.record({
      after: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 0, max: Math.ceil(windowMs / limit) + 1 }),
        fc.integer({ min: 0, max: windowMs * 2 + 1 }),
      ),
      weight: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 5 })),
    }),
    { maxLength: 60 },
  );

export const limitAndTries = anyLimit.chain((limit) =>
  fc.record({ limit: fc.constant(limit), tries: triesFor(limit) }),
);
