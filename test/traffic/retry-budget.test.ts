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

/** Sends requests at a steady rate; each that fails is sent again as often as the budget allows. */
function sender(settings = DEFAULT_BUDGET) {
  let now = 0;
  const budget = new RetryBudget(settings, () => now);
  return (requests: number, isDown: boolean) => {
    let retries = 0;
    for (let request = 0; request < requests; request++) {
      now += 5;
      budget.deposit();
      for (let retry = 0; isDown && retry < 2 && budget.withdraw(); retry++) {
        retries++;
        budget.ended(false);
      }
    }
    return retries;
  };
}

it.each([400, 1_000, 2_000, 2_400, 4_400])(
  'requests before an outage do not pay for its retries: 1.2 times the load of its first %i requests',
  (requests) => {
    const send = sender();
    send(2_000, false);
    expect(send(requests, true)).toBeLessThanOrEqual(Math.max(30, 0.2 * requests));
  },
);

it('while retries succeed, the requests of the whole window count', () => {
  const budget = new RetryBudget(DEFAULT_BUDGET, () => 0);
  for (let request = 0; request < 1_000; request++) budget.deposit();
  for (let retry = 0; retry < 200; retry++) {
    expect(budget.withdraw()).toBe(true);
    budget.ended(retry % 3 === 2);
  }
  expect(budget.withdraw()).toBe(false);
});

it('after an outage, the first retry that succeeds makes the whole window count again', () => {
  const budget = new RetryBudget({ ...DEFAULT_BUDGET, min_per_second: 0 }, () => 0);
  for (let request = 0; request < 1_000; request++) budget.deposit();
  for (let retry = 0; retry < 3; retry++) {
    budget.withdraw();
    budget.ended(false);
  }
  expect(budget.withdraw()).toBe(false);
  budget.ended(true);
  expect(budget.withdraw()).toBe(true);
});
