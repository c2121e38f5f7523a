import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HedgeShare } from '../../src/traffic/hedge-share.ts';
import { RetryBudget } from '../../src/traffic/retry-budget.ts';
import { runs } from '../runs.ts';

it('second requests are at most a share of the first ones, with at most ten in a row, and within the budget', () => {
  const percent = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(percent, fc.nat(20), fc.array(fc.boolean(), { maxLength: 500 }), (share, budget, steps) => {
      const hedges = new HedgeShare(
        share / 100,
        new RetryBudget({ share: 0, window: 1_000, min_per_second: budget }, () => 0),
      );
      // in hundredths, without rounding
      let credit = 0;
      let left = budget;
      for (const isFirst of steps) {
        if (isFirst) {
          credit = Math.min(1_000, credit + share);
          hedges.deposit();
          continue;
        }
        // a sum of fractions may be a little less than a whole token
        const isExact = credit % 100 !== 0 || credit === 1_000;
        const isAllowed = hedges.withdraw();
        if (isExact) expect(isAllowed).toBe(credit >= 100 && left > 0);
        else if (isAllowed) expect(credit >= 100 && left > 0).toBe(true);
        if (!isAllowed) continue;
        credit -= 100;
        left--;
      }
    }),
    { numRuns: runs(500) },
  );
});

it('second requests that never win become few, and as many as before when they win again', () => {
  const unlimited = new RetryBudget({ share: 0, window: 1_000, min_per_second: 1_000_000 }, () => 0);
  let now = 0;
  const hedges = new HedgeShare(0.1, unlimited, () => now);
  const secondsOf = (firsts: number, hasWon: boolean) => {
    let seconds = 0;
    for (let n = 0; n < firsts; n++) {
      now += 10;
      hedges.deposit();
      if (!hedges.withdraw()) continue;
      seconds++;
      hedges.ended(true, hasWon);
    }
    return seconds;
  };
  expect(secondsOf(1_000, true)).toBe(99);
  secondsOf(10_000, false);
  // 0.5 %: a twentieth of the share
  expect(secondsOf(10_000, false)).toBe(50);
  secondsOf(10_000, true);
  expect(secondsOf(1_000, true)).toBe(100);
});

it('second requests that never win are at most one a second, however many first ones there are', () => {
  const unlimited = new RetryBudget({ share: 0, window: 1_000, min_per_second: 1_000_000 }, () => 0);
  let now = 0;
  const hedges = new HedgeShare(0.1, unlimited, () => now);
  const secondsOf = (firsts: number, perSecond: number) => {
    let seconds = 0;
    for (let n = 0; n < firsts; n++) {
      now += 1_000 / perSecond;
      hedges.deposit();
      if (!hedges.withdraw()) continue;
      seconds++;
      hedges.ended(true, false);
    }
    return seconds;
  };
  secondsOf(10_000, 1_000);
  // ten seconds each
  expect(secondsOf(100_000, 10_000)).toBe(10);
  expect(secondsOf(1_000, 100)).toBeLessThanOrEqual(10);
});

it('a fifth that win are enough for the whole share', () => {
  const unlimited = new RetryBudget({ share: 0, window: 1_000, min_per_second: 1_000_000 }, () => 0);
  const hedges = new HedgeShare(0.1, unlimited);
  let seconds = 0;
  for (let n = 0; n < 10_000; n++) {
    hedges.deposit();
    if (hedges.withdraw()) hedges.ended(true, seconds++ % 4 === 0);
  }
  expect(seconds).toBeGreaterThan(950);
});
