import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonBytes, measureJson } from '../../../src/policy/limits/variables.ts';

test.each([
  ['1', 0],
  ['null', 0],
  ['{}', 1],
  ['{"a": 1, "b": "x"}', 1],
  ['{"a": [], "b": {"c": [1]}}', 3],
  ['[[[]], []]', 3],
  ['{"__proto__": {"constructor": {}}}', 3],
])('%s nests %i deep', (json, depth) => {
  expect(measureJson(JSON.parse(json), Number.POSITIVE_INFINITY).depth).toBe(depth);
});

test('a value of any depth is looked at no further than asked', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  expect(measureJson(deep, 50).depth).toBe(50);
  expect(measureJson(deep, Number.POSITIVE_INFINITY).depth).toBe(100_000);
});

test('never has more bytes as text than was measured', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(measureJson(value, 1_000).bytesAtMost).toBeGreaterThanOrEqual(jsonBytes([value]) - 2);
    }),
  );
});
