import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from '../../src/traffic/backoff.ts';
import { DEFAULT_BUDGET, RetryBudget } from '../../src/traffic/retry-budget.ts';

it('an outage in which every request would be retried gets at most 1.2 times its load', () => {
  let now = 0;
  const budget = new RetryBudget(DEFAULT_BUDGET, () => now);
  let retries = 0;
  for (let request = 0; request < 20_000; request++) {
    now += 2;
    budget.deposit();
    while (budget.withdraw()) retries++;
  }
  expect(retries).toBeGreaterThan(0.15 * 20_000);
  expect(retries).toBeLessThanOrEqual(0.2 * 20_000);
});

it('a few retries are always allowed: 3 a second over 10 s', () => {
  let now = 0;
  const budget = new RetryBudget(DEFAULT_BUDGET, () => now);
  const allowed = () => Array.from({ length: 100 }, () => budget.withdraw()).filter(Boolean).length;
  expect(allowed()).toBe(30);
  expect(allowed()).toBe(0);
  now += 10_000;
  expect(allowed()).toBe(30);
});

it('never allows more than the larger of its two limits, whatever happens when', () => {
  const step = fc.record({ after: fc.integer({ min: 0, max: 500 }), isRetry: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let now = 0;
      const budget = new RetryBudget({ share: 0.5, window: 1_000, min_per_second: 2 }, () => now);
      const requests: number[] = [];
      const retries: number[] = [];
      for (const { after, isRetry } of steps) {
        now += after;
        const slice = Math.floor(now / 100);
        const recent = (slices: readonly number[]) => slices.filter((one) => one > slice - 10).length;
        if (!isRetry) {
          budget.deposit();
          requests.push(slice);
          continue;
        }
        const isAllowed = recent(retries) + 1 <= Math.max(2, 0.5 * recent(requests));
        expect(budget.withdraw()).toBe(isAllowed);
        if (isAllowed) retries.push(slice);
      }
    }),
  );
});

it('a wait is any time up to a maximum, which doubles up to its own', () => {
  const longest = (retry: number) => backoffMs({ base: 25, max: 150 }, retry, 1);
  expect([1, 2, 3, 4, 50].map(longest)).toEqual([25, 50, 100, 150, 150]);
  expect(backoffMs({ base: 25, max: 150 }, 3, 0)).toBe(0);
});
