import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type HedgeEntry, HedgeQueue } from '../../src/traffic/hedge-queue.ts';
import { runs } from '../runs.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  vi.spyOn(globalThis, 'setImmediate').mockImplementation(((callback: () => void) => callback()) as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), delay: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 30 }) }),
);

it('each request gets its second one when its delay is over, whatever the others wait, unless it has ended before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new HedgeQueue();
      const begin = performance.now();
      const entries: HedgeEntry[] = [];
      const started: number[] = [];
      const expected: number[] = [];
      const open = new Map<HedgeEntry, number>();
      function add(delay: number) {
        const now = performance.now();
        const entry: HedgeEntry = {
          ...{ dueAt: now + delay, earlier: undefined, later: undefined, isQueued: false },
          startSecond: () => started.push(Math.round(performance.now() - begin)),
        };
        entries.push(entry);
        open.set(entry, Math.round(now + delay - begin));
        queue.add(entry, now);
      }
      function pass(ms: number) {
        const until = Math.round(performance.now() - begin) + ms;
        vi.advanceTimersByTime(ms);
        for (const [entry, at] of open) if (at <= until && open.delete(entry)) expected.push(at);
      }
      for (const one of steps) {
        if (one.kind === 'add') add(one.delay);
        else if (one.kind === 'pass') pass(one.ms);
        else {
          const entry = entries[one.which];
          if (entry) queue.remove(entry);
          if (entry) open.delete(entry);
        }
      }
      pass(100);
      const inOrder = (times: number[]) => times.sort((one, other) => one - other);
      expect(inOrder(started)).toEqual(inOrder(expected));
      expect(entries.some(({ isQueued }) => isQueued)).toBe(false);
    }),
    { numRuns: runs(500) },
  );
});
