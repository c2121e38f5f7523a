import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareNumbers,
  ExactNumber,
  mayHaveLongNumber,
  numberOf,
  numberText,
  parseJson,
  plainValue,
  stringifyJson,
} from '../../src/shared/exact-json.ts';

describe('numbers keep their digits', () => {
  it.each([
    '9007199254740993',
    '12345678901234567890',
    '-12345678901234567890123456789012345678901234567890',
    '0.10000000000000000555',
    '1.0',
    '0.10',
    '10.50',
    '1e3',
    '1E+3',
    '1.5e-7',
    '0.0000001',
    '-0',
    '-0.0',
    '1e400',
    '1e-400',
    '123456.12345678901234',
  ])('%s', (number) => {
    for (const text of [number, `[${number}]`, `{"a":${number},"b":[1,${number}]}`, `{"a":{"__proto__":${number}}}`]) {
      expect(stringifyJson(parseJson(text))).toBe(text);
    }
  });

  it('leaves numbers that JavaScript prints as they came', () => {
    const text = '{"a":1,"b":-5,"c":0.1,"d":9007199254740991,"e":0.30000000000000004,"f":1e-7}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('knows whole numbers that JavaScript cannot tell from their neighbours, also where it prints them as they came', () => {
    expect(parseJson('[9007199254740991,9007199254740992,1e+21]')).toEqual([
      9007199254740991,
      new ExactNumber('9007199254740992'),
      new ExactNumber('1e+21'),
    ]);
  });

  it('leaves strings, whatever they hold', () => {
    const text =
      '{"12345678901234567890":"9007199254740993","a":"\\"9007199254740993,\\\\","b":"1.0 ]","c":9007199254740993}';
    expect(parseJson(text)).toEqual({
      '12345678901234567890': '9007199254740993',
      a: '"9007199254740993,\\',
      b: '1.0 ]',
      c: new ExactNumber('9007199254740993'),
    });
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  it('finds a long number wherever it stands', () => {
    for (let before = 0; before < 40; before++) {
      const text = `["${'x'.repeat(before)}",9007199254740993]`;
      expect(stringifyJson(parseJson(text, false))).toBe(text);
    }
  });

  it.each([
    ['9007199254740993', true],
    ['0.10000000000000000555', true],
    ['"2026/11/28/09/00/00"', false],
    ['123456789012345', false],
  ])('finds a long number in bytes as in a text: %s, %s', (number, isLong) => {
    for (let around = 0; around < 40; around++) {
      const text = `["${'x'.repeat(around)}",${number},"${'y'.repeat(40 - around)}"]`;
      expect(mayHaveLongNumber(Buffer.from(text))).toBe(isLong);
      expect(stringifyJson(parseJson(text, false, mayHaveLongNumber(Buffer.from(text))))).toBe(text);
    }
  });

  it('reads any JSON as JSON.parse does, except for the digits', () => {
    const number = fc.stringMatching(/^-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?$/);
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        number,
        fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
        fc.constantFrom('true', 'null'),
        fc.array(tie('value') as fc.Arbitrary<string>, { maxLength: 4 }).map((items) => `[${items.join()}]`),
        fc
          .dictionary(fc.string(), tie('value') as fc.Arbitrary<string>, { maxKeys: 4 })
          .map((fields) => `{${Object.entries(fields).map(([key, value]) => `${JSON.stringify(key)}:${value}`)}}`),
      ),
    })).value as fc.Arbitrary<string>;
    fc.assert(
      fc.property(json, (text) => {
        const numbers: string[] = [];
        const value = parseJson(text);
        expect(toNumbers(value, numbers)).toEqual(JSON.parse(text));
        for (const digits of numbers) expect(text).toContain(digits);
        expect(parseJson(stringifyJson(value as object))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what is no JSON, with the message of JSON.parse', () => {
    for (const text of ['{1.0:2}', '[9007199254740993.1.1]', '9007199254740993x', '[01234567890123456789]']) {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    }
  });

  it('reads nesting that is deeper than the stack', () => {
    const depth = 200_000;
    expect(() => parseJson(`${'['.repeat(depth)}1.0${']'.repeat(depth)}`)).not.toThrow();
  });

  it('is a string of its digits to those who know nothing of it', () => {
    const value = parseJson('{"id":9007199254740993}') as { id: ExactNumber };
    expect(JSON.stringify(value)).toBe('{"id":"9007199254740993"}');
    expect(`${value.id}`).toBe('9007199254740993');
  });

  it('is a plain number where that has the same value, else its digits', () => {
    const text = '{"a":1.0,"b":1e3,"c":[9007199254740993,0.10],"d":1e400,"e":"x","f":0.0,"g":0.10000000000000000555}';
    expect(plainValue(parseJson(text))).toEqual({
      a: 1,
      b: 1000,
      c: ['9007199254740993', 0.1],
      d: '1e400',
      e: 'x',
      f: 0,
      g: '0.10000000000000000555',
    });
  });
});

describe('numbers are compared by their exact values', () => {
  it.each([
    ['9007199254740993', '9007199254740992', 1],
    ['-9007199254740993', '-9007199254740992', -1],
    ['-1', '9007199254740993', -1],
    ['1.0', '1', 0],
    ['-0', '0', 0],
    ['1e3', '1000', 0],
    ['1e400', '1e399', 1],
    ['-1e400', '1e-400', -1],
    ['0.10000000000000000555', '0.1', 1],
    ['0.0012', '1.20e-3', 0],
    ['99', '100.0', -1],
  ])('%s and %s', (left, right, order) => {
    expect(Math.sign(compareNumbers(numberOf(left), numberOf(right)))).toBe(order);
    expect(Math.sign(compareNumbers(numberOf(right), numberOf(left)))).toBe(order === 0 ? 0 : -order);
  });

  it('as whole numbers of any length are', () => {
    const whole = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        const expected = a < b ? -1 : a > b ? 1 : 0;
        expect(Math.sign(compareNumbers(numberOf(`${a}`), numberOf(`${b}`)))).toBe(expected);
        expect(numberText(numberOf(`${a}.0`))).toBe(`${a}`);
      }),
    );
  });
});

describe('equal numbers have the same text', () => {
  it.each([
    ['1.0', '1'],
    ['-0', '0'],
    ['1e3', '1000'],
    ['1000000000000000000000', '1000000000000000000000'],
    ['1e+21', '1000000000000000000000'],
    ['9007199254740993.0', '9007199254740993'],
    ['0.10', '0.1'],
    ['0.10000000000000000555', '0.10000000000000000555'],
    ['10.0000000000000000555e-2', '0.100000000000000000555'],
    ['1.000000000000000000001', '1.000000000000000000001'],
    ['-12345678.12345678901', '-12345678.12345678901'],
    ['0.0012345678901234567890', '0.001234567890123456789'],
    ['1.5e-401', '1.5e-401'],
    ['1e400', '1e400'],
    ['10e399', '1e400'],
  ])('%s', (number, text) => {
    expect(numberText(numberOf(number))).toBe(text);
  });
});

function toNumbers(value: unknown, found: string[]): unknown {
  if (value instanceof ExactNumber) {
    found.push(value.text);
    return Number(value.text);
  }
  if (Array.isArray(value)) return value.map((item) => toNumbers(item, found));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toNumbers(inner, found)]));
}
