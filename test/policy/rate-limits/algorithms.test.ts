import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/policy/rate-limits/algorithms/decide.ts';
import { type Algorithm, type Limit, type Meter, NEVER } from '../../../src/policy/rate-limits/limit.ts';
import { limitAndTries, START } from './arbitrary.ts';
import { MODELS } from './models.ts';

const limit = (algorithm: Algorithm, count: number, windowMs: number, capacity = count): Limit => ({
  name: 'test',
  algorithm,
  limit: count,
  windowMs,
  capacity,
});

/** Tries one after the other, each at its millisecond after `START`: for each whether it was allowed, and its wait. */
function attempt(rule: Limit, times: readonly number[]) {
  let meter: Meter | undefined;
  return times.map((time) => {
    const decision = decide(rule, meter, 1, START + time);
    if (decision.allowed) meter = decision.next;
    return decision;
  });
}

const allowed = (rule: Limit, times: readonly number[]) => attempt(rule, times).map((decision) => decision.allowed);

describe('a token bucket', () => {
  it('lets through a burst, then one each time a token has come, to the millisecond', () => {
    const threeASecond = limit('TOKEN_BUCKET', 3, 1_000);
    expect(allowed(threeASecond, [0, 0, 0, 0, 333, 334, 666, 667])).toEqual([
      true,
      true,
      true,
      false,
      false, // a third of a second is a little more than 333 ms
      true,
      false,
      true,
    ]);
  });

  it('says how long to wait', () => {
    const decisions = attempt(limit('TOKEN_BUCKET', 3, 1_000, 2), [0, 0, 0, 100]);
    expect(decisions.map(({ remaining, retryMs, resetMs }) => [remaining, retryMs, resetMs])).toEqual([
      [1, 0, 334],
      [0, 0, 667],
      [0, 334, 667],
      [0, 234, 567],
    ]);
  });
});

describe('a leaky bucket', () => {
  it('spaces out what comes at once, and refuses what finds no place in the queue', () => {
    const tenASecond = limit('LEAKY_BUCKET', 10, 1_000, 1 + 3);
    const decisions = attempt(tenASecond, [0, 0, 0, 0, 0, 100]);
    expect(decisions.map((decision) => (decision.allowed ? decision.delayMs : 'refused'))).toEqual([
      0,
      100,
      200,
      300,
      'refused',
      300,
    ]);
  });
});

describe('a fixed window', () => {
  it('begins anew at each multiple of its length', () => {
    expect(allowed(limit('FIXED_WINDOW', 2, 1_000), [998, 999, 999, 1_000, 1_001, 1_002])).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('a sliding window', () => {
  it('counts of the window before as much as it still covers', () => {
    // Ten in the window before: at 500 ms into this one five of them count, at 501 ms less than five.
    const rule = limit('SLIDING_WINDOW', 10, 1_000);
    const tenBefore = Array.from({ length: 10 }, () => 0);
    expect(allowed(rule, [...tenBefore, 1_500, 1_500, 1_500, 1_500, 1_500, 1_500, 1_599, 1_600]).slice(10)).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('every algorithm', () => {
  it('decides as its model does', () => {
    fc.assert(
      fc.property(limitAndTries, ({ limit: rule, tries }) => {
        const model = MODELS[rule.algorithm](rule);
        let meter: Meter | undefined;
        let now = START;
        for (const { after, weight } of tries) {
          now += after;
          const { allowed, delayMs, next } = decide(rule, meter, weight, now);
          expect({ allowed, delayMs }).toEqual(model(now, weight));
          if (allowed) meter = next;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('tells the truth about what remains, and about when to come again', () => {
    fc.assert(
      fc.property(limitAndTries, ({ limit: rule, tries }) => {
        let meter: Meter | undefined;
        let now = START;
        const would = (weight: number, at: number) => decide(rule, meter, weight, at).allowed;
        for (const { after, weight } of tries) {
          now += after;
          const decision = decide(rule, meter, weight, now);
          if (decision.allowed) {
            meter = decision.next;
          } else if (decision.retryMs === NEVER) {
            expect(weight).toBeGreaterThan(rule.capacity);
          } else {
            expect([would(weight, now + decision.retryMs - 1), would(weight, now + decision.retryMs)]).toEqual([
              false,
              true,
            ]);
          }
          expect(would(decision.remaining, now)).toBe(true);
          expect(would(decision.remaining + 1, now)).toBe(false);
          // a meter that is forgotten after its reset makes no difference
          expect(would(rule.capacity, now + decision.resetMs)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is not fooled by a clock that is put back', () => {
    fc.assert(
      fc.property(limitAndTries, fc.integer({ min: 1, max: 100_000 }), ({ limit: rule }, back) => {
        let meter: Meter | undefined;
        for (let i = 0; i < rule.capacity; i++) meter = decide(rule, meter, 1, START).next;
        expect(decide(rule, meter, 1, START - back).allowed).toBe(false);
      }),
    );
  });
});
