import { describe, expect, test } from 'vitest';
import type { Identity } from '../../src/client/identity.ts';
import { QueuedBytes } from '../../src/pipeline/queued-bytes.ts';
import { type EndReason, Subscriber, type SubscriberOptions } from '../../src/pipeline/subscriber.ts';
import { createApiKey } from '../../src/policy/authentication/api-key-record.ts';
import { ApiKeys } from '../../src/policy/authentication/api-keys.ts';
import { identityOf, type Session } from '../../src/policy/login/session.ts';
import { ByteBudget } from '../../src/shared/byte-budget.ts';

function open(options: Partial<SubscriberOptions> = {}) {
  const ends: EndReason[] = [];
  let dropped = 0;
  const subscriber = new Subscriber({
    queueCapacity: 2,
    overflow: 'close',
    onEnd: (_, reason) => ends.push(reason),
    onDropped: () => {
      dropped += 1;
    },
    ...options,
  });
  return { subscriber, ends, dropped: () => dropped };
}

async function texts(subscriber: Subscriber): Promise<string[]> {
  const all: string[] = [];
  for await (const { text, errors } of subscriber) all.push(errors ? String(errors[0]?.extensions?.code) : text);
  return all;
}

/** @param exp when the token expires, in seconds since 1970 */
function tokenOf(subject: string, exp: number, scopes: readonly string[] = []): Identity {
  return { kind: 'jwt', subject, scopes, claims: { sub: subject, exp } };
}

/** Returns the identity of a client whose key or session was valid when it subscribed, and is not any more. */
async function expired(kind: 'api_key' | 'session'): Promise<Identity> {
  const [then, expires] = [1_000, new Date(2_000)];
  if (kind === 'session')
    return identityOf({ subject: 'ann', scopes: [], claims: {}, endsAt: 2_000 } as unknown as Session);
  const { key, record } = createApiKey({ owner: 'ann', scopes: [], expires }, new Date(then));
  return new ApiKeys({ find: () => record }, () => then).identify(key);
}

describe('a slow client', () => {
  test('loses its subscription, after what waits for it', async () => {
    const { subscriber, ends } = open();
    for (const text of ['1', '2', '3', '4']) subscriber.push({ text });
    expect(await texts(subscriber)).toEqual(['1', '2', 'SUBSCRIPTION_QUEUE_FULL']);
    expect(ends).toEqual(['queue_full']);
  });

  test('loses the oldest events with drop_oldest', async () => {
    const { subscriber, dropped } = open({ overflow: 'drop_oldest' });
    for (const text of ['1', '2', '3', '4']) subscriber.push({ text });
    subscriber.end(undefined);
    expect(await texts(subscriber)).toEqual(['3', '4']);
    expect(dropped()).toBe(2);
  });

  test('gets the newest event with coalesce', async () => {
    const { subscriber, dropped } = open({ overflow: 'coalesce' });
    for (const text of ['1', '2', '3', '4']) subscriber.push({ text });
    subscriber.end(undefined);
    expect(await texts(subscriber)).toEqual(['4']);
    expect(dropped()).toBe(3);
  });
});

