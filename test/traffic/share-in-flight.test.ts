import { describe, expect, it } from 'vitest';
import { nextInOrder } from '../../src/shared/arrival-order.ts';
import type { ForwardHeaders, SubgraphResponse } from '../../src/sources/source.ts';
import { shareInFlight } from '../../src/traffic/share-in-flight.ts';
import { ask, client, heldSource, text } from './held-source.ts';

const aborted: SubgraphResponse = {
  kind: 'failure',
  failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'gone', reason: 'request aborted' },
};

describe('reads in flight', () => {
  it('share one call when they are identical, and make another when it is over', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    const [first, second] = [ask(shared), ask(shared)];
    expect(calls.length).toBe(1);
    calls[0]?.done(text('1'));
    expect([first, second]).toEqual([[text('1')], [text('1')]]);
    const third = ask(shared);
    expect(calls.length).toBe(2);
    calls[1]?.done(text('2'));
    expect(third).toEqual([text('2')]);
  });

  it('of an event share only calls that were sent after it', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    const query = ask(shared);
    const event = { order: nextInOrder(), isAbout: () => true };
    const [one, two, later] = [ask(shared, { event }), ask(shared, { event }), ask(shared)];
    expect(calls.length).toBe(2);
    const next = ask(shared, { event: { ...event, order: nextInOrder() } });
    expect(calls.length).toBe(3);
    for (const index of [1, 0, 2]) calls[index]?.done(text(String(index)));
    expect([query, one, two, later, next]).toEqual(['0', '1', '1', '1', '2'].map((number) => [text(number)]));
    ask(shared);
    expect(calls.length).toBe(4);
  });

  it('are made again for the others when the time of the first request is over', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    const late: SubgraphResponse = { kind: 'failure', failure: { code: 'SUBREQUEST_TIMEOUT', message: 'late' } };
    const now = performance.now();
    const first = ask(shared, { client: client({ deadline: now }) });
    const second = ask(shared, { client: client({ deadline: now + 60_000 }) });
    calls[0]?.done(late);
    expect([first, second]).toEqual([[late], []]);
    calls[1]?.done(text('1'));
    expect([first, second, calls.length]).toEqual([[late], [text('1')], 2]);
  });

  it('make their own calls when they differ', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    ask(shared, { body: '{ name }' });
    ask(shared, { body: '{ price }' });
    expect(calls.length).toBe(2);
  });

  it('share one call when they differ only in the name of the operation', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    ask(shared, { body: 'query A{name}', sharedBody: '{name}' });
    ask(shared, { body: 'query B{name}', sharedBody: '{name}' });
    ask(shared, { body: 'query A{price}', sharedBody: '{price}' });
    expect(calls.map(({ request }) => request.body)).toEqual(['query A{name}', 'query A{price}']);
  });

  it('share only among clients that are equal in every forwarded header', () => {
    const { source, calls } = heldSource();
    const forward: ForwardHeaders = ({ headers: { authorization, 'x-tenant': tenant } }) => ({
      pairs: [],
      sharingKey: `${authorization}|${tenant}`,
    });
    const shared = shareInFlight(source, { forward });
    const as = (headers: Record<string, string>) => ask(shared, { client: client({ headers }) });
    const ada = as({ authorization: 'ada', 'user-agent': 'one' });
    const again = as({ authorization: 'ada', 'user-agent': 'two' });
    const bob = as({ authorization: 'bob' });
    const tenant = as({ 'x-tenant': 'ada' });
    expect(calls.length).toBe(3);
    for (const [index, call] of calls.entries()) call.done(text(String(index)));
    expect([ada, again, bob, tenant]).toEqual([[text('0')], [text('0')], [text('1')], [text('2')]]);
  });

  it('share only among clients that a rate limit counts together', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source, { meter: ({ ip }) => ip ?? '' });
    const from = (ip: string) => ask(shared, { client: client({ ip }) });
    for (const ip of ['127.0.0.1', '127.0.0.2', '127.0.0.1']) from(ip);
    expect(calls.length).toBe(2);
  });

  it('never concern mutations', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    ask(shared, { operationType: 'mutation' });
    ask(shared, { operationType: 'mutation' });
    ask(shared, { operationType: 'query' });
    expect(calls.length).toBe(3);
  });

  it('may ask again from within an answer', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    const inner: SubgraphResponse[] = [];
    const request = { body: '{ name }', operationType: 'query', client: client() } as const;
    shared.send(request, () => shared.send(request, (answer) => inner.push(answer)));
    calls[0]?.done(text('1'));
    expect(calls.length).toBe(2);
    calls[1]?.done(text('2'));
    expect(inner).toEqual([text('2')]);
  });
});

describe('a client that leaves', () => {
  it('does not fail the others: the call is made again in the name of one who stays', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    const leaving = new AbortController();
    const leaver = ask(shared, { client: client({ signal: leaving.signal }) });
    const stayer = ask(shared, { client: client({ requestId: 'stayer' }) });
    leaving.abort();
    calls[0]?.done(aborted);
    expect([leaver, stayer]).toEqual([[aborted], []]);
    expect(calls[1]?.request.client.requestId).toBe('stayer');
    const joiner = ask(shared);
    expect(calls.length).toBe(2);
    calls[1]?.done(text('1'));
    expect([leaver, stayer, joiner]).toEqual([[aborted], [text('1')], [text('1')]]);
  });

  it('ends the call when no one else waits', () => {
    const { source, calls } = heldSource();
    const shared = shareInFlight(source);
    const leaving = new AbortController();
    const answers = ask(shared, { client: client({ signal: leaving.signal }) });
    leaving.abort();
    calls[0]?.done(aborted);
    expect(answers).toEqual([aborted]);
    expect(calls.length).toBe(1);
  });
});

it('shares failures, too', () => {
  const { source, calls } = heldSource();
  const shared = shareInFlight(source);
  const answers = [ask(shared), ask(shared)];
  calls[0]?.done(aborted);
  expect(answers).toEqual([[aborted], [aborted]]);
});
