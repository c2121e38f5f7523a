import { expect, test } from 'vitest';
import { claimsText, withDigits } from '../../../src/policy/authentication/claims.ts';
import { stringifyJson } from '../../../src/shared/exact-json.ts';

const payloadOf = (json: string) => `e30.${Buffer.from(json).toString('base64url')}.signature`;

test('claims keep the digits of their numbers, within others too', () => {
  const json = '{"sub":"ann","tenant":9007199254740993,"org":{"ids":[12345678901234567890,1.10]}}';
  expect(stringifyJson(withDigits(JSON.parse(json), claimsText(payloadOf(json))))).toBe(json);
});

test('times stay numbers, whatever their form', () => {
  const json = '{"exp":1.7e9,"nbf":1600000000.0,"iat":1e9,"level":1.0}';
  const claims = withDigits(JSON.parse(json), json);
  expect([claims.exp, claims.nbf, claims.iat]).toEqual([1_700_000_000, 1_600_000_000, 1_000_000_000]);
  expect(stringifyJson(claims)).toContain('"level":1.0');
});

test('what was not verified does not become a claim, and what cannot be read changes nothing', () => {
  expect(withDigits({ a: 1 }, '{"a":1.0,"admin":true}')).not.toHaveProperty('admin');
  expect(withDigits({ a: 1 }, 'encrypted')).toEqual({ a: 1 });
  expect(withDigits({ a: 1 }, '9007199254740993')).toEqual({ a: 1 });
});
