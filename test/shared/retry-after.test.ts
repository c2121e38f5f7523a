import { expect, test } from 'vitest';
import { GatewayError } from '../../src/shared/gateway-error.ts';
import { retryAfterSeconds, waitSeconds } from '../../src/shared/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1, 12);

test.each<[header: string, seconds: number | undefined]>([
  ['120', 120],
  [' 7 ', 7],
  ['Thu, 01 Jan 2026 12:01:30 GMT', 90],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['tomorrow', undefined],
  ['-5', undefined],
  ['2026', 2026],
  ['', undefined],
])('Retry-After: %s', (header, seconds) => {
  expect(retryAfterSeconds(header, NOW)).toBe(seconds);
});

test('extensions of errors have a number, or a text like the header', () => {
  expect([7, 2.5, '7', '2.5', 0, -1, 'soon', null, undefined].map(waitSeconds)).toEqual([
    ...[7, 2.5, 7, 2.5],
    ...Array(5).fill(undefined),
  ]);
  expect(waitSeconds(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(30);
});

test('a refusal with a date has its seconds in the extensions', () => {
  const date = new Date(Date.now() + 60_000).toUTCString();
  const refusal = (wait: string) => new GatewayError(429, 'RATE_LIMITED', 'no', { headers: { 'retry-after': wait } });
  expect(refusal('9').extensions).toEqual({ code: 'RATE_LIMITED', retryAfter: 9 });
  expect(refusal(date).extensions.retryAfter).toBeGreaterThan(30);
  expect(refusal('soon').extensions).toEqual({ code: 'RATE_LIMITED' });
});
