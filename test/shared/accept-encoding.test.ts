import { expect, test } from 'vitest';
import { readAcceptEncoding } from '../../src/shared/accept-encoding.ts';

test.each([
  [undefined, undefined, true],
  ['', undefined, true],
  ['gzip, deflate', 'gzip', true],
  ['gzip ; q = 0.5 , br;q=0.4', 'gzip', true],
  ['gzip;q=0', undefined, true],
  ['*;q=0', undefined, false],
  ['identity;q=0', undefined, false],
  ['identity;q=0, gzip', 'gzip', false],
  ['*;q=0, identity', undefined, true],
  ['gzip, *;q=0', 'gzip', false],
  ['gzip;q=0.5, identity;q=0.8', undefined, true],
  ['X-GZIP', 'gzip', true],
  ['gzip;q=nonsense', undefined, true],
])('%s: best %s, identity %s', (header, best, identity) => {
  expect(readAcceptEncoding(header)).toEqual({ best, identity });
});