describe('the memory of messages that wait', () => {
  const long = (text: string) => ({ text: text.repeat(2_000) });
  const openSeveral = (overflow: SubscriberOptions['overflow'], count = 1) => {
    const budget = new ByteBudget({ limit: 3_000 });
    const queued = new QueuedBytes(budget);
    return { budget, clients: Array.from({ length: count }, () => open({ overflow, queued, queueCapacity: 10 })) };
  };

  test('is counted once for all clients, until the last has it or leaves', async () => {
    const { budget, clients } = openSeveral('close', 3);
    const [message, subscribers] = [long('1'), clients.map(({ subscriber }) => subscriber)];
    for (const subscriber of subscribers) subscriber.push(message);
    expect(budget.held).toBe(2_000);
    await subscribers[0]?.next();
    await subscribers[1]?.return();
    expect(budget.held).toBe(2_000);
    await subscribers[2]?.next();
    expect(budget.held).toBe(0);
  });

  test('is not used by clients that are waiting for messages', async () => {
    const { budget, clients } = openSeveral('close');
    const next = clients[0]?.subscriber.next();
    clients[0]?.subscriber.push(long('1'));
    expect(budget.held).toBe(0);
    expect((await next)?.value).toEqual(long('1'));
  });

  test('ends the subscription of a slow client where there is none', async () => {
    const { budget, clients } = openSeveral('close');
    const { subscriber, ends } = clients[0] ?? open();
    for (const text of ['1', '2']) subscriber.push(long(text));
    expect(ends).toEqual(['queue_full']);
    expect(await texts(subscriber)).toEqual([long('1').text, 'SUBSCRIPTION_QUEUE_FULL']);
    expect(budget.held).toBe(0);
  });

  test.each(['drop_oldest', 'coalesce'] as const)('makes %s drop messages where there is none', async (overflow) => {
    const { budget, clients } = openSeveral(overflow);
    const { subscriber, ends, dropped } = clients[0] ?? open();
    for (const message of [long('1'), { text: '12'.repeat(2_000) }, { text: 'short' }]) subscriber.push(message);
    expect(dropped()).toBeGreaterThan(0);
    subscriber.end(undefined);
    expect((await texts(subscriber)).at(-1)).toBe('short');
    expect(ends).toEqual(['completed']);
    expect(budget.held).toBe(0);
  });
});

describe('the end', () => {
  test.each(['api_key', 'session'] as const)(
    'a credential of the kind %s that has expired ends it, too',
    async (kind) => {
      const { subscriber, ends } = open();
      subscriber.authorizeFor(await expired(kind));
      expect(await texts(subscriber)).toEqual(['SUBSCRIPTION_TOKEN_EXPIRED']);
      expect(ends).toEqual(['token_expired']);
    },
  );

  test('an expired token ends it at once', async () => {
    const { subscriber, ends } = open();
    subscriber.authorizeFor(tokenOf('ann', 1));
    expect(await texts(subscriber)).toEqual(['SUBSCRIPTION_TOKEN_EXPIRED']);
    expect(ends).toEqual(['token_expired']);
  });

  test('waits for renewed credentials, if they are of the same user with the same rights', async () => {
    const renewed: unknown[] = [];
    const { subscriber, ends } = open({
      onRenewed: (one) => renewed.push(typeof one === 'string' ? one : one.identity),
    });
    const later = Date.now() / 1_000 + 3_600;
    subscriber.authorizeFor(tokenOf('ann', later));
    const [other, fewer, longer] = [tokenOf('bob', 1), tokenOf('ann', 1, ['fewer']), tokenOf('ann', later + 1)];
    for (const identity of [other, fewer, undefined, longer]) subscriber.renew({ identity, headers: {} });
    expect(renewed).toEqual([longer]);
    expect(subscriber.hasEnded).toBe(false);
    subscriber.renew({ identity: tokenOf('ann', 1), headers: {} });
    expect(ends).toEqual(['token_expired']);
  });

  test('comes once, and nothing after it', async () => {
    const { subscriber, ends } = open();
    const waiting = subscriber.next();
    subscriber.end(undefined);
    subscriber.push({ text: 'late' });
    await subscriber.return();
    expect((await waiting).done).toBe(true);
    expect(ends).toEqual(['completed']);
  });

  test('a client that leaves gets nothing of what waits', async () => {
    const { subscriber, ends } = open();
    subscriber.push({ text: '1' });
    await subscriber.return();
    expect(await texts(subscriber)).toEqual([]);
    expect(ends).toEqual(['client']);
  });
});

test('silence is a heartbeat, and loses no event', async () => {
  const { subscriber } = open();
  expect(await subscriber.nextOrHeartbeat(1)).toEqual({ done: false, value: undefined });
  const next = subscriber.nextOrHeartbeat(10_000);
  subscriber.push({ text: '1' });
  expect((await next).value).toEqual({ text: '1' });
});
