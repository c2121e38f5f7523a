import { describe, expect, test } from 'vitest';
import { readFreshness } from '../../src/client/read-freshness.ts';

const NOON = Date.parse('Sun, 06 Nov 1994 12:00:00 GMT');
const read = (headers: Record<string, string>, client: Record<string, string> = {}) =>
  readFreshness(headers, client, NOON);

describe('how long an answer holds by its headers', () => {
  test.each([
    ['nothing is said', {}, undefined],
    ['max-age', { 'cache-control': 'public, max-age=60' }, 60_000],
    ['the shorter of two', { 'cache-control': 'max-age=60, s-maxage=20' }, 20_000],
    ['less its age', { 'cache-control': 'max-age=60', age: '45' }, 15_000],
    ['an age that is none', { 'cache-control': 'max-age=60', age: 'old' }, 60_000],
    ['older than it may be', { 'cache-control': 'max-age=60', age: '90' }, 0],
    ['no-cache', { 'cache-control': 'no-cache, max-age=60' }, 0],
    ['a lifetime that is none', { 'cache-control': 'max-age=soon' }, 0],
    ['until a date', { expires: 'Sun, 06 Nov 1994 12:01:30 GMT' }, 90_000],
    ['a date by the clock of the API', dated('Sun, 06 Nov 1994 14:00:10 GMT', 'Sun, 06 Nov 1994 14:00:00 GMT'), 10_000],
    ['a date, less its age', { expires: 'Sun, 06 Nov 1994 12:01:30 GMT', age: '30' }, 60_000],
    ['a date that is over', { expires: 'Sun, 06 Nov 1994 11:00:00 GMT' }, 0],
    ['a date that is none', { expires: '0' }, 0],
    ['max-age before a date', { 'cache-control': 'max-age=5', expires: 'Sun, 06 Nov 1994 13:00:00 GMT' }, 5_000],
  ])('%s', (_, headers, maxAgeMs) => {
    expect(read(headers)?.maxAgeMs).toBe(maxAgeMs);
  });
});

function dated(expires: string, date: string): Record<string, string> {
  return { expires, date };
}

describe('for whom', () => {
  test('private, and not to be kept at all', () => {
    expect(read({ 'cache-control': 'Private' })).toMatchObject({ isPrivate: true, noStore: false });
    expect(read({ 'cache-control': 'no-store' })).toMatchObject({ noStore: true, maxAgeMs: 0 });
  });

  test('what varies with more than headers is for one client', () => {
    expect(read({ vary: '*' })).toMatchObject({ isPrivate: true });
    expect(read({ 'cache-control': 'max-age=9', vary: 'accept, *' })).toMatchObject({ isPrivate: true });
  });

  test('what varies with a credential is for the client that sent one', () => {
    const said = { 'cache-control': 'max-age=9', vary: 'Accept-Language, Authorization' };
    expect(read(said, { authorization: 'Bearer x' })).toMatchObject({ isPrivate: true });
    expect(read(said, { cookie: 'a=b' })).toMatchObject({ isPrivate: false });
  });
});

test('what varies with a header in which the gateway tells who asks is for that client alone', () => {
  const headers = { 'cache-control': 'max-age=60', vary: 'Accept, X-User' };
  expect(readFreshness(headers, {}, NOON, new Set(['x-user']))?.isPrivate).toBe(true);
  expect(readFreshness(headers, {}, NOON, new Set(['x-tenant']))?.isPrivate).toBe(false);
});
