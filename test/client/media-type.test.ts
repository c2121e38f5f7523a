import { expect, it } from 'vitest';
import { charsetOf, isJsonType, parseMediaType } from '../../src/client/media-type.ts';

it.each<[string, string, [string, string][]]>([
  ['application/json', 'application/json', []],
  ['Application/JSON;Charset=UTF-8', 'application/json', [['charset', 'UTF-8']]],
  [' application/json ; charset = "utf-8" ; ', 'application/json', [['charset', 'utf-8']]],
  [
    'text/plain; a="x;\\"y"; b=2',
    'text/plain',
    [
      ['a', 'x;"y'],
      ['b', '2'],
    ],
  ],
  ['text/plain; a="never closed; b=2', 'text/plain', [['a', '"never closed; b=2']]],
  ['', '', []],
])('%j', (text, essence, parameters) => {
  expect(parseMediaType(text)).toEqual({ essence, parameters });
});

it('has values for its parameters', () => {
  expect(parseMediaType('application/json; charset')).toBeUndefined();
});

it('may say in which charset a text is', () => {
  const charset = (text: string) => charsetOf(parseMediaType(text) ?? { essence: '', parameters: [] });
  expect(charset('application/json; charset=UTF-8')).toBe('utf-8');
  expect(charset('application/json')).toBeUndefined();
});

it.each([
  ['blanks', `application/json${' '.repeat(1_000_000)}x`, `application/json${' '.repeat(1_000_000)}x`],
  ['blanks around parameters', `application/json${' ; '.repeat(300_000)}x`, undefined],
  ['quotes', `application/json;a=${'"'.repeat(1_000_000)}x`, 'application/json'],
  ['backslashes', `application/json;a="${'\\'.repeat(1_000_000)}x`, 'application/json'],
])('a megabyte of %s is read once', (_, text, essence) => {
  expect(parseMediaType(text)?.essence === essence).toBe(true);
});

it.each<[string, boolean]>([
  ['application/json', true],
  ['application/graphql+json', true],
  ['text/plain', false],
  ['text/json', false],
  // browsers have read the first of these, and sent it for pages of other sites
  ['application/x-www-form-urlencoded, a+json', false],
  ['application/x-www-form-urlencoded, application/graphql+json', false],
  ['application/a b+json', false],
])('%s is JSON: %s', (essence, expected) => {
  expect(isJsonType(essence)).toBe(expected);
});
