import { expect, onTestFinished, test, vi } from 'vitest';
import { startBudget } from '../../src/shared/response-budget.ts';

test('a budget is spent after its time, and not once it is cancelled', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const spent: string[] = [];
  startBudget(100, () => spent.push('kept'));
  const cancel = startBudget(100, () => spent.push('cancelled'));
  vi.advanceTimersByTime(99);
  expect(spent).toEqual([]);
  cancel();
  vi.advanceTimersByTime(1);
  vi.runAllTimers();
  expect(spent).toEqual(['kept']);
});

test('a process that was busy for longer than the budget first reads what has arrived', async () => {
  const order: string[] = [];
  const arrived = new Promise<void>((resolve) => {
    // like a reply in a socket: read in the turn of the event loop after the timers that are due
    setImmediate(() => {
      order.push('read');
      resolve();
    });
  });
  const spent = new Promise<void>((resolve) => {
    startBudget(4, () => {
      order.push('given up');
      resolve();
    });
  });
  const until = performance.now() + 50;
  while (performance.now() < until);
  await Promise.all([arrived, spent]);
  expect(order).toEqual(['read', 'given up']);
});
