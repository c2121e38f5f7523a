import { afterEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_UPSTREAM, UpstreamEvents } from '../../../src/pipeline/upstream-events.ts';
import { EventCall, type EventFormat, type EventTarget } from '../../../src/sources/event-stream/event-call.ts';
import type { Source, SourceFailure, SourceRequest, SubscriptionSink } from '../../../src/sources/source.ts';
import { contractBreaches, REFUSAL, RecordingSink, type TestUpstream } from '../subscription-contract.ts';
import { TestConnections, type TestResponse } from './test-connections.ts';

const TYPES = { sse: 'text/event-stream', multipart: 'multipart/mixed; boundary="-"; subscriptionSpec=1.0' };

const EVENTS: Record<EventFormat, (text: string) => string> = {
  sse: (text) => `event: next\ndata: ${text}\n\n`,
  multipart: (text) => `\r\n---\r\ncontent-type: application/json\r\n\r\n{"payload":${text}}`,
};
const ENDS = { sse: 'event: complete\ndata:\n\n', multipart: '\r\n-----\r\n' };

const request: SourceRequest = {
  body: '{"query":"subscription { ticks }"}',
  operationType: 'subscription',
  client: { requestId: 'r', headers: {} },
};

function targetOf(pool: TestConnections, format: EventFormat, parts: Partial<EventTarget> = {}): EventTarget {
  const http = {
    ...{
      name: 'ticks',
      pool,
      path: '/graphql',
      url: '',
      headers: ['accept', 'x'],
      forward: undefined,
      sign: undefined,
    },
    ...{ compression: undefined, returnsHeaders: false, timeoutMs: 1_000, deadlineHeader: undefined },
    ...{ maxResponseBytes: 1_000, byteBudget: undefined, signsBody: false },
  };
  return { http, format, idleMs: 60_000, expectsHeartbeats: false, maxEventBytes: 1_000, ...parts };
}

/** A sink that keeps the failure it ends with. */
class FailureSink extends RecordingSink {
  failure: SourceFailure | undefined;

  override error(failure: SourceFailure): void {
    this.failure = failure;
    super.error(failure);
  }
}

function start(format: EventFormat, parts: Partial<EventTarget> = {}, given: SourceRequest = request) {
  const pool = new TestConnections();
  const sink = new FailureSink();
  const call = new EventCall(targetOf(pool, format, parts), given, sink);
  call.start();
  const response = pool.calls[0] as TestResponse;
  return { pool, sink, call, response };
}

/** Starts a call whose stream has begun. */
function begin(format: EventFormat, parts: Partial<EventTarget> = {}) {
  const started = start(format, parts);
  started.response.headers(200, { 'content-type': TYPES[format] });
  return started;
}

afterEach(() => vi.useRealTimers());

