import { expect, test } from 'vitest';
import { Heartbeats, isHeartbeat } from '../../src/cli/heartbeats.ts';

/** Two workers, of which each is ended after five missed heartbeats. */
function watchTwo() {
  const ended: string[] = [];
  const heartbeats = new Heartbeats<string>({ timeoutMs: 5_000, onTimeout: (worker) => ended.push(worker) });
  heartbeats.received('a');
  heartbeats.received('b');
  const tick = (times: number, alive: readonly string[] = []) => {
    for (let at = 0; at < times; at++) {
      heartbeats.tick();
      for (const worker of alive) heartbeats.received(worker);
    }
  };
  return { heartbeats, ended, tick };
}

test('a worker without heartbeats becomes unresponsive, and is then ended once', () => {
  const { heartbeats, ended, tick } = watchTwo();
  tick(2, ['a']);
  expect(heartbeats.isResponsive('b')).toBe(true);
  tick(1, ['a']);
  expect([heartbeats.isResponsive('a'), heartbeats.isResponsive('b'), ended]).toEqual([true, false, []]);
  tick(10, ['a']);
  expect(ended).toEqual(['b']);
});

test('a worker that was busy and continues in time is responsive again', () => {
  const { heartbeats, ended, tick } = watchTwo();
  tick(4, ['b']);
  expect(heartbeats.isResponsive('a')).toBe(false);
  heartbeats.received('a');
  expect(heartbeats.isResponsive('a')).toBe(true);
  tick(4, ['b']);
  expect(ended).toEqual([]);
});

test('a worker that has ended is not expected any more', () => {
  const { heartbeats, ended, tick } = watchTwo();
  heartbeats.forget('a');
  tick(20, ['b']);
  expect(ended).toEqual([]);
});

test('other messages are no heartbeats', () => {
  expect([{ url: 'u', port: 1 }, 'heartbeat', null, { heartbeat: true }].map(isHeartbeat)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});
