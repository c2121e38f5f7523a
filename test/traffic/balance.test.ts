import { describe, expect, it } from 'vitest';
import type { Source, SourceFailure, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { TriedUrls } from '../../src/sources/tried-urls.ts';
import { balance, isGood } from '../../src/traffic/balance.ts';
import { EndpointGroup } from '../../src/traffic/endpoint-group.ts';

const OUTLIERS = { consecutiveFailures: 2, interval: 10_000, ejectionTime: 30_000, maxEjected: 1 };
const GOOD: SubgraphResponse = { kind: 'text', text: '{"data":{}}', status: 200 };
const failure = (given: Partial<SourceFailure>): SubgraphResponse => ({
  kind: 'failure',
  failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'It failed.', ...given },
});
const REFUSED = failure({ reason: 'connection refused', isUnsent: true });

/** URLs `a`, `b`, …, with these priorities, and a fake clock. */
function world(priorities: readonly number[], onCall: (request: SourceRequest) => void = () => {}) {
  const clock = { now: 0 };
  const lines: unknown[] = [];
  const log = (fields: unknown, text?: unknown) => void lines.push([text, (fields as { url: string }).url]);
  const endpoints = priorities.map((priority, at) => ({ url: `http://${'abcdef'[at]}/`, weight: 1, priority }));
  const group = new EndpointGroup(
    { subgraph: 'stock', endpoints, policy: 'round_robin', outliers: OUTLIERS },
    { logger: { info: log, warn: log }, now: () => clock.now },
  );
  const answers: Record<string, SubgraphResponse> = {};
  const calls: string[] = [];
  const open = ({ url }: { readonly url: string }): Source => ({
    name: 'stock',
    send(request, done) {
      const host = new URL(url).host;
      calls.push(host);
      onCall(request);
      done(answers[host] ?? GOOD);
    },
    close: async () => {},
  });
  const source = balance({ group, open, timeoutMs: 1_000, now: () => clock.now });
  return {
    ...{ group, clock, lines, answers },
    /** Sends requests, and returns where they went. */
    send(times = 1, more: Partial<SourceRequest> = {}) {
      calls.length = 0;
      const responses: SubgraphResponse[] = [];
      const request = { body: '{}', operationType: 'query', client: { requestId: 'r', headers: {} }, ...more } as const;
      for (let i = 0; i < times; i++) source.send(request, (response) => responses.push(response));
      return { calls: calls.join(''), failed: responses.filter(({ kind }) => kind === 'failure').length };
    },
  };
}

