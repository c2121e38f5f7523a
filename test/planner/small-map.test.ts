import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SmallMap } from '../../src/planner/small-map.ts';

describe('a map of few entries', () => {
  it('does as a Map does', () => {
    const entries = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'c', undefined), fc.option(fc.nat(9), { nil: undefined })),
    );
    fc.assert(
      fc.property(entries, (sets) => {
        const few = new SmallMap<string | undefined, number | undefined>();
        const map = new Map<string | undefined, number | undefined>();
        for (const [key, value] of sets) {
          expect(few.set(key, value)).toBe(few);
          map.set(key, value);
        }
        expect([...few]).toEqual([...map]);
        expect([...few.keys()]).toEqual([...map.keys()]);
        expect([...few.values()]).toEqual([...map.values()]);
        expect(few.size).toBe(map.size);
        for (const key of ['a', 'b', 'c', 'd', undefined]) {
          expect(few.get(key)).toBe(map.get(key));
          expect(few.has(key)).toBe(map.has(key));
        }
      }),
    );
  });
});
