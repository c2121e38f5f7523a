import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import { createHttpPools } from '../../src/sources/http/http-pools.ts';
import { createHttpSource, type HttpSourceOptions } from '../../src/sources/http/http-source.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { bodyOf, deadUrl, fakeSubgraph } from './fake-subgraph.ts';

const BODY = '{"query":"{ name }"}';

function sourceOf(url: string, options: Partial<HttpSourceOptions> = {}): Source {
  const source = createHttpSource({ name: 'products', url, timeoutMs: 5_000, ...options });
  onTestFinished(() => source.close());
  return source;
}

function ask(source: Source, request: Partial<SourceRequest> = {}): Promise<SubgraphResponse> {
  const client = { requestId: 'r', headers: {} };
  return new Promise((resolve) => source.send({ body: BODY, operationType: 'query', client, ...request }, resolve));
}

describe('a subgraph that answers', () => {
  it('gets the body by POST, with the headers of GraphQL over HTTP', async () => {
    const { url } = await fakeSubgraph(async (req, res) => {
      const { method, headers } = req;
      const body = await bodyOf(req);
      res.end(
        JSON.stringify({
          data: { method, path: req.url, type: headers['content-type'], accept: headers.accept, body },
        }),
      );
    });
    const answer = await ask(sourceOf(`${url}?v=1`), { body: '{"query":"{ ü }"}' });
    expect(answer).toMatchObject({ kind: 'text', status: 200 });
    expect(JSON.parse((answer as { text: string }).text).data).toEqual({
      method: 'POST',
      path: '/graphql?v=1',
      type: 'application/json',
      accept: 'application/graphql-response+json, application/json',
      body: '{"query":"{ ü }"}',
    });
  });

  it('is read as UTF-8 also where a character is cut in two on the way', async () => {
    const { url } = await fakeSubgraph((_req, res) => {
      const bytes = Buffer.from('\uFEFF{"data":{"name":"🏃"}}');
      const middle = bytes.indexOf(0xf0) + 2;
      res.write(bytes.subarray(0, middle), () => setImmediate(() => res.end(bytes.subarray(middle))));
    });
    expect(await ask(sourceOf(url))).toMatchObject({ kind: 'text', text: '{"data":{"name":"🏃"}}', status: 200 });
  });

  it('may answer a GraphQL result under an error status', async () => {
    const text = '{"errors":[{"message":"Cannot query field"}]}';
    const { url } = await fakeSubgraph((_req, res) => void res.writeHead(400).end(text));
    expect(await ask(sourceOf(url))).toEqual({ kind: 'text', text, status: 400, mayHaveLongNumbers: false });
  });

  it('is left to the executor to judge when it says 200 with something else', async () => {
    const { url } = await fakeSubgraph((_req, res) => void res.end('<html>'));
    expect(await ask(sourceOf(url))).toEqual({ kind: 'text', text: '<html>', status: 200, mayHaveLongNumbers: false });
  });
});