describe('several URLs', () => {
  it('share the requests', () => {
    expect(world([0, 0, 0]).send(6)).toEqual({ calls: 'abcabc', failed: 0 });
  });

  it.each(['query', 'mutation'] as const)('a %s that was not sent goes on to another URL at once', (operationType) => {
    const { answers, send } = world([0, 0, 0]);
    answers.a = REFUSED;
    expect(send(2, { operationType })).toEqual({ calls: 'abc', failed: 0 });
  });

  it('fail when none can be reached, each tried once', () => {
    const { answers, send } = world([0, 0]);
    answers.a = REFUSED;
    answers.b = REFUSED;
    expect(send()).toEqual({ calls: 'ab', failed: 1 });
  });

  it('fail when none can be reached and all but one are ejected: the last one is not tried again and again', () => {
    const { answers, send } = world([0, 0, 0]);
    for (const host of ['a', 'b', 'c']) answers[host] = REFUSED;
    expect(send(2)).toEqual({ calls: 'abccba', failed: 2 });
    // two are ejected, and one stays in use
    for (let n = 0; n < 3; n++) expect([...send().calls].sort().join('')).toBe('abc');
  });

  it('that are ejected are tried after one that cannot be reached', () => {
    const { answers, send } = world([0, 0]);
    answers.a = failure({ status: 500 });
    send(4);
    answers.b = REFUSED;
    delete answers.a;
    expect(send()).toEqual({ calls: 'ba', failed: 0 });
  });

  it('have one timeout together', () => {
    const deadlines: (number | undefined)[] = [];
    const { answers, send, clock } = world([0, 0], ({ deadline }) => {
      deadlines.push(deadline);
      clock.now += 400;
    });
    answers.a = REFUSED;
    answers.b = REFUSED;
    send();
    expect(deadlines).toEqual([undefined, 1_000]);
  });

  it('other failures are returned; a layer that sends again gets another URL', () => {
    const { answers, send } = world([0, 0]);
    answers.a = failure({ reason: 'HTTP status 500', status: 500 });
    const tried = new TriedUrls();
    expect(send(1, { tried })).toEqual({ calls: 'a', failed: 1 });
    expect(['http://a/', 'http://b/'].filter((url) => tried.includes(url))).toEqual(['http://a/']);
    expect(send(1, { tried: new TriedUrls('http://b/') })).toEqual({ calls: 'a', failed: 1 });
  });

  it('that fail are left out, until they are good again', () => {
    const { answers, send, clock, lines } = world([0, 0]);
    answers.a = failure({ code: 'SUBREQUEST_TIMEOUT' });
    expect(send(4)).toEqual({ calls: 'abab', failed: 2 });
    expect(send(4)).toEqual({ calls: 'bbbb', failed: 0 });
    clock.now = 30_000;
    delete answers.a;
    expect(send(4).calls).toContain('a');
    expect(lines).toEqual([
      ['endpoint ejected: requests to it fail', 'http://a/'],
      ['endpoint back in use', 'http://a/'],
    ]);
  });

  it('of a larger priority are used only while none of a smaller one is available', () => {
    const { answers, send, group, clock } = world([1, 0]);
    expect(send(3).calls).toBe('bbb');
    answers.b = failure({ status: 503 });
    expect(send(3)).toEqual({ calls: 'bba', failed: 2 });
    clock.now = 30_000;
    delete answers.b;
    expect(send(2).calls).toBe('bb');
    for (const endpoint of group.endpoints) group.setHealthy(endpoint, false);
    // none is available: any may do
    expect(send(1)).toEqual({ calls: 'b', failed: 0 });
  });

  it('that something else blocks, such as a circuit breaker, are left out', () => {
    const { group, send } = world([0, 0]);
    const [one] = group.endpoints;
    if (one) one.isBlocked = () => true;
    expect(send(2).calls).toBe('bb');
  });

  it('that are blocked are not chosen either when all others are unhealthy: those might answer', () => {
    const { group, send } = world([0, 0, 0]);
    const [a, b, c] = group.endpoints;
    for (const blocked of [a, b]) if (blocked) blocked.isBlocked = () => true;
    if (c) group.setHealthy(c, false);
    expect(send(3)).toEqual({ calls: 'ccc', failed: 0 });
    // a second try, too
    expect(send(1, { tried: new TriedUrls('http://c/') }).calls).toBe('a');
    expect(send(1, { tried: new TriedUrls('http://a/', 'http://b/', 'http://c/') }).calls).toBe('c');
  });
});

describe('what speaks against a URL', () => {
  const ABORTED = failure({ reason: 'request aborted' });

  it.each<[string, SubgraphResponse, boolean | undefined, boolean?]>([
    ['a result', GOOD, true],
    ['a GraphQL result with status 400', { kind: 'text', text: '{"errors":[]}', status: 400 }, true],
    ['a GraphQL result with status 503', { kind: 'text', text: '{"errors":[]}', status: 503 }, false],
    ['a page of HTML with status 200', { kind: 'text', text: '<html>', status: 200 }, false],
    ['no connection', REFUSED, false],
    ['no response in time', failure({ code: 'SUBREQUEST_TIMEOUT' }), false],
    ['a body that cannot be read', failure({ code: 'SUBREQUEST_MALFORMED_RESPONSE' }), false],
    ['status 500', failure({ status: 500 }), false],
    ['status 404', failure({ status: 404 }), undefined],
    ['a client that disconnected', ABORTED, undefined],
    ['a client that disconnected after half the timeout', ABORTED, false, true],
    ['a full queue', failure({ code: 'SUBREQUEST_QUEUE_FULL' }), undefined],
  ])('%s', (_, response, expected, wasSlow = false) => {
    expect(isGood(response, wasSlow)).toBe(expected);
  });
});
