import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { isShortJson, printValue } from '../../src/operation/print-value.ts';

it.each<[unknown, string]>([
  ['a "b"', '"a \\"b\\""'],
  [[1, null, true], '[1, null, true]'],
  [{ a: { b: 1 } }, '{ a: { b: 1 } }'],
  [{ a: { b: { c: 1 }, d: [1], e: {}, f: [] } }, '{ a: { b: [Object], d: [Array], e: {}, f: [] } }'],
  [Array.from({ length: 12 }, (_, i) => i), '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... 2 more items]'],
])('prints %j', (value, text) => {
  expect(printValue(value)).toBe(text);
});

it('cuts what is long', () => {
  for (const value of ['x'.repeat(1_000), { ['x'.repeat(1_000)]: 1 }, Object.fromEntries(Array(500).entries())])
    expect(printValue(value)).toMatch(/^.{200}…$/);
});

it('knows short values by the length of their JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(60), (given, most) => {
      const value = JSON.parse(JSON.stringify(given));
      expect(isShortJson(value, most)).toBe(JSON.stringify(value).length <= most);
    }),
  );
});
