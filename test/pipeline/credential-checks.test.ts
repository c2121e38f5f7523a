import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CredentialChecks } from '../../src/pipeline/credential-checks.ts';
import { Subscriber } from '../../src/pipeline/subscriber.ts';
import type { CredentialCheck } from '../../src/shared/credential-check.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const subscriber = () => new Subscriber({ queueCapacity: 10, overflow: 'close', onEnd: () => {} });
const accept: CredentialCheck = () => ({});

test('there is a timer only while there are credentials to check', () => {
  const checks = new CredentialChecks({ intervalMs: 1_000 });
  const [first, second] = [subscriber(), subscriber()];
  checks.set(first, undefined);
  expect(vi.getTimerCount()).toBe(0);
  checks.set(first, accept);
  checks.set(second, accept);
  expect(vi.getTimerCount()).toBe(1);
  checks.delete(first);
  checks.set(second, undefined);
  expect(vi.getTimerCount()).toBe(0);
});

test('16 credentials are checked at a time, and the next round waits for the last of them', async () => {
  const checks = new CredentialChecks({ intervalMs: 1_000 });
  const started: (() => void)[] = [];
  const subscribers = Array.from({ length: 40 }, subscriber);
  for (const one of subscribers)
    checks.set(one, () => new Promise((resolve) => void started.push(() => resolve(undefined))));
  vi.advanceTimersByTime(1_000);
  expect(started).toHaveLength(16);
  vi.advanceTimersByTime(5_000);
  expect(started).toHaveLength(16);
  for (const resolve of started) {
    resolve();
    await new Promise((done) => setImmediate(done));
  }
  expect(started).toHaveLength(40);
  expect(subscribers.map(({ reason }) => reason)).toEqual(subscribers.map(() => 'token_expired'));
});

test('a credential that was replaced while it was checked ends nothing', async () => {
  const checks = new CredentialChecks({ intervalMs: 1_000 });
  const one = subscriber();
  let reject = () => {};
  checks.set(one, () => new Promise((resolve) => (reject = () => resolve(undefined))));
  vi.advanceTimersByTime(1_000);
  checks.set(one, accept);
  reject();
  await new Promise((done) => setImmediate(done));
  expect(one.hasEnded).toBe(false);
});

test('the end of a login session ends its subscriptions at once, and no others', () => {
  const checks = new CredentialChecks({ intervalMs: 1_000 });
  const ofSession = (sessionId: string): CredentialCheck => Object.assign(() => ({}), { sessionId });
  const [first, second, other, renewed] = [subscriber(), subscriber(), subscriber(), subscriber()];
  checks.set(first, ofSession('a'));
  checks.set(second, ofSession('a'));
  checks.set(other, ofSession('b'));
  checks.set(renewed, ofSession('a'));
  checks.set(renewed, accept);
  checks.endSession('a');
  expect([first, second, other, renewed].map(({ reason }) => reason)).toEqual([
    'token_expired',
    'token_expired',
    undefined,
    undefined,
  ]);
});

test('what has to be checked now, while a check is under way, is checked after it', async () => {
  const checks = new CredentialChecks({ intervalMs: 1_000 });
  const one = subscriber();
  const started: ((isAccepted: boolean) => void)[] = [];
  checks.set(one, () => new Promise((resolve) => void started.push((is) => resolve(is ? {} : undefined))));
  vi.advanceTimersByTime(1_000);
  void checks.checkNow();
  expect(started).toHaveLength(1);
  started[0]?.(true);
  await new Promise((done) => setImmediate(done));
  expect(started).toHaveLength(2);
  started[1]?.(false);
  await new Promise((done) => setImmediate(done));
  expect(one.reason).toBe('token_expired');
});
