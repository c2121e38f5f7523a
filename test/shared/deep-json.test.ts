import { describe, expect, it } from 'vitest';
import { stringifyDeep } from '../../src/shared/deep-json.ts';
import { parseJson, stringifyJson } from '../../src/shared/exact-json.ts';

describe('values nested deeper than the stack', () => {
  it.each([5_000, 300_000])('are written as they were read: %d lists', (depth) => {
    const text = `${'['.repeat(depth)}0.10${']'.repeat(depth)}`;
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  it.each([5_000, 300_000])('are written as they were read: %d objects', (depth) => {
    const text = `{"first":[],"in":${'{"a":'.repeat(depth)}"\\n"${',"b":1}'.repeat(depth)},"last":9007199254740993}`;
    expect(stringifyJson(parseJson(text))).toBe(text);
  });
});

it('writes what JSON.stringify writes', () => {
  const values = [
    null,
    undefined,
    () => 1,
    'é"\\\n\ud800',
    Number.NaN,
    -0,
    true,
    [],
    {},
    [undefined, () => 1, [[]], {}],
    { a: undefined, b: { c: undefined }, d: [{}], 'e"': 1, f: undefined },
    { a: undefined, b: 1 },
    { date: new Date(0), own: { toJSON: () => undefined }, other: { toJSON: () => [1] } },
  ];
  for (const value of values) expect(stringifyDeep(value, () => undefined)).toBe(JSON.stringify(value));
});