describe('a subgraph that fails', () => {
  it('is down', async () => {
    const { failure: expected } = failure('SUBREQUEST_HTTP_ERROR', 'connection refused');
    expect(await ask(sourceOf(await deadUrl()))).toEqual({
      kind: 'failure',
      failure: { ...expected, isConnectionFailure: true, isUnsent: true },
    });
  });

  it('has no address', async () => {
    expect(await ask(sourceOf('http://nowhere.invalid/graphql'))).toMatchObject({
      failure: { code: 'SUBREQUEST_HTTP_ERROR', reason: expect.stringMatching(/^host/) },
    });
  });

  it.each([
    [500, 'Internal Server Error'],
    [502, '{"message":"bad gateway"}'],
    [302, ''],
  ])('answers %d without a GraphQL result', async (status, body) => {
    const { url } = await fakeSubgraph((_req, res) => void res.writeHead(status).end(body));
    const { failure } = (await ask(sourceOf(url))) as { failure: object };
    expect(failure).toMatchObject({ code: 'SUBREQUEST_HTTP_ERROR', status });
  });

  it('says nothing in time', async () => {
    const { url } = await fakeSubgraph(() => {});
    const answer = await ask(sourceOf(url, { timeoutMs: 30 }));
    expect(answer).toEqual(failure('SUBREQUEST_TIMEOUT', 'no complete response within 30 ms'));
  });

  it('keeps sending a little, past its time', async () => {
    const { url } = await fakeSubgraph((_req, res) => {
      const timer = setInterval(() => res.write(' '), 10);
      res.once('close', () => clearInterval(timer));
    });
    const answer = await ask(sourceOf(url, { timeoutMs: 60 }));
    expect(answer).toMatchObject({ failure: { code: 'SUBREQUEST_TIMEOUT' } });
  });

  it('is too busy: time runs also while waiting for a connection, and the call is then never made', async () => {
    const held: ServerResponse[] = [];
    const { url } = await fakeSubgraph((_req, res) => void held.push(res));
    const pools = createHttpPools();
    const patient = ask(sourceOf(url, { pools, pool: { connections: 1 } }));
    await expect.poll(() => held.length).toBe(1);
    const hasty = await ask(sourceOf(url, { pools, timeoutMs: 30 }));
    expect(hasty).toMatchObject({ failure: { code: 'SUBREQUEST_TIMEOUT' } });
    held[0]?.end('{"data":{}}');
    expect(await patient).toMatchObject({ kind: 'text' });
    const next = ask(sourceOf(url, { pools }));
    await expect.poll(() => held.length).toBe(2);
    held[1]?.end('{"data":{"next":1}}');
    expect(await next).toMatchObject({ text: '{"data":{"next":1}}' });
  });

  it('breaks off in the middle of its answer', async () => {
    const { url } = await fakeSubgraph((_req, res) => {
      res.writeHead(200, { 'content-length': 100 });
      res.write('{"data":', () => res.destroy());
    });
    expect(await ask(sourceOf(url))).toMatchObject({ failure: { code: 'SUBREQUEST_HTTP_ERROR' } });
  });

  it('sends more than is allowed', async () => {
    const { url } = await fakeSubgraph((_req, res) => void res.end('x'.repeat(2_000)));
    expect(await ask(sourceOf(url, { maxResponseBytes: 1_000 }))).toMatchObject({
      failure: { code: 'SUBREQUEST_HTTP_ERROR', reason: 'response larger than 1000 bytes' },
    });
  });

  it('never shows its address to clients', async () => {
    const url = await deadUrl();
    expect(JSON.stringify(await ask(sourceOf(url)))).not.toContain(new URL(url).port);
  });
});

describe('a client that leaves', () => {
  it('ends the call, and the connection to the subgraph', async () => {
    const { url, connections } = await fakeSubgraph(() => {});
    const leaving = new AbortController();
    const client = { requestId: 'r', headers: {}, signal: leaving.signal };
    const answer = ask(sourceOf(url), { client });
    await expect.poll(() => connections.length).toBe(1);
    leaving.abort();
    expect(await answer).toEqual(failure('SUBREQUEST_HTTP_ERROR', 'request aborted'));
    await expect.poll(() => connections[0]?.destroyed).toBe(true);
  });

  it.each([
    ['that had waited for long is a timeout', 0, 'SUBREQUEST_TIMEOUT'],
    ['that was sent shortly before is only cancelled', 3_600_000, 'SUBREQUEST_HTTP_ERROR'],
  ])('when the client request times out, a call %s', async (_, timeoutMs, code) => {
    const { url, connections } = await fakeSubgraph(() => {});
    const signal = new Cancellation();
    const answer = ask(sourceOf(url), { client: { requestId: 'r', headers: {}, signal, timeoutMs } });
    await expect.poll(() => connections.length).toBe(1);
    signal.abort(true);
    expect(await answer).toMatchObject({ failure: { code } });
  });

  it('makes no call when it has left before', async () => {
    let calls = 0;
    const { url } = await fakeSubgraph(() => void calls++);
    const client = { requestId: 'r', headers: {}, signal: AbortSignal.abort() };
    expect(await ask(sourceOf(url), { client })).toMatchObject({ failure: { reason: 'request aborted' } });
    expect(calls).toBe(0);
  });
});