describe.each(['sse', 'multipart'] as const)('a subscription over %s', (format) => {
  test('keeps the contract of a source of events', async () => {
    const breaches = await contractBreaches(() => {
      const pool = new TestConnections();
      const target = targetOf(pool, format);
      const all = (step: (response: TestResponse) => void) => {
        for (const one of pool.calls) if (!one.isAborted) step(one);
      };
      const upstream: TestUpstream = {
        get open() {
          return pool.calls.filter(({ isAborted }) => !isAborted).length;
        },
        event: (text) => all((one) => one.write(EVENTS[format](text))),
        end: () => all((one) => one.write(ENDS[format])),
        interrupt: () => all((one) => one.fail(Object.assign(new Error(), { code: 'ECONNRESET' }))),
        // server-sent events have no such end
        ...(format === 'multipart' && { refuse: () => all((one) => one.write(`\r\n---\r\n\r\n${REFUSAL}`)) }),
      };
      const subscribe = (given: SourceRequest, sink: SubscriptionSink) => {
        const call = new EventCall(target, given, sink);
        call.start();
        pool.calls.at(-1)?.headers(200, { 'content-type': TYPES[format] });
        return () => call.cancel();
      };
      return { subscribe, upstream };
    });
    expect(breaches).toEqual([]);
  });

  test('a stream that closes before its end is lost, and can be opened again', () => {
    const { sink, response } = begin(format);
    response.write(EVENTS[format]('1'));
    response.end();
    expect(sink.received).toEqual(['1', 'SUBREQUEST_HTTP_ERROR']);
    expect(sink.failure).toMatchObject({ isConnectionFailure: true, reason: 'closed before its end' });
    expect(sink.failure?.isUnsent).toBeUndefined();
  });

  test('events that arrive together wait for a sink that is not ready, and the end after them', async () => {
    const pool = new TestConnections();
    const sink = new RecordingSink(true);
    new EventCall(targetOf(pool, format), request, sink).start();
    const response = pool.calls[0] as TestResponse;
    response.headers(200, { 'content-type': TYPES[format] });
    response.write(`${EVENTS[format]('1')}${EVENTS[format]('2')}`);
    response.write(ENDS[format]);
    for (const seen of [['1'], ['1', '2'], ['1', '2', 'complete']]) {
      expect(sink.received).toEqual(seen);
      sink.ready();
      await new Promise(setImmediate);
    }
    expect(sink.breaches).toEqual([]);
  });

  test('an event that is too large ends the subscription', () => {
    const { sink, response } = begin(format, { maxEventBytes: 1_000 });
    response.write(EVENTS[format](`"${'a'.repeat(900)}"`));
    response.write(EVENTS[format](`"${'a'.repeat(2_000)}`).trimEnd());
    expect(sink.received).toHaveLength(2);
    expect(sink.failure?.message).toContain('an event is larger than 1000 bytes');
    expect(sink.failure?.isConnectionFailure).toBeUndefined();
    expect(response.isAborted).toBe(true);
  });

  test('a server that never ends the response after the last event is disconnected', () => {
    vi.useFakeTimers();
    const { sink, response } = begin(format);
    response.write(ENDS[format]);
    expect(sink.received).toEqual(['complete']);
    expect(response.isAborted).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(response.isAborted).toBe(true);
  });

  test('a first event without data is a refusal, also where the stream stays open; a later one is an event', () => {
    vi.useFakeTimers();
    const first = begin(format);
    first.response.write(EVENTS[format](REFUSAL));
    expect(first.sink.received).toEqual([`refused: ${REFUSAL}`]);
    vi.advanceTimersByTime(1_000);
    expect(first.response.isAborted).toBe(true);
    const later = begin(format);
    later.response.write(EVENTS[format]('1') + EVENTS[format](REFUSAL) + EVENTS[format]('2'));
    expect(later.sink.received).toEqual(['1', REFUSAL, '2']);
  });

  test('a client that has left before the start sends nothing', () => {
    const signal = { aborted: true, addEventListener() {}, removeEventListener() {} };
    const { pool } = start(format, {}, { ...request, client: { ...request.client, signal } });
    expect(pool.calls).toEqual([]);
  });
});

describe('a silent upstream', () => {
  const heartbeats = { sse: ':\n\n', multipart: '\r\n---\r\n\r\n{}' };

  test.each(['sse', 'multipart'] as const)('is lost if it has had heartbeats (%s)', (format) => {
    vi.useFakeTimers();
    const { sink, response } = begin(format, { idleMs: 1_000 });
    vi.advanceTimersByTime(10_000);
    for (let i = 0; i < 5; i++) {
      response.write(heartbeats[format]);
      vi.advanceTimersByTime(900);
    }
    expect(sink.received).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(sink.failure).toMatchObject({ reason: 'silent', isConnectionFailure: true });
    expect(response.isAborted).toBe(true);
  });

  test('is lost without heartbeats only if the setting says so', () => {
    vi.useFakeTimers();
    const { sink } = begin('sse', { idleMs: 1_000, expectsHeartbeats: true });
    vi.advanceTimersByTime(1_100);
    expect(sink.failure?.reason).toBe('silent');
  });

  test('is not one whose events wait for the sink', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const pool = new TestConnections();
    const sink = new RecordingSink(true);
    const target = targetOf(pool, 'sse', { idleMs: 1_000, expectsHeartbeats: true });
    new EventCall(target, request, sink).start();
    pool.calls[0]?.headers(200, { 'content-type': TYPES.sse });
    pool.calls[0]?.write(EVENTS.sse('1'));
    vi.advanceTimersByTime(10_000);
    expect(sink.received).toEqual(['1']);
    sink.ready();
    await new Promise(setImmediate);
    vi.advanceTimersByTime(2_000);
    expect(sink.received).toEqual(['1', 'SUBREQUEST_HTTP_ERROR']);
  });
});

