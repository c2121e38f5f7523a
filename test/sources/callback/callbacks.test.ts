import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Callback } from '../../../src/sources/callback/callback.ts';
import { readCallback } from '../../../src/sources/callback/callback.ts';
import type { CallbackSubscription } from '../../../src/sources/callback/callback-subscription.ts';
import { Callbacks } from '../../../src/sources/callback/callbacks.ts';
import type { SourceFailure, SubscriptionSink } from '../../../src/sources/source.ts';
import { type Message, MessageListeners, type Messages } from '../../../src/store/messages.ts';
import { contractBreaches, RecordingSink } from '../subscription-contract.ts';

const HEARTBEAT = 1_000;
const ACCEPTED = { kind: 'text', text: '{"data":null}', status: 200 } as const;

const processWith = (messages?: Messages, heartbeatMs = HEARTBEAT) =>
  new Callbacks({ publicUrl: 'http://gateway/callbacks', heartbeatMs, messages });

class FailureSink extends RecordingSink {
  failure: SourceFailure | undefined;

  override error(failure: SourceFailure): void {
    this.failure = failure;
    super.error(failure);
  }
}

/** Opens a subscription that the subgraph has accepted. */
function opened(callbacks = processWith()) {
  const sink = new FailureSink();
  const subscription = callbacks.open('ticks', sink);
  const { id, verifier } = subscription;
  const send = (callback: Partial<Callback>) => callbacks.receive({ id, verifier, action: 'check', ...callback });
  return { callbacks, sink, subscription, send };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('callbacks keep the contract of a source of events', async () => {
  const breaches = await contractBreaches(() => {
    const callbacks = processWith();
    const all: CallbackSubscription[] = [];
    const send = async (callback: Pick<Callback, 'action' | 'payload' | 'errors'>) => {
      for (const { id, verifier } of all) await callbacks.receive({ id, verifier, ...callback });
    };
    return {
      subscribe: (_, sink: SubscriptionSink) => {
        const subscription = callbacks.open('ticks', sink);
        all.push(subscription);
        subscription.respond(ACCEPTED);
        return () => subscription.cancel();
      },
      upstream: {
        get open() {
          return callbacks.size;
        },
        event: (text) => send({ action: 'next', payload: text }),
        end: () => void send({ action: 'complete' }),
        refuse: () => send({ action: 'complete', errors: '[{"message":"not today"}]' }),
        interrupt: () => void vi.advanceTimersByTime(2 * HEARTBEAT),
      },
    };
  });
  expect(breaches).toEqual([]);
});

describe('a callback', () => {
  test('is answered with 204, the end with 202', async () => {
    const { sink, send } = opened();
    expect(await send({ action: 'check' })).toBe(204);
    expect(await send({ action: 'next', payload: '{"data":1}' })).toBe(204);
    expect(await send({ action: 'complete', errors: '[{"message":"no"}]' })).toBe(202);
    expect(sink.received).toEqual(['{"data":1}', 'refused: {"errors":[{"message":"no"}]}']);
  });

  test('after the end, or of an unknown subscription, gets 404', async () => {
    const { callbacks, subscription, send } = opened();
    expect(await send({ id: `${subscription.id}x` })).toBe(404);
    expect(await send({ id: 'x' })).toBe(404);
    await send({ action: 'complete' });
    expect(await send({ action: 'check' })).toBe(404);
    expect(callbacks.size).toBe(0);
  });

  test('after the subscription was cancelled gets 404', async () => {
    const { subscription, sink, send } = opened();
    subscription.cancel();
    expect(await send({ action: 'next', payload: '{}' })).toBe(404);
    expect(sink.received).toEqual([]);
  });

  test('with another secret gets 400, and does nothing', async () => {
    const { sink, send } = opened();
    const other = opened().subscription.verifier;
    for (const verifier of ['', other]) expect(await send({ verifier, action: 'complete' })).toBe(400);
    expect(sink.received).toEqual([]);
    expect(await send({ action: 'check' })).toBe(204);
  });

  test('for which there is no room ends the subscription', async () => {
    const sink = new RecordingSink(true);
    const callbacks = processWith();
    const { id, verifier } = callbacks.open('ticks', sink);
    const next = { id, verifier, action: 'next', payload: '{}' } as const;
    let accepted = 0;
    while ((await callbacks.receive(next)) === 204) accepted += 1;
    expect(accepted).toBe(1_025);
    expect(callbacks.size).toBe(0);
  });
});

describe('the response of the subgraph', () => {
  test.each(['{"errors":[{"message":"no"}]}', '{"data":null,"errors":[{"message":"no"}]}'])(
    'with errors is a refusal: %s',
    (text) => {
      const { sink, subscription, callbacks } = opened();
      subscription.respond({ kind: 'text', text, status: 200 });
      expect(sink.received).toEqual([`refused: ${text}`]);
      expect(callbacks.size).toBe(0);
    },
  );

  test('after the last event says nothing more', async () => {
    const { sink, subscription, send } = opened();
    await send({ action: 'next', payload: '{"data":1}' });
    await send({ action: 'complete' });
    subscription.respond(ACCEPTED);
    expect(sink.received).toEqual(['{"data":1}', 'complete']);
  });

  test.each([
    [{ code: 'SUBREQUEST_HTTP_ERROR', message: '', status: 503 }, true],
    [{ code: 'SUBREQUEST_HTTP_ERROR', message: '', status: 404 }, false],
    [{ code: 'SUBREQUEST_TIMEOUT', message: '' }, true],
  ] as const)('that is a failure ends it: %j', (failure, isConnectionFailure) => {
    const { sink, subscription } = opened();
    subscription.respond({ kind: 'failure', failure });
    expect(sink.failure).toMatchObject({ code: failure.code, isConnectionFailure, isUnsent: true });
  });

  test('with a status of a server that does not know the protocol names the keys of another one', () => {
    const { sink, subscription } = opened();
    const failure = { code: 'SUBREQUEST_HTTP_ERROR', message: 'HTTP status 406 …', status: 406 } as const;
    subscription.respond({ kind: 'failure', failure });
    expect(sink.failure?.message).toBe(
      'HTTP status 406 … If it sends events by another protocol, or at another path, set "protocol" or "path" in subscription.mode.passthrough.subgraphs.ticks.',
    );
  });
});

describe('heartbeats', () => {
  test('a subscription is lost after twice the interval without a callback', async () => {
    const { sink, subscription, send } = opened();
    subscription.respond(ACCEPTED);
    await send({ action: 'check' });
    vi.advanceTimersByTime(2 * HEARTBEAT - 1);
    await send({ action: 'next', payload: '{"data":1}' });
    vi.advanceTimersByTime(2 * HEARTBEAT - 1);
    expect(sink.received).toEqual(['{"data":1}']);
    vi.advanceTimersByTime(1);
    expect(sink.failure).toMatchObject({ reason: 'no heartbeat', isConnectionFailure: true });
    expect(await send({ action: 'check' })).toBe(404);
  });

  test('a subgraph that accepts, and never calls, is no subscription', () => {
    const { sink, subscription } = opened();
    subscription.respond(ACCEPTED);
    vi.advanceTimersByTime(10_000);
    expect(sink.failure).toMatchObject({ reason: 'no callback', isUnsent: true });
    expect(sink.failure?.isConnectionFailure).toBeUndefined();
  });

  test('without an interval, a silent subscription is not lost', async () => {
    const { sink, subscription, send } = opened(processWith(undefined, 0));
    subscription.respond(ACCEPTED);
    await send({ action: 'check' });
    vi.advanceTimersByTime(3_600_000);
    expect(sink.received).toEqual([]);
  });
});

/** Two processes that send each other messages. */
function twoProcesses() {
  const parts = [0, 1].map(() => ({ listeners: new MessageListeners(), isConnected: true }));
  const [one, other] = parts.map((part, index) => {
    const messages: Messages = {
      get isConnected() {
        return part.isConnected;
      },
      publish: (topic, text) => {
        const message: Message = { topic, text };
        if (part.isConnected) parts[1 - index]?.listeners.deliver(message);
      },
      subscribe: (topic, listener) => part.listeners.add(topic, listener),
      onGap: () => {},
      close: async () => {},
    };
    return processWith(messages);
  }) as [Callbacks, Callbacks];
  return { one, other, parts };
}

describe('a callback that arrives at another process', () => {
  test('is passed on to the one with the subscription, whose answer it gets', async () => {
    const { one, other } = twoProcesses();
    const { sink, subscription } = opened(one);
    const { id, verifier } = subscription;
    expect(await other.receive({ id, verifier, action: 'next', payload: '{"data":1}' })).toBe(204);
    expect(await other.receive({ id, verifier: 'x', action: 'complete' })).toBe(400);
    expect(await other.receive({ id, verifier, action: 'complete' })).toBe(202);
    expect(await other.receive({ id, verifier, action: 'check' })).toBe(404);
    expect(sink.received).toEqual(['{"data":1}', 'complete']);
  });

  test('gets 404 where the one with the subscription is gone', async () => {
    const { other } = twoProcesses();
    const { id, verifier } = opened().subscription;
    const status = other.receive({ id, verifier, action: 'check' });
    vi.advanceTimersByTime(5_000);
    expect(await status).toBe(404);
  });

  test('gets 503, so that it is sent again, while no messages arrive', async () => {
    const { one, other, parts } = twoProcesses();
    const { id, verifier } = opened(one).subscription;
    if (parts[1]) parts[1].isConnected = false;
    expect(await other.receive({ id, verifier, action: 'check' })).toBe(503);
  });
});

describe('the body of a callback', () => {
  const sent = { kind: 'subscription', id: '1', verifier: 'v' };

  test.each([
    [
      { ...sent, action: 'check' },
      { id: '1', verifier: 'v', action: 'check' },
    ],
    [
      { ...sent, action: 'heartbeat' },
      { id: '1', verifier: 'v', action: 'check' },
    ],
    [
      { ...sent, action: 'next', payload: { data: 1 } },
      { id: '1', verifier: 'v', action: 'next', payload: '{"data":1}' },
    ],
    [
      { ...sent, action: 'complete' },
      { id: '1', verifier: 'v', action: 'complete' },
    ],
    [
      { ...sent, action: 'complete', errors: [{ message: 'no' }] },
      { id: '1', verifier: 'v', action: 'complete', errors: '[{"message":"no"}]' },
    ],
  ])('%j', (body, expected) => {
    expect(readCallback(JSON.stringify(body))).toEqual(expected);
  });

  test('keeps the digits of numbers', () => {
    const text =
      '{"kind":"subscription","action":"next","id":"1","verifier":"v","payload":{"data":12345678901234567890}}';
    expect(readCallback(text)).toMatchObject({ payload: '{"data":12345678901234567890}' });
  });

  test.each([
    ['{', 'The body is not JSON.'],
    ['[]', 'The body is not a JSON object.'],
    ['{"action":"check"}', '"kind" must be "subscription".'],
    [JSON.stringify({ ...sent, id: 1 }), '"id" must be the id of a subscription.'],
    [JSON.stringify({ ...sent, verifier: null }), '"verifier" must be that of the subscription.'],
    [JSON.stringify({ ...sent, action: 'stop' }), '"action" must be "check", "next" or "complete".'],
    [JSON.stringify({ ...sent, action: 'next', payload: 1 }), '"payload" must be a GraphQL result.'],
    [JSON.stringify({ ...sent, action: 'complete', errors: {} }), '"errors" must be a list of errors.'],
  ])('%s is refused', (body, message) => {
    expect(readCallback(body)).toBe(message);
  });
});
