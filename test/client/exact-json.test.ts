import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExactJson } from '../../src/client/exact-json.ts';

test.each([
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', '9007199254740992'],
  ['9007199254740993', '9007199254740993'],
  ['-12345678901234567890', '-12345678901234567890'],
  ['9007199254740993.0', '9007199254740993.0'],
  ['0.1', 0.1],
  ['0.10000000000000000555', '0.10000000000000000555'],
  ['0.1000000000000000000', 0.1],
  ['1e3', 1000],
  ['1.50E+3', 1500],
  ['1e-7', 1e-7],
  ['1e400', '1e400'],
  ['1e-400', '1e-400'],
  ['0e5', 0],
  ['-0', -0],
  ['"9007199254740993"', '9007199254740993'],
  ['"a \\" 9007199254740993"', 'a " 9007199254740993'],
  ['{"9007199254740993":{"x":[9007199254740993,1]}}', { '9007199254740993': { x: ['9007199254740993', 1] } }],
])('%s is read as %j', (text, expected) => {
  expect(parseExactJson(text)).toEqual(expected);
});

test('what is no JSON is refused', () => {
  expect(() => parseExactJson('{"a":9007199254740993,}')).toThrow(SyntaxError);
});

test('what JavaScript writes is read as JSON.parse reads it, but for whole numbers that are not safe', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const read = JSON.parse(text, (_key, value) =>
        Number.isInteger(value) && !Number.isSafeInteger(value) ? 'unsafe' : value,
      );
      const exact = JSON.stringify(parseExactJson(text));
      if (!JSON.stringify(read).includes('unsafe')) expect(exact).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});