test('a burst of events waits in the connection, where the queue is full', () => {
  const pool = new TestConnections();
  const target = targetOf(pool, 'sse');
  const source: Source = {
    name: 'ticks',
    send: () => {},
    subscribe: (given, sink) => {
      const call = new EventCall(target, given, sink);
      call.start();
      return () => call.cancel();
    },
    close: async () => {},
  };
  const events = new UpstreamEvents({ source, request, key: '' }, { ...DEFAULT_UPSTREAM, queueCapacity: 2 });
  events.start();
  pool.calls[0]?.headers(200, { 'content-type': TYPES.sse });
  const sent = Array.from({ length: 20 }, (_, index) => `${index}`);
  for (const text of sent) pool.calls[0]?.write(EVENTS.sse(text));
  pool.calls[0]?.write(ENDS.sse);
  const taken: unknown[] = [];
  return expect
    .poll(() => {
      for (let event = events.take(); event; event = events.take()) {
        taken.push('text' in event ? event.text : event.kind);
        if (!('text' in event)) return taken;
      }
      return undefined;
    })
    .toEqual([...sent, 'completed']);
});

describe('a response that is no stream', () => {
  test.each([
    [200, 'application/json', '{"errors":[{"message":"no"}]}'],
    [400, 'application/graphql-response+json', '{"errors":[{"message":"no"}]}'],
    [500, 'application/json', '{"errors":[{"message":"no"}]}'],
    [200, 'application/json', '{"data":null,"errors":[{"message":"no"}]}'],
  ])('is a refusal if it is a result with errors (%s %s)', (status, type, body) => {
    const { sink, response } = start('sse');
    response.headers(status, { 'content-type': type });
    response.write(body);
    response.end();
    expect(sink.received).toEqual([`refused: ${body}`]);
  });

  test('is the only event if it is a result with data', () => {
    const { sink, response } = start('sse');
    response.headers(200, { 'content-type': 'application/json' });
    response.write('{"data":{"ticks":1},"errors":[{"message":"no"}]}');
    response.end();
    expect(sink.received).toEqual(['{"data":{"ticks":1},"errors":[{"message":"no"}]}', 'complete']);
  });

  test.each([
    [200, 'text/html', 'expected text/event-stream, and it is text/html', false],
    [404, 'text/html', 'HTTP status 404 without a GraphQL result', false],
    [503, 'text/plain', 'HTTP status 503 without a GraphQL result', true],
  ])('is a failure otherwise (%s %s)', (status, type, reason, isConnectionFailure) => {
    const { sink, response } = start('sse');
    response.headers(status, { 'content-type': type });
    response.write('hello');
    response.end();
    expect(sink.failure).toMatchObject({ reason, status, isConnectionFailure, isUnsent: true });
  });

  test.each([
    [200, 'text/html', true],
    [406, 'text/plain', true],
    [401, 'text/plain', false],
    [503, 'text/plain', false],
  ])('names the keys of the protocol where the server may have another one (%s %s: %s)', (status, type, isNamed) => {
    const { sink, response } = start('sse');
    response.headers(status, { 'content-type': type });
    response.end();
    expect(sink.failure?.message.includes('set "protocol" or "path" in subscription.mode.passthrough')).toBe(isNamed);
  });

  test('a stream with a content coding is refused, as its events could wait in it', () => {
    const { sink, response } = start('sse');
    response.headers(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    expect(sink.failure?.message).toContain('content coding gzip');
    expect(response.isAborted).toBe(true);
  });

  test.each(['identity', 'none'])('the content coding %s is none', (coding) => {
    const { sink, response } = start('sse');
    response.headers(200, { 'content-type': 'text/event-stream', 'content-encoding': coding });
    response.write(EVENTS.sse('1'));
    expect(sink.received).toEqual(['1']);
  });

  test('a stream with an error status has its errors as an event', () => {
    const { sink, response } = start('sse');
    response.headers(500, { 'content-type': 'text/event-stream' });
    response.write(EVENTS.sse('{"errors":[]}') + ENDS.sse);
    expect(sink.received).toEqual(['{"errors":[]}', 'complete']);
  });

  test('no response within the timeout of requests is a failure', () => {
    vi.useFakeTimers();
    const { sink, response } = start('multipart');
    vi.advanceTimersByTime(1_000);
    expect(sink.received).toEqual(['SUBREQUEST_TIMEOUT']);
    expect(response.isAborted).toBe(true);
  });

  test('a connection that fails before the response says that nothing was sent', () => {
    const { sink, response } = start('multipart');
    response.fail(Object.assign(new Error(), { code: 'ECONNREFUSED' }));
    expect(sink.failure).toMatchObject({ reason: 'connection refused', isConnectionFailure: true, isUnsent: true });
  });
});
