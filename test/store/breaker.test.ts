import { expect, it } from 'vitest';
import { createBreaker } from '../../src/store/breaker.ts';

it('opens after failures in a row, lets one try through in each cool-down, and closes with a success', () => {
  let now = 0;
  const changes: boolean[] = [];
  const breaker = createBreaker({
    threshold: 2,
    coolDownMs: 100,
    now: () => now,
    onChange: (open) => changes.push(open),
  });
  breaker.failed();
  breaker.succeeded();
  breaker.failed();
  expect(breaker.allows()).toBe(true);
  breaker.failed();
  expect([breaker.open, breaker.allows()]).toEqual([true, false]);
  now = 100;
  expect([breaker.allows(), breaker.allows()]).toEqual([true, false]);
  breaker.failed();
  now = 199;
  expect(breaker.allows()).toBe(false);
  now = 200;
  expect(breaker.allows()).toBe(true);
  breaker.succeeded();
  expect([breaker.open, breaker.allows(), breaker.allows()]).toEqual([false, true, true]);
  expect(changes).toEqual([true, false]);
});
