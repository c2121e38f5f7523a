import { describe, expect, test } from 'vitest';
import { QueuedBytes } from '../../src/pipeline/queued-bytes.ts';
import { DEFAULT_UPSTREAM, UpstreamEvents, type UpstreamSettings } from '../../src/pipeline/upstream-events.ts';
import { ByteBudget } from '../../src/shared/byte-budget.ts';
import type { Source, SourceFailure, SubscriptionSink } from '../../src/sources/source.ts';

/** A source whose subscriptions the test drives. */
function open(settings: Partial<UpstreamSettings> = {}) {
  const sinks: SubscriptionSink[] = [];
  let cancelled = 0;
  const source: Source = {
    name: 'reviews',
    send: () => {},
    subscribe(_request, sink) {
      sinks.push(sink);
      return () => {
        cancelled += 1;
      };
    },
    close: async () => {},
  };
  const request = { body: '{}', operationType: 'subscription', client: { requestId: 'r', headers: {} } } as const;
  const all = { ...DEFAULT_UPSTREAM, backoffBaseMs: 0, ...settings };
  const upstream = new UpstreamEvents({ source, request, key: 'k' }, all);
  upstream.start();
  const last = () => sinks.at(-1) as SubscriptionSink;
  return { upstream, source, sinks, last, cancelled: () => cancelled };
}

const LOST: SourceFailure = { code: 'SUBREQUEST_HTTP_ERROR', message: 'lost', isConnectionFailure: true };
const UNSENT: SourceFailure = { ...LOST, isUnsent: true };

describe('a lost connection', () => {
  test('is opened again until an event arrives, and so often after each', async () => {
    const { upstream, sinks, last } = open({ maxReconnects: 1 });
    last().error(LOST);
    await expect.poll(() => sinks.length).toBe(2);
    last().next('1');
    last().error(LOST);
    await expect.poll(() => sinks.length).toBe(3);
    last().error(UNSENT);
    expect(upstream.take()).toMatchObject({ text: '1', mayHaveMissed: true });
    expect(upstream.take()).toEqual({ kind: 'failed', failure: UNSENT, wasStarted: true });
  });

  test('is not opened again where it was never there', () => {
    const { upstream, sinks, last } = open();
    last().error(UNSENT);
    expect(sinks).toHaveLength(1);
    expect(upstream.take()).toEqual({ kind: 'failed', failure: UNSENT, wasStarted: false });
  });
});

describe('events for which there is no memory', () => {
  const BUDGET = { limit: 3_000 };
  const events = ['1', '2', '3', '4'].map((text) => text.repeat(2_000));

  test('end the subscription, and hold nothing more', () => {
    const budget = new ByteBudget(BUDGET);
    const { upstream, last, cancelled } = open({ queued: new QueuedBytes(budget) });
    last().next(events[0] ?? '');
    expect(budget.held).toBe(2_000);
    for (const text of events.slice(1)) last().next(text);
    expect(upstream.take()).toEqual({ kind: 'queue_full' });
    expect(cancelled()).toBe(1);
    expect(budget.held).toBe(0);
  });

  test('are dropped with drop_oldest, and the next one says so', () => {
    const budget = new ByteBudget(BUDGET);
    let dropped = 0;
    const onDropped = () => {
      dropped += 1;
    };
    const { upstream, last } = open({ queued: new QueuedBytes(budget), overflow: 'drop_oldest', onDropped });
    for (const text of [...events.slice(0, 2), 'short']) last().next(text);
    expect(dropped).toBe(2);
    expect(upstream.take()).toMatchObject({ text: 'short', mayHaveMissed: true });
    expect(budget.held).toBe(0);
  });

  test('are not counted when they are executed at once, or any more', () => {
    const budget = new ByteBudget(BUDGET);
    const { upstream, source, last } = open({ queued: new QueuedBytes(budget) });
    last().next(events[0] ?? '');
    upstream.take();
    expect(budget.held).toBe(0);
    upstream.attach(
      source,
      () => upstream.take(),
      () => {},
    );
    for (const text of events) last().next(text);
    expect(budget.held).toBe(0);
    upstream.attach(
      source,
      () => {},
      () => {},
    );
    last().next(events[0] ?? '');
    upstream.cancel();
    expect(budget.held).toBe(0);
  });
});

describe('more events than may wait', () => {
  test('end the subscription, and cancel it at the source', () => {
    const { upstream, last, cancelled } = open({ queueCapacity: 1 });
    for (const text of ['1', '2', '3']) last().next(text);
    expect(upstream.take()).toEqual({ kind: 'queue_full' });
    expect(cancelled()).toBe(1);
  });

  test('replace the oldest with drop_oldest', () => {
    const { upstream, last } = open({ queueCapacity: 1, overflow: 'drop_oldest' });
    for (const text of ['1', '2']) last().next(text);
    expect(upstream.take()).toMatchObject({ text: '2', mayHaveMissed: true });
  });

  test('are replaced by the newest one with coalesce, which no client has to know', () => {
    let dropped = 0;
    const { upstream, last } = open({ queueCapacity: 8, overflow: 'coalesce', onDropped: () => (dropped += 1) });
    for (const text of ['1', '2', '3']) last().next(text);
    expect(upstream.take()).toMatchObject({ text: '3', mayHaveMissed: false });
    expect(dropped).toBe(2);
  });

  test('do not hide with coalesce that a connection was lost', async () => {
    const { upstream, sinks, last } = open({ overflow: 'coalesce' });
    last().error(LOST);
    await expect.poll(() => sinks.length).toBe(2);
    for (const text of ['1', '2', '3']) last().next(text);
    expect(upstream.take()).toMatchObject({ text: '3', mayHaveMissed: true });
  });
});

test('what is attached next gets the events, and the one before learns of it', () => {
  const { upstream, source, last } = open();
  const calls: string[] = [];
  for (const name of ['a', 'b'])
    upstream.attach(
      source,
      () => calls.push(`${name} event`),
      () => calls.push(`${name} detached`),
    );
  last().next('1');
  expect(calls).toEqual(['a detached', 'b event']);
});
