import { expect, it } from 'vitest';
import { FailedAttempts } from '../../../src/policy/authentication/failed-attempts.ts';

function attempts() {
  const clock = { now: 0 };
  return { clock, failed: new FailedAttempts({ limit: 2, windowMs: 60_000, now: () => clock.now }) };
}

it('an address waits from its last allowed failure to the end of the window', () => {
  const { clock, failed } = attempts();
  failed.note('192.0.2.1');
  clock.now = 10_000;
  expect(failed.retryAfter('192.0.2.1')).toBeUndefined();
  failed.note('192.0.2.1');
  expect(failed.retryAfter('192.0.2.1')).toBe(50);
  expect(failed.retryAfter('192.0.2.2')).toBeUndefined();
  clock.now = 59_001;
  expect(failed.retryAfter('192.0.2.1')).toBe(1);
  clock.now = 60_000;
  expect(failed.retryAfter('192.0.2.1')).toBeUndefined();
  failed.note('192.0.2.1');
  expect(failed.retryAfter('192.0.2.1')).toBeUndefined();
});

it('all addresses of one IPv6 network count as one', () => {
  const { failed } = attempts();
  failed.note('2001:db8:1:2::1');
  failed.note('2001:db8:1:2:ffff::9');
  expect(failed.retryAfter('2001:db8:1:2:3:4:5:6')).toBe(60);
  expect(failed.retryAfter('2001:db8:1:3::1')).toBeUndefined();
});
