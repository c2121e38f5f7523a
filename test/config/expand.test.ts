import { expect, test } from 'vitest';
import { parseDuration } from '../../src/config/duration.ts';
import { expand } from '../../src/config/expand.ts';

test.each([
  ['http://${HOST:-localhost}:4001', 'http://localhost:4001'],
  ['${SET}', 'yes'],
  ['${SET:-no}', 'yes'],
  ['${EMPTY:-filled}', 'filled'],
  ['a${EMPTY}b', 'ab'],
  ['${URL:-http://a:1/x?y=z}', 'http://a:1/x?y=z'],
  ['$SET {SET} $', '$SET {SET} $'],
  ['${env.SET} ${env.EMPTY:-filled}', 'yes filled'],
])('%s becomes %s', (text, expected) => {
  expect(expand(text, { SET: 'yes', EMPTY: '' })).toEqual({ ok: true, text: expected });
});

test('the first variable that is unset and has no default is named', () => {
  expect(expand('${A:-1} ${B} ${C}', {})).toEqual({ ok: false, variable: 'B' });
});

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['1.5s', 1500],
  ['2h', 7_200_000],
])('%s lasts %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(['', '30', 's', '3 s', '-1s', '1w'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
