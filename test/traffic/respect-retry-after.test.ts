import { expect, test } from 'vitest';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { respectRetryAfter } from '../../src/traffic/respect-retry-after.ts';
import { shareInFlight } from '../../src/traffic/share-in-flight.ts';
import { ask, client, heldSource, text } from './held-source.ts';

const BUSY: SubgraphResponse = {
  kind: 'failure',
  failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'busy', status: 503, retryAfter: 7 },
};

const NOT_CALLED: SubgraphResponse = {
  kind: 'failure',
  failure: {
    code: 'SUBREQUEST_HTTP_ERROR',
    message: 'The subgraph "products" was not called: it returned HTTP status 503 with Retry-After. Try again in 7 s.',
    reason: 'Retry-After of the subgraph',
    status: 503,
    retryAfter: 7,
  },
};

test.each(['query', 'mutation'] as const)(
  'a later %s of the client request gets the error, and is not sent',
  (type) => {
    const { source, calls } = heldSource();
    const polite = respectRetryAfter(source);
    const same = { client: client(), operationType: type };
    const first = ask(polite, same);
    calls[0]?.done(BUSY);
    expect([first, ask(polite, same)]).toEqual([[BUSY], [NOT_CALLED]]);
    expect(calls).toHaveLength(1);
  },
);

test('other client requests are sent', () => {
  const { source, calls } = heldSource();
  const polite = respectRetryAfter(source);
  ask(polite);
  calls[0]?.done(BUSY);
  ask(polite);
  expect(calls).toHaveLength(2);
});

test('a GraphQL result can ask to wait, too; 0 seconds and no Retry-After do not', () => {
  for (const [answer, sent] of [
    [{ kind: 'text', text: '{"errors":[]}', status: 429, retryAfter: 7 }, 1],
    [{ kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'busy', status: 503, retryAfter: 0 } }, 2],
    [text('1'), 2],
  ] as [SubgraphResponse, number][]) {
    const { source, calls } = heldSource();
    const polite = respectRetryAfter(source);
    const same = { client: client() };
    ask(polite, same);
    calls[0]?.done(answer);
    ask(polite, same);
    expect(calls).toHaveLength(sent);
  }
});

test('each client request that shares a response respects it', () => {
  const { source, calls } = heldSource();
  const polite = respectRetryAfter(shareInFlight(source));
  const clients = [client(), client()];
  for (const one of clients) ask(polite, { client: one });
  calls[0]?.done(BUSY);
  for (const one of clients) expect(ask(polite, { client: one, body: '{ price }' })).toEqual([NOT_CALLED]);
  expect(calls).toHaveLength(1);
});
