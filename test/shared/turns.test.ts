import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SLICE_MS } from '../../src/shared/steps.ts';
import { connectionAccepted, doLater, doWhenTime, hasTime, isBusy } from '../../src/shared/turns.ts';

/** Takes all the time that long work has in a turn. */
function work(): void {
  for (const end = performance.now() + SLICE_MS; performance.now() <= end; );
}

/** Waits until no long work is left. */
async function rest(): Promise<void> {
  while (isBusy()) await setImmediate();
  await setImmediate();
}

test('work runs at once while there is time, and in a later turn when there is none', async () => {
  await rest();
  const done: number[] = [];
  const add = (number: number) =>
    doWhenTime(() => {
      done.push(number);
      work();
    });
  for (const number of [1, 2, 3, 4]) add(number);
  expect(done).toEqual([1]);
  expect(hasTime()).toBe(false);
  const seen: number[] = [];
  while (isBusy()) {
    await setImmediate();
    seen.push(done.length);
  }
  expect(done).toEqual([1, 2, 3, 4]);
  // each of them took the time of a turn
  expect(seen.every((count, at) => count <= at + 2)).toBe(true);
});

test('short works share a turn', async () => {
  await rest();
  const done: number[] = [];
  for (const number of [1, 2, 3])
    doLater(() => {
      done.push(number);
      return true;
    });
  expect(done).toEqual([]);
  await setImmediate();
  await setImmediate();
  expect(done).toEqual([1, 2, 3]);
});

test('work waits while connections are accepted, but not for ever', async () => {
  await rest();
  let isDone = false;
  let turns = 0;
  doLater(() => {
    isDone = true;
    return true;
  });
  for (; !isDone; turns++) {
    connectionAccepted();
    await setImmediate();
  }
  expect(turns).toBeGreaterThan(50);
  expect(turns).toBeLessThan(150);
});
