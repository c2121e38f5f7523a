import { describe, expect, it } from 'vitest';
import { DebugTrace } from '../../src/shared/debug-trace.ts';
import { FetchTrace, redactedUrl } from '../../src/shared/fetch-trace.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { shareInFlight } from '../../src/traffic/share-in-flight.ts';

const ABOUT = { fetch: 0, request: 0, subgraph: 'shop', operationType: 'query', representations: 0 };

/** A trace whose clock is set by hand. */
function traceAt() {
  const clock = { ms: 0 };
  return { clock, trace: new FetchTrace(ABOUT, () => clock.ms) };
}

describe('the trace of a fetch', () => {
  it('has its times, its tries and what else happened', () => {
    const { clock, trace } = traceAt();
    clock.ms = 5;
    const end = trace.beginTry('http://shop/graphql');
    clock.ms = 7;
    end({ status: 503, code: 'SUBREQUEST_HTTP_ERROR', reason: 'HTTP status 503' });
    trace.expectTry('retry: 5xx');
    trace.beginTry('http://shop/graphql');
    trace.note('no hedge');
    clock.ms = 9.04;
    trace.finish({ status: 200, bytes: 12 });
    expect(JSON.parse(JSON.stringify(trace))).toEqual({
      ...ABOUT,
      startMs: 0,
      durationMs: 9,
      status: 200,
      bytes: 12,
      tries: [
        {
          url: 'http://shop/graphql',
          startMs: 5,
          durationMs: 2,
          status: 503,
          error: 'SUBREQUEST_HTTP_ERROR',
          reason: 'HTTP status 503',
        },
        { url: 'http://shop/graphql', startMs: 7, because: 'retry: 5xx' },
      ],
      events: ['no hedge'],
    });
  });

  it('counts the tries that it leaves out', () => {
    const { trace } = traceAt();
    for (let i = 0; i < 60; i++) trace.beginTry('http://shop/');
    expect(trace.toJSON()).toMatchObject({ leftOutTries: 10 });
    expect(trace.toJSON().tries).toHaveLength(50);
  });

  it('says that it got the response to an equal fetch in flight', () => {
    const pending: ((response: SubgraphResponse) => void)[] = [];
    const source: Source = { name: 'shop', send: (_, done) => void pending.push(done), close: async () => {} };
    const shared = shareInFlight(source);
    const traces = [traceAt().trace, traceAt().trace];
    const client = { requestId: 'r', headers: {} };
    for (const trace of traces) {
      const request: SourceRequest = { body: '{"query":"{a}"}', operationType: 'query', client, trace };
      shared.send(request, () => {});
    }
    for (const done of pending) done({ kind: 'text', text: '{"data":{}}', status: 200 });
    expect(pending).toHaveLength(1);
    expect(traces.map((trace) => trace.toJSON().isShared)).toEqual([undefined, true]);
  });
});

it.each([
  ['http://shop:4001/graphql', 'http://shop:4001/graphql'],
  ['http://user:pass@shop/graphql', 'http://shop/graphql'],
  ['http://shop/items?key=secret&id=7&flag', 'http://shop/items?key=…&id=…&flag=…'],
  ['unix:///run/shop.sock/graphql', 'unix:///run/shop.sock/graphql'],
])('the URL %s is shown as %s', (url, shown) => {
  expect(redactedUrl(url)).toBe(shown);
});

describe('the trace of a request', () => {
  it('leaves out what is too large, and says so', () => {
    const debug = new DebugTrace('r', undefined);
    debug.setPlan(() => ({ document: 'x'.repeat(200_000) }));
    for (let i = 0; i < 150; i++) debug.beginFetch(ABOUT, []);
    for (let i = 0; i < 150; i++) debug.addPolicy({ decision: 'dropped', code: 'C', message: 'm', path: [i] });
    const causes = [{ kind: 'conflict', subgraph: 'shop', message: 'y'.repeat(2_000) }] as const;
    const nulls = Array.from({ length: 100 }, (_, i) => ({ path: [i], causes }));
    debug.setNulls({ nulls, ofSubgraphs: 0, leftOut: 7, isIncomplete: true });
    const trace = debug.toJSON();
    expect(trace.plan).toBeUndefined();
    expect(trace.fetches).toHaveLength(100);
    expect(trace.nulls.length).toBeLessThan(50);
    expect(trace.leftOut).toEqual({
      nulls: 107 - trace.nulls.length,
      fetches: 50,
      policies: 50,
      plan: 200_000 + '{"document":""}'.length,
      restOfResult: true,
    });
    expect(JSON.stringify(trace).length).toBeLessThan(400_000);
  });
});
