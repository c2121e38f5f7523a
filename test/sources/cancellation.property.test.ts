import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import { runs } from '../runs.ts';

it('calls each listener once that was added and not removed', () => {
  const step = fc.record({ adds: fc.boolean(), listener: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const called: number[] = [];
      const listeners = [0, 1, 2, 3].map((n) =>
        n % 2 === 0 ? () => called.push(n) : { handleEvent: () => called.push(n) },
      );
      const cancellation = new Cancellation();
      let model: number[] = [];
      for (const { adds, listener } of steps) {
        const entry = listeners[listener] as () => void;
        if (adds) cancellation.addEventListener('abort', entry);
        else cancellation.removeEventListener('abort', entry);
        if (!adds) model = model.filter((other) => other !== listener);
        else if (!model.includes(listener)) model.push(listener);
      }
      cancellation.abort();
      cancellation.abort();
      expect(cancellation.aborted).toBe(true);
      expect(called.toSorted()).toEqual(model.toSorted());
    }),
    { numRuns: runs(1_000) },
  );
});
