import { describe, expect, it } from 'vitest';
import { AuthenticationUnavailable, BadCredential } from '../../../src/policy/authentication/authentication-error.ts';
import {
  FailedAttempts,
  type Failures,
  type SharedFailures,
} from '../../../src/policy/authentication/failed-attempts.ts';
import { latch } from '../../gateway/serving.ts';

function attempts() {
  const clock = { now: 0 };
  return { clock, failed: new FailedAttempts({ limit: 2, windowMs: 60_000, now: () => clock.now }) };
}

it('an address waits from its last allowed failure to the end of the window', () => {
  const { clock, failed } = attempts();
  failed.recordFailure('192.0.2.1');
  clock.now = 10_000;
  expect(failed.retryAfter('192.0.2.1')).toBeUndefined();
  failed.recordFailure('192.0.2.1');
  expect(failed.retryAfter('192.0.2.1')).toBe(50);
  expect(failed.retryAfter('192.0.2.2')).toBeUndefined();
  clock.now = 59_001;
  expect(failed.retryAfter('192.0.2.1')).toBe(1);
  clock.now = 60_000;
  expect(failed.retryAfter('192.0.2.1')).toBeUndefined();
  failed.recordFailure('192.0.2.1');
  expect(failed.retryAfter('192.0.2.1')).toBeUndefined();
});

it('all addresses of one IPv6 network count as one', () => {
  const { failed } = attempts();
  failed.recordFailure('2001:db8:1:2::1');
  failed.recordFailure('2001:db8:1:2:ffff::9');
  expect(failed.retryAfter('2001:db8:1:2:3:4:5:6')).toBe(60);
  expect(failed.retryAfter('2001:db8:1:3::1')).toBeUndefined();
});

describe('checks that take time', () => {
  const bad = () => Promise.reject(new BadCredential('forged', 'made up'));

  it('do not slip past the limit, however many come at once', async () => {
    const { failed } = attempts();
    const looked: number[] = [];
    const asked = Array.from({ length: 50 }, (_, i) =>
      Promise.resolve()
        .then(() =>
          failed.guard('192.0.2.1', () => {
            looked.push(i);
            return bad();
          }),
        )
        .catch((error: Error) => error.name),
    );
    const outcomes = await Promise.all(asked);
    expect(looked).toEqual([0, 1]);
    expect(outcomes).toEqual(['BadCredential', 'BadCredential', ...Array(48).fill('AuthenticationError')]);
  });

  it('of good credentials only wait for each other', async () => {
    const { failed } = attempts();
    failed.recordFailure('192.0.2.1');
    const begun: number[] = [];
    const ends = Array.from({ length: 5 }, () => latch<string>());
    const asked = ends.map(({ promise }, i) =>
      failed.guard('192.0.2.1', () => {
        begun.push(i);
        return promise;
      }),
    );
    expect(begun).toEqual([0]);
    expect(failed.guard('192.0.2.2', () => 'another address')).toBe('another address');
    for (const [i, { open }] of ends.entries()) {
      open(`good ${i}`);
      expect(await asked[i]).toBe(`good ${i}`);
    }
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  it('that come to no decision use up nothing', async () => {
    const { failed } = attempts();
    const away = () => Promise.reject(new AuthenticationUnavailable('the issuer is away'));
    const asked = Array.from({ length: 5 }, async () => failed.guard('192.0.2.1', away));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    expect(failed.retryAfter('192.0.2.1')).toBeUndefined();
  });

  it('go on for those who wait when one of them is decided at once', async () => {
    const { failed } = attempts();
    const first = [latch<string>(), latch<string>()];
    const asked = first.map(({ promise }) => failed.guard('192.0.2.1', () => promise));
    const waiting = ['a', 'b', 'c'].map((name) => failed.guard('192.0.2.1', () => name));
    for (const { open } of first) open('done');
    expect(await Promise.all([...asked, ...waiting])).toEqual(['done', 'done', 'a', 'b', 'c']);
  });
});

it.each(['expired', 'not_yet_valid', 'claims', 'revoked'] as const)(
  'one that is %s was not made up: it does not count',
  (kind) => {
    const { failed } = attempts();
    for (let i = 0; i < 5; i++) {
      expect(() =>
        failed.guard('192.0.2.1', () => {
          throw new BadCredential(kind, 'once given out');
        }),
      ).toThrow(BadCredential);
    }
  },
);

it('tells once that an address has reached the limit', () => {
  let reported = 0;
  const failed = new FailedAttempts({ limit: 2, windowMs: 60_000, onThrottled: () => reported++ });
  for (let i = 0; i < 5; i++) failed.recordFailure('192.0.2.1');
  expect(reported).toBe(1);
});

describe('several processes', () => {
  /** Processes of one gateway, and the sum of what they count, as the one that keeps it would send it to them. */
  function processes(count: number, options: { limit: number; onThrottled?: () => void }) {
    const listeners: ((group: string, sum: Failures) => void)[] = [];
    let sum = 0;
    const shared: SharedFailures = {
      processes: count,
      async add(group) {
        const changed = { count: ++sum, leftMs: 60_000 };
        for (const listener of listeners) listener(group, changed);
        return changed;
      },
      onChange: (listener) => void listeners.push(listener),
    };
    return Array.from({ length: count }, () => new FailedAttempts({ ...options, windowMs: 60_000, shared }));
  }
  const bad = () => Promise.reject(new BadCredential('forged', 'made up'));

  it('count together, and say once that an address is throttled', async () => {
    let throttled = 0;
    const [first, second] = processes(2, { limit: 3, onThrottled: () => throttled++ }) as [
      FailedAttempts,
      FailedAttempts,
    ];
    await first.recordFailure('192.0.2.1');
    await second.recordFailure('192.0.2.1');
    expect(first.retryAfter('192.0.2.1')).toBeUndefined();
    await first.recordFailure('192.0.2.1');
    expect([first, second].map((one) => one.retryAfter('192.0.2.1'))).toEqual([60, 60]);
    expect(throttled).toBe(1);
  });

  it('have each a part of what may be checked at the same time', async () => {
    const all = processes(2, { limit: 4 });
    let checks = 0;
    const ask = (one: FailedAttempts) =>
      Promise.resolve().then(() =>
        one.guard('192.0.2.1', () => {
          checks++;
          return bad();
        }),
      );
    const asked = all.flatMap((one) => Array.from({ length: 20 }, () => ask(one).catch((error: Error) => error.name)));
    const outcomes = await Promise.all(asked);
    // one more for each further process, where the last ones that are allowed are asked for at the same time
    expect(checks).toBeGreaterThanOrEqual(4);
    expect(checks).toBeLessThanOrEqual(5);
    expect(outcomes.filter((name) => name === 'AuthenticationError')).toHaveLength(40 - checks);
  });

  it('answer a bad credential when the others know of it', async () => {
    const [first, second] = processes(2, { limit: 1 }) as [FailedAttempts, FailedAttempts];
    const answer = first.guard('192.0.2.1', () => {
      throw new BadCredential('unknown', 'made up');
    });
    await expect(answer).rejects.toThrow(BadCredential);
    expect(second.retryAfter('192.0.2.1')).toBe(60);
  });
});
