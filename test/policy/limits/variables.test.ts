import { expect, test } from 'vitest';
import { jsonDepth } from '../../../src/policy/limits/variables.ts';

test.each([
  ['1', 0],
  ['null', 0],
  ['{}', 1],
  ['{"a": 1, "b": "x"}', 1],
  ['{"a": [], "b": {"c": [1]}}', 3],
  ['[[[]], []]', 3],
  ['{"__proto__": {"constructor": {}}}', 3],
])('%s nests %i deep', (json, depth) => {
  expect(jsonDepth(JSON.parse(json), Number.POSITIVE_INFINITY)).toBe(depth);
});

test('a value of any depth is looked at no further than asked', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  expect(jsonDepth(deep, 50)).toBe(50);
  expect(jsonDepth(deep, Number.POSITIVE_INFINITY)).toBe(100_000);
});
