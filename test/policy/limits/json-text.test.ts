import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { excessOfJson, MOST_MEMBERS } from '../../../src/policy/limits/json-text.ts';

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const members = (count: number, value = '1') =>
  `{${Array.from({ length: count }, (_, i) => `"k${i}":${value}`).join(',')}}`;

test.each<[string, string, 'levels' | 'members' | undefined]>([
  ['lists within lists', nested(60_000), 'levels'],
  ['as deep as it may be', nested(50_000), undefined],
  ['never closed', '['.repeat(200_000), 'levels'],
  ['objects within objects', `${'{"a":'.repeat(60_000)}1${'}'.repeat(60_000)}`, 'levels'],
  ['side by side', `[${'[],'.repeat(100_000)}[]]`, undefined],
  ['brackets in strings', JSON.stringify('[{"'.repeat(100_000)), undefined],
  ['a string that does not end', `"${'\\'.repeat(200_001)}`, undefined],
  ['members of one object', members(MOST_MEMBERS + 1), 'members'],
  ['as many members as there may be', members(MOST_MEMBERS, '{"a":1,"b":2}'), undefined],
  ['members below a list', `{"a":[0,${members(MOST_MEMBERS + 1)}]}`, 'members'],
  ['colons in strings', JSON.stringify({ a: ':'.repeat(200_000) }), undefined],
])('%s', (_, text, excess) => {
  expect(excessOfJson(text, 50_000)).toBe(excess);
});

test('a short text may have whatever it has', () => {
  expect(excessOfJson(nested(1_000), 10)).toBeUndefined();
});

test('any JSON that is within, with blanks before it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(excessOfJson(' '.repeat(100_000) + text, 100)).toBeUndefined();
    }),
  );
});
