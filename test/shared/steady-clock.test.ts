import { expect, it } from 'vitest';
import { createSteadyClock } from '../../src/shared/steady-clock.ts';

it('goes on where the clock of the machine is set back, and follows one that is set forward', () => {
  const clocks = { wall: 1_000_000, monotonic: 50 };
  const now = createSteadyClock({ wall: () => clocks.wall, monotonic: () => clocks.monotonic });
  const pass = (ms: number) => {
    clocks.wall += ms;
    clocks.monotonic += ms;
  };
  expect(now()).toBe(1_000_000);
  pass(10_000);
  expect(now()).toBe(1_010_000);
  clocks.wall -= 3_600_000;
  expect(now()).toBe(1_010_000);
  pass(5_000);
  expect(now()).toBe(1_015_000);
  clocks.wall += 7_200_000;
  expect(now()).toBe(1_015_000 + 3_600_000);
});
