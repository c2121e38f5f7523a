import fc from 'fast-check';
import { expect, test } from 'vitest';
import { urlWithin } from '../../../src/policy/login/return-to.ts';

const ORIGIN = 'https://shop.example';

/** Texts like those by which people try to get browsers to another site. */
const piece = fc.constantFrom(
  '/',
  '\\',
  '%2f',
  '%5C',
  '%25',
  '%09',
  '\t',
  '.',
  '..',
  ';',
  '@',
  '#',
  '?',
  ':',
  'evil.example',
);
const hostile = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

test('whatever is asked for, it is of this site or refused, however often a server decodes it', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string()), (text) => {
      const url = urlWithin(ORIGIN, text);
      if (url === undefined) return;
      taken++;
      expect(new URL(url).origin).toBe(ORIGIN);
      let path = text;
      for (let times = 0; times < 3; times++) {
        expect(new URL(path, ORIGIN).origin).toBe(ORIGIN);
        try {
          path = decodeURIComponent(path);
        } catch {
          return;
        }
      }
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(10);
});

test('a path is kept as it is, whole', () => {
  expect(urlWithin(ORIGIN, '/orders?page=2&q=a%20b#top')).toBe(`${ORIGIN}/orders?page=2&q=a%20b#top`);
});
