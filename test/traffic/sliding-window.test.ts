import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SlidingWindow } from '../../src/traffic/sliding-window.ts';

it('counts the events of the last ten slices, as a list of all events does', () => {
  const event = fc.record({ after: fc.integer({ min: 0, max: 3_000 }), column: fc.integer({ min: 0, max: 1 }) });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5_000 }), fc.array(event, { maxLength: 60 }), (start, events) => {
      let now = start;
      const window = new SlidingWindow(1_000, 2, () => now);
      const all: { slice: number; column: number }[] = [];
      for (const { after, column } of events) {
        now += after;
        const slice = Math.floor(now / 100);
        window.add(column);
        all.push({ slice, column });
        for (const counted of [0, 1]) {
          const recent = all.filter((one) => one.column === counted && one.slice > slice - 10);
          expect(window.sum(counted)).toBe(recent.length);
        }
      }
    }),
  );
});

it('forgets an event between nine and ten tenths of the window after it', () => {
  let now = 50;
  const window = new SlidingWindow(1_000, 1, () => now);
  window.add(0);
  now += 900;
  expect(window.sum(0)).toBe(1);
  now += 50;
  expect(window.sum(0)).toBe(0);
});
