import { expect, test } from 'vitest';
import { TimeSlices, WorkStopped } from '../../src/shared/time-slices.ts';

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

test('works that wait for a slice continue one in a turn of the event loop, in their order', async () => {
  const continued: number[] = [];
  const works = [1, 2, 3].map(async (number) => {
    const slices = new TimeSlices();
    for (let slice = 0; slice < 2; slice++) {
      await slices.next();
      continued.push(number);
    }
  });
  const seen: number[][] = [];
  while (continued.length < 6) {
    const before = continued.length;
    await turn();
    seen.push(continued.slice(before));
  }
  await Promise.all(works);
  expect(continued).toEqual([1, 2, 3, 1, 2, 3]);
  expect(Math.max(...seen.map(({ length }) => length))).toBe(1);
});

test('parts of one work that wait for the same slice continue together', async () => {
  const slices = new TimeSlices();
  const [first, second] = [slices.next(), slices.next()];
  expect(first).toBe(second);
  expect(slices.isOver()).toBe(true);
  await first;
  expect(slices.next()).not.toBe(first);
});

test('work for a client that has disconnected is stopped, unless it has to be done', async () => {
  const signal = { aborted: true };
  await expect(new TimeSlices(signal).next()).rejects.toThrow(WorkStopped);
  await expect(new TimeSlices(signal, false).next()).resolves.toBeUndefined();
});
