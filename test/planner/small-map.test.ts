import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SmallMap } from '../../src/planner/small-map.ts';

describe('a map of small entries', () => {
  it('does as a Map does', () => {
    const entries = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'c', undefined), fc.option(fc.nat(9), { nil: undefined })),
    );
    fc.assert(
      fc.property(entries, (sets) => {
        const small = new SmallMap<string | undefined, number | undefined>();
        const map = new Map<string | undefined, number | undefined>();
        for (const [key, value] of sets) {
          expect(small.set(key, value)).toBe(small);
          map.set(key, value);
        }
        expect([...small]).toEqual([...map]);
        expect([...small.keys()]).toEqual([...map.keys()]);
        expect([...small.values()]).toEqual([...map.values()]);
        expect(small.size).toBe(map.size);
        for (const key of ['a', 'b', 'c', 'd', undefined]) {
          expect(small.get(key)).toBe(map.get(key));
          expect(small.has(key)).toBe(map.has(key));
        }
      }),
    );
  });
});
