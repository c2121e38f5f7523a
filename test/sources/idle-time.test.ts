import { expect, it } from 'vitest';
import { IdleTime } from '../../src/sources/http/idle-time.ts';

/** An idle time with a clock of its own. */
function idleTime() {
  const clock = { now: 100_000 };
  return { clock, time: new IdleTime(4_000, () => clock.now) };
}

it('two connections that the server closes after about the same time show its limit; half of it is used', () => {
  const { clock, time } = idleTime();
  expect(time.wasClosed(1_000)).toBe(false);
  clock.now += 50;
  expect(time.wasClosed(1_100)).toBe(true);
  expect(time.maxMs).toBe(500);
});

it('a server that restarts teaches nothing: it closes connections of all ages at one moment', () => {
  const { clock, time } = idleTime();
  for (const age of [40, 90, 100, 105, 900, 2_000, 2_010]) expect(time.wasClosed(age)).toBe(false);
  clock.now += 60_000;
  for (const age of [300, 310, 320]) expect(time.wasClosed(age)).toBe(false);
  expect(time.maxMs).toBe(4_000);
});

it('a connection that was good after a longer time shows that the limit is longer, for a minute', () => {
  const { clock, time } = idleTime();
  time.wasGood(3_000);
  for (let round = 0; round < 3; round++) {
    clock.now += 100;
    expect(time.wasClosed(1_000)).toBe(false);
  }
  clock.now += 60_000;
  time.wasClosed(1_000);
  clock.now += 100;
  expect(time.wasClosed(1_000)).toBe(true);
});

it('times below 40 ms are not adapted to, and longer ones than its own change nothing', () => {
  const { clock, time } = idleTime();
  for (const age of [39, 39, 39, 8_000, 9_000]) {
    clock.now += 100;
    expect(time.wasClosed(age)).toBe(false);
  }
  expect(time.maxMs).toBe(4_000);
});