describe('a connection that is lost', () => {
  it.each(['query', 'mutation'] as const)(
    'before any byte of a response is reported so; a %s is sent once',
    async (operationType) => {
      let calls = 0;
      const { url } = await fakeSubgraph((_req, res) => {
        calls++;
        res.destroy();
      });
      const answer = await ask(sourceOf(url), { operationType });
      expect(answer).toMatchObject({ failure: { code: 'SUBREQUEST_HTTP_ERROR', isConnectionLoss: true } });
      expect(calls).toBe(1);
    },
  );

  it('within a response is not: the operation was executed', async () => {
    const { url } = await fakeSubgraph((_req, res) => {
      res.writeHead(200, { 'content-length': '100' });
      res.write('{"data":', () => res.destroy());
    });
    const answer = await ask(sourceOf(url));
    expect(answer).toMatchObject({ kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR' } });
    expect(answer).not.toHaveProperty('failure.isConnectionLoss');
  });
});

describe('connections', () => {
  it('are kept and shared by the sources of one subgraph and origin, until the last source closes', async () => {
    const { url, connections } = await fakeSubgraph((_req, res) => void res.end('{"data":{}}'));
    const pools = createHttpPools();
    // one at a time: whether a free connection is used again depends on how soon it counts as free
    const pool = { connections: 1 };
    const first = createHttpSource({ name: 'a', url: `${url}/a`, pools, pool });
    const second = createHttpSource({ name: 'a', url: `${url}/b`, pools, pool });
    await ask(first);
    await ask(second);
    expect(connections.length).toBe(1);
    await first.close();
    await first.close();
    expect(await ask(second)).toMatchObject({ kind: 'text' });
    expect(connections.length).toBe(1);
    await second.close();
    await expect.poll(() => connections[0]?.destroyed).toBe(true);
    expect(await ask(second)).toMatchObject({
      failure: { code: 'SUBREQUEST_HTTP_ERROR', reason: 'source is shut down' },
    });
  });

  it('are shared by the subgraphs of an origin: one that is closed waits for its own calls only', async () => {
    const held: ServerResponse[] = [];
    const { url } = await fakeSubgraph((_req, res) => void held.push(res));
    const pools = createHttpPools();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => createHttpSource({ name, url, pools })) as [Source, Source, Source];
    const call = ask(a);
    await expect.poll(() => held.length).toBe(1);
    let isClosed = false;
    const closing = a.close().then(() => {
      isClosed = true;
    });
    await b.close();
    expect(isClosed).toBe(false);
    held[0]?.end('{"data":{}}');
    expect((await call).kind).toBe('text');
    await closing;
    await c.close();
  });

  it('have room for another call when one is cancelled that waits for them', async () => {
    const held: ServerResponse[] = [];
    const { url } = await fakeSubgraph((_req, res) => void held.push(res));
    const source = sourceOf(url, { timeoutMs: 60_000, pool: { queue: 1 } });
    const running = Array.from({ length: 256 }, () => ask(source));
    const signal = new Cancellation();
    const waiting = ask(source, { signal });
    const refused = await ask(source);
    expect(refused).toMatchObject({ failure: { code: 'SUBREQUEST_QUEUE_FULL' } });
    signal.abort();
    expect(await waiting).toMatchObject({ failure: { reason: 'request aborted' } });
    const next = ask(source);
    await expect.poll(() => held.length).toBe(256);
    for (const res of held) res.end('{"data":{}}');
    await expect.poll(() => held.length).toBe(257);
    held[256]?.end('{"data":{}}');
    expect(new Set((await Promise.all([...running, next])).map(({ kind }) => kind))).toEqual(new Set(['text']));
  });

  it('refuse a URL that is none', () => {
    expect(() => createHttpSource({ name: 'products', url: 'products:4001' })).toThrow(
      'Subgraph "products" has the URL "products:4001"; expected an http://, https:// or unix:// URL.',
    );
  });
});

function failure(code: string, reason: string) {
  const message = `Subgraph "products" did not answer: ${reason}.`;
  return { kind: 'failure', failure: { code, message, reason } };
}

it('a call whose time is over before it begins is not sent: nobody waits for the result of a mutation', async () => {
  let calls = 0;
  const { url } = await fakeSubgraph((_req, res) => {
    calls++;
    res.end('{"data":{}}');
  });
  const source = sourceOf(url);
  const late = await ask(source, { operationType: 'mutation', deadline: performance.now() });
  expect(late).toMatchObject({ kind: 'failure', failure: { code: 'SUBREQUEST_TIMEOUT' } });
  expect((await ask(source)).kind).toBe('text');
  expect(calls).toBe(1);
});
