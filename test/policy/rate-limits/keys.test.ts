import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinKey } from '../../../src/policy/rate-limits/keys.ts';

test('no two lists of values make the same key, and no key is long', () => {
  const lists = fc.array(fc.string({ maxLength: 200, unit: fc.constantFrom('a', '|', ':', '1', '2') }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(lists, lists, (one, other) => {
      expect(joinKey('id', one) === joinKey('id', other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      expect(joinKey('id', one).length).toBeLessThanOrEqual(160);
    }),
  );
});
