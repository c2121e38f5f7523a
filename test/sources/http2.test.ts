import type { ServerHttp2Stream } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import type { PoolSettings } from '../../src/sources/http/http-pool.ts';
import { createHttpSource } from '../../src/sources/http/http-source.ts';
import { openConnections } from '../../src/sources/http/open-connections.ts';
import { createApiTransport } from '../../src/sources/rest/api-transport.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { LOST_CONNECTIONS, retryReads } from '../../src/traffic/retry.ts';
import { RetryBudget } from '../../src/traffic/retry-budget.ts';
import { PROGRAMS } from '../programs.ts';
import { certificates } from './certificates.ts';
import {
  fakeHttp2Subgraph,
  NGHTTP2_CANCEL,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_REFUSED_STREAM,
  respond,
} from './fake-http2-subgraph.ts';
import { fakeSubgraph } from './fake-subgraph.ts';

const ONLY: PoolSettings = { http2: 'http2only' };

function sourceOf(url: string, pool: PoolSettings = ONLY, timeoutMs = 60_000): Source {
  const source = createHttpSource({ name: 'products', url, pool, timeoutMs, returnsHeaders: true });
  onTestFinished(() => source.close());
  return source;
}

function ask(source: Source, parts: Partial<SourceRequest> = {}): Promise<SubgraphResponse> {
  const client = { requestId: 'r', headers: {} };
  return new Promise((resolve) => source.send({ body: '{}', operationType: 'query', client, ...parts }, resolve));
}

const failureOf = (response: SubgraphResponse) => (response.kind === 'failure' ? response.failure : undefined);

async function bodyOf(stream: ServerHttp2Stream): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

describe('HTTP/2 without TLS', () => {
  it('sends method, path, headers and body, and returns status, headers and body', async () => {
    const { url } = await fakeHttp2Subgraph(async (stream, headers) => {
      const { ':method': method, ':path': path, ':authority': authority, 'content-type': type } = headers;
      const data = { method, path, authority, type, body: await bodyOf(stream) };
      stream.respond({ ':status': 201, 'x-two': ['a', 'b'], 'content-type': 'application/json' });
      stream.end(JSON.stringify({ data }));
    });
    const response = await ask(sourceOf(`${url}?a=b`), { body: '{"query":"{ ü }"}' });
    expect(response).toMatchObject({ kind: 'text', status: 201 });
    const { data } = JSON.parse((response as { text: string }).text);
    const { host } = new URL(url);
    const expected = { method: 'POST', path: '/graphql?a=b', authority: host, type: 'application/json' };
    expect(data).toEqual({ ...expected, body: '{"query":"{ ü }"}' });
    expect((response as { headers?: readonly string[] }).headers).toContain('x-two');
  });

  it('has many calls at once on one connection', async () => {
    const held: ServerHttp2Stream[] = [];
    const { url, sessions } = await fakeHttp2Subgraph((stream) => void held.push(stream));
    const source = sourceOf(url);
    const calls = Array.from({ length: 90 }, () => ask(source));
    await expect.poll(() => held.length).toBe(90);
    expect(sessions.length).toBe(1);
    for (const [at, stream] of held.entries()) respond(stream, `{"data":{"at":${at}}}`);
    const texts = (await Promise.all(calls)).map((response) => (response as { text: string }).text);
    expect(new Set(texts).size).toBe(90);
  });

  it('fails the calls when no connection can be opened, also when many wait', async () => {
    const { url, stop } = await fakeHttp2Subgraph((stream) => respond(stream));
    await stop();
    const source = createHttpSource({ name: 'products', url, pool: ONLY, timeoutMs: 60_000 });
    const responses = await Promise.all(Array.from({ length: 350 }, () => ask(source)));
    expect(new Set(responses.map((response) => failureOf(response)?.reason))).toEqual(new Set(['connection refused']));
    expect(responses.every((response) => failureOf(response)?.isUnsent)).toBe(true);
    await source.close();
  });

  it('does not send calls that were cancelled while they waited, and goes on with the others', async () => {
    const held: ServerHttp2Stream[] = [];
    let pings = 0;
    const { url, sessions } = await fakeHttp2Subgraph(
      (stream) => held.push(stream) > 1 && respond(stream, '{"data":{}}'),
      {
        settings: { maxConcurrentStreams: 1 },
      },
    );
    const source = sourceOf(url, { ...ONLY, connections: 1 });
    const first = ask(source);
    await expect.poll(() => held.length).toBe(1);
    sessions[0]?.on('ping', () => void pings++);
    const signal = new Cancellation();
    const cancelled = Array.from({ length: 20 }, () => ask(source, { signal }));
    const last = ask(source);
    signal.abort();
    expect((await Promise.all(cancelled)).map((response) => failureOf(response)?.reason)).toEqual(
      cancelled.map(() => 'request aborted'),
    );
    respond(held[0] as ServerHttp2Stream, '{"data":{}}');
    expect([(await first).kind, (await last).kind]).toEqual(['text', 'text']);
    expect([held.length, pings]).toEqual([2, 0]);
  });

  it('opens another connection when the server allows no more streams, up to the limit; then calls wait', async () => {
    const held: ServerHttp2Stream[] = [];
    const { url, sessions } = await fakeHttp2Subgraph((stream) => void held.push(stream), {
      settings: { maxConcurrentStreams: 2 },
    });
    const source = sourceOf(url, { ...ONLY, connections: 2, queue: 3 });
    const calls = Array.from({ length: 4 }, () => ask(source));
    await expect.poll(() => held.length).toBe(4);
    const waiting = Array.from({ length: 3 }, () => ask(source));
    expect(failureOf(await ask(source))).toMatchObject({ code: 'SUBREQUEST_QUEUE_FULL', isUnsent: true });
    expect([held.length, sessions.length]).toEqual([4, 2]);
    for (let at = 0; at < 7; at++) {
      await expect.poll(() => held.length).toBeGreaterThan(at);
      respond(held[at] as ServerHttp2Stream);
    }
    expect((await Promise.all([...calls, ...waiting])).map(({ kind }) => kind)).toEqual(Array(7).fill('text'));
  });

  it('a timeout cancels the stream, and only this one', async () => {
    const closed: number[] = [];
    const held: ServerHttp2Stream[] = [];
    const { url, sessions } = await fakeHttp2Subgraph((stream) => {
      held.push(stream);
      stream.on('close', () => closed.push(stream.rstCode));
    });
    const source = sourceOf(url);
    const other = ask(source);
    const timed = ask(source, { deadline: performance.now() + 50 });
    expect(failureOf(await timed)).toMatchObject({ code: 'SUBREQUEST_TIMEOUT' });
    await expect.poll(() => closed).toEqual([NGHTTP2_CANCEL]);
    expect(sessions.length).toBe(1);
    respond(held[0] as ServerHttp2Stream);
    expect(await other).toMatchObject({ kind: 'text' });
    expect(held.length).toBe(2);
  });

  it('a client that disconnects cancels the stream', async () => {
    const gone = new AbortController();
    const closed: number[] = [];
    const { url } = await fakeHttp2Subgraph((stream) => {
      stream.on('close', () => closed.push(stream.rstCode));
      gone.abort();
    });
    const client = { requestId: 'r', headers: {}, signal: gone.signal };
    expect(failureOf(await ask(sourceOf(url), { client }))).toMatchObject({ reason: 'request aborted' });
    await expect.poll(() => closed).toEqual([NGHTTP2_CANCEL]);
  });

  it('a stream that the server resets fails alone, and is not said to be unsent', async () => {
    let calls = 0;
    const { url, sessions } = await fakeHttp2Subgraph((stream) => {
      if (calls++ === 0) stream.close(NGHTTP2_INTERNAL_ERROR);
      else respond(stream);
    });
    const source = sourceOf(url);
    expect(failureOf(await ask(source))).toEqual({
      code: 'SUBREQUEST_HTTP_ERROR',
      message: 'Subgraph "products" did not answer: the server has reset the HTTP/2 stream.',
      reason: 'the server has reset the HTTP/2 stream',
      isConnectionFailure: true,
    });
    expect(await ask(source)).toMatchObject({ kind: 'text' });
    expect(sessions.length).toBe(1);
  });

  it.each([NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR])(
    'a reset in the middle of a response (code %i) fails',
    async (code) => {
      const { url } = await fakeHttp2Subgraph((stream) => {
        stream.respond({ ':status': 200 });
        // Node ends the stream before it resets it, unless it has more to write than the window
        stream.write('x'.repeat(2_000_000));
        stream.close(code);
      });
      expect(failureOf(await ask(sourceOf(url)))).toMatchObject({ reason: 'the server has reset the HTTP/2 stream' });
    },
  );

  it('a stream that the server refuses is unsent, mutations included', async () => {
    const { url } = await fakeHttp2Subgraph((stream) => stream.close(NGHTTP2_REFUSED_STREAM));
    expect(failureOf(await ask(sourceOf(url), { operationType: 'mutation' }))).toMatchObject({
      reason: 'the server has refused the request before it was processed',
      isUnsent: true,
    });
  });

  it('a response may end before the request is read', async () => {
    const { url } = await fakeHttp2Subgraph((stream) => {
      stream.pause();
      respond(stream);
    });
    const source = sourceOf(url);
    expect(await ask(source, { body: 'x'.repeat(1_000_000) })).toMatchObject({ kind: 'text' });
    await source.close();
  });

  it('reads responses that are longer than a window', async () => {
    const text = JSON.stringify({ data: { text: 'x'.repeat(20_000_000) } });
    const { url } = await fakeHttp2Subgraph((stream) => respond(stream, text));
    const source = sourceOf(url);
    for (let round = 0; round < 2; round++)
      expect(((await ask(source)) as { text: string }).text.length).toBe(text.length);
  });
});

describe('calls of REST APIs over HTTP/2', () => {
  it('have their method, and read bodies at the speed of the reader', async () => {
    const { url } = await fakeHttp2Subgraph((stream, headers) => {
      stream.respond({ ':status': 200, 'x-method': String(headers[':method']), 'set-cookie': ['a=1', 'b=2'] });
      stream.end('x'.repeat(5_000_000));
    });
    const connections = openConnections(new URL(url).origin, ONLY);
    onTestFinished(() => connections.close());
    const send = createApiTransport(connections, 'http://api.test');
    const signal = new AbortController().signal;
    const request = { path: '/items', headers: { accept: '*/*' }, body: undefined, signal };
    const { statusCode, headers, body } = await send({ ...request, method: 'GET' });
    expect([statusCode, headers['x-method'], headers['set-cookie']]).toEqual([200, 'GET', ['a=1', 'b=2']]);
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(size).toBe(5_000_000);
    const put = await send({ ...request, method: 'PUT', body: '{}' });
    expect(put.headers['x-method']).toBe('PUT');
    expect((await put.body.text()).length).toBe(5_000_000);
  });

  it('end when their signal is aborted, before and after the headers', async () => {
    const closed: number[] = [];
    const { url } = await fakeHttp2Subgraph((stream, headers) => {
      stream.on('close', () => closed.push(stream.rstCode));
      if (headers[':path'] === '/slow') return;
      stream.respond({ ':status': 200 });
      stream.write('x');
    });
    const connections = openConnections(new URL(url).origin, ONLY);
    onTestFinished(() => connections.close());
    const send = createApiTransport(connections, 'http://api.test');
    const gone = new AbortController();
    const request = { method: 'GET', headers: {}, body: undefined, signal: gone.signal };
    const slow = send({ ...request, path: '/slow' });
    const { body } = await send({ ...request, path: '/items' });
    gone.abort(new Error('over'));
    await expect(slow).rejects.toThrow('An API call got no response.');
    await expect(body.text()).rejects.toThrow('over');
    await expect.poll(() => closed).toEqual([NGHTTP2_CANCEL, NGHTTP2_CANCEL]);
  });
});

describe('an HTTP/2 server that goes away', () => {
  it('loses nothing with a graceful GOAWAY: calls in flight complete, and later ones get a new connection', async () => {
    const held: ServerHttp2Stream[] = [];
    const { url, sessions } = await fakeHttp2Subgraph((stream, _headers, session) => {
      if (session === 0) held.push(stream);
      else respond(stream);
    });
    const source = sourceOf(url);
    const inFlight = ask(source, { operationType: 'mutation' });
    await expect.poll(() => held.length).toBe(1);
    sessions[0]?.close();
    await expect.poll(async () => (await ask(source)).kind === 'text' && sessions.length).toBe(2);
    respond(held[0] as ServerHttp2Stream);
    expect(await inFlight).toMatchObject({ kind: 'text' });
  });

  it('executes each mutation once, and loses none, while it says goodbye to connection after connection', async () => {
    const executed = new Map<string, number>();
    let count = 0;
    const { url, sessions } = await fakeHttp2Subgraph(async (stream) => {
      const body = await bodyOf(stream);
      executed.set(body, (executed.get(body) ?? 0) + 1);
      if (++count % 25 === 0) stream.session?.close();
      respond(stream);
    });
    const source = sourceOf(url);
    let next = 0;
    const failures: unknown[] = [];
    const client = async () => {
      while (next < 1_000) {
        const failure = failureOf(await ask(source, { body: String(next++), operationType: 'mutation' }));
        if (failure) failures.push(failure);
      }
    };
    await Promise.all(Array.from({ length: 20 }, client));
    expect(failures).toEqual([]);
    expect(executed.size).toBe(1_000);
    expect([...executed.values()].filter((times) => times !== 1)).toEqual([]);
    expect(sessions.length).toBeGreaterThan(10);
  });

  it('sends a call again that was not processed before the GOAWAY, also a mutation', async () => {
    const seen: string[] = [];
    const { url, sessions } = await fakeHttp2Subgraph(async (stream, _headers, session) => {
      const body = await bodyOf(stream);
      seen.push(`${session} ${body}`);
      if (session === 0 && body === 'second') return;
      if (body === 'second' || session > 0) return respond(stream);
      // the GOAWAY names this stream as the last one
      respond(stream);
    });
    const source = sourceOf(url);
    await ask(source, { body: 'first', operationType: 'mutation' });
    const second = ask(source, { body: 'second', operationType: 'mutation' });
    await expect.poll(() => seen.length).toBe(2);
    sessions[0]?.goaway(0, 1);
    expect(await second).toMatchObject({ kind: 'text' });
    expect(seen).toEqual(['0 first', '0 second', '1 second']);
  });

  it('a lost connection loses its calls: a read is sent again over a new connection, a mutation is not', async () => {
    const seen: string[] = [];
    const { url, sockets } = await fakeHttp2Subgraph(async (stream, _headers, session) => {
      seen.push(`${session} ${await bodyOf(stream)}`);
      if (session > 0) respond(stream);
    });
    const timeoutMs = 60_000;
    const budget = new RetryBudget({ share: 1, window: 10_000, min_per_second: 10 });
    const source = retryReads(sourceOf(url), { ...LOST_CONNECTIONS, timeoutMs, budget });
    const read = ask(source, { body: 'read' });
    const mutation = ask(source, { body: 'mutation', operationType: 'mutation' });
    await expect.poll(() => seen.length).toBe(2);
    sockets[0]?.destroy();
    expect(await read).toMatchObject({ kind: 'text' });
    expect(failureOf(await mutation)).toMatchObject({
      reason: 'connection closed before the response was complete',
      isConnectionLoss: true,
    });
    expect(seen.sort()).toEqual(['0 mutation', '0 read', '1 read']);
  });

  it('is used again after a restart', async () => {
    const first = await fakeHttp2Subgraph((stream) => respond(stream));
    const source = sourceOf(first.url);
    expect(await ask(source)).toMatchObject({ kind: 'text' });
    await first.stop();
    expect(failureOf(await ask(source))).toMatchObject({ reason: 'connection refused', isUnsent: true });
    await fakeHttp2Subgraph((stream) => respond(stream), { port: first.port });
    expect(await ask(source)).toMatchObject({ kind: 'text' });
  });

  it('is left when it does not even respond to a PING: calls do not wait on a dead connection', async () => {
    const { url, sessions, port } = await fakeHttp2Subgraph((stream, _headers, session) => {
      if (session > 0) respond(stream);
    });
    const between = await proxy(port);
    const source = sourceOf(url.replace(String(port), String(between.port)), { ...ONLY, connectTimeoutMs: 200 });
    const opening = ask(source, { deadline: performance.now() + 1_000 });
    await expect.poll(() => sessions.length).toBe(1);
    between.stall();
    expect(failureOf(await opening)).toMatchObject({ code: 'SUBREQUEST_TIMEOUT' });
    expect(await ask(source)).toMatchObject({ kind: 'text' });
    expect(sessions.length).toBe(2);
    // the source can close, since the dead connection does not hold it up
    await source.close();
  });

  it('closes idle connections after a time, and old ones', async () => {
    const { url, sessions } = await fakeHttp2Subgraph((stream) => respond(stream));
    await ask(sourceOf(url, { ...ONLY, keepAliveMs: 20 }));
    await expect.poll(() => sessions[0]?.closed).toBe(true);
    const aging = sourceOf(url, { ...ONLY, maxAgeMs: 20 });
    const kinds = new Set<string>();
    await expect
      .poll(async () => {
        kinds.add((await ask(aging)).kind);
        return sessions.length;
      })
      .toBeGreaterThan(4);
    expect([...kinds]).toEqual(['text']);
  });
});

/** A connection on the way to a server, which can stop to pass on bytes without a close. */
async function proxy(port: number) {
  const { connect } = await import('node:net');
  const pairs: Socket[][] = [];
  const server = createServer((incoming) => {
    const outgoing = connect(port, '127.0.0.1');
    pairs.push([incoming, outgoing]);
    for (const socket of [incoming, outgoing]) socket.on('error', () => {});
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of pairs.flat()) socket.destroy();
  });
  const stall = () => {
    for (const [incoming, outgoing] of pairs) {
      incoming?.unpipe();
      outgoing?.unpipe();
    }
  };
  return { port: (server.address() as AddressInfo).port, stall };
}

describe('a server that has no HTTP/2', () => {
  it('fails with `http2only`, as unsent and with the reason', async () => {
    const { url } = await fakeSubgraph((_request, response) => void response.end('{"data":{}}'));
    expect(failureOf(await ask(sourceOf(url)))).toEqual({
      code: 'SUBREQUEST_HTTP_ERROR',
      message: 'Subgraph "products" did not answer: the server has no HTTP/2.',
      reason: 'the server has no HTTP/2',
      isConnectionFailure: true,
      isUnsent: true,
    });
  });

  it('gets HTTP/1.1 with `enable` and without TLS, where no protocol can be chosen', async () => {
    const { url } = await fakeSubgraph((request, response) => void response.end(`{"data":"${request.httpVersion}"}`));
    expect(await ask(sourceOf(url, { http2: 'enable' }))).toMatchObject({ text: '{"data":"1.1"}' });
  });

  it('that never sends its SETTINGS fails after the timeout of connections', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(failureOf(await ask(sourceOf(url, { ...ONLY, connectTimeoutMs: 50 })))).toMatchObject({
      code: 'SUBREQUEST_TIMEOUT',
      reason: 'no connection in time',
      isUnsent: true,
    });
  });
});

describe.skipIf(!PROGRAMS.openssl)('HTTP/2 over TLS', () => {
  const { read } = certificates('localhost');
  const tls = () => ({ ca: read('ca.pem') });
  const server = () => ({ cert: read('localhost.pem'), key: read('localhost.key') });

  it.each(['enable', 'http2only'] as const)('is used with `%s` where the server has it', async (http2) => {
    const { url, sessions } = await fakeHttp2Subgraph((stream) => respond(stream), { ...server(), allowHTTP1: true });
    const source = sourceOf(url, { http2, tls });
    const responses = await Promise.all(Array.from({ length: 20 }, () => ask(source)));
    expect(responses.map(({ kind }) => kind)).toEqual(responses.map(() => 'text'));
    expect(sessions.length).toBe(1);
  });

  async function http1Server(): Promise<string> {
    const http1 = createTlsServer(server(), (request, response) => {
      response.end(`{"data":"${request.httpVersion}"}`);
    });
    await new Promise<void>((resolve) => http1.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      http1.close();
      http1.closeAllConnections();
    });
    return `https://localhost:${(http1.address() as AddressInfo).port}/graphql`;
  }

  it('falls back to HTTP/1.1 with `enable`, for calls that wait, too', async () => {
    const source = sourceOf(await http1Server(), { http2: 'enable', tls });
    const responses = await Promise.all(Array.from({ length: 5 }, () => ask(source)));
    expect(responses.map((response) => (response as { text: string }).text)).toEqual(Array(5).fill('{"data":"1.1"}'));
    expect(await ask(source, { needsFreshConnection: true })).toMatchObject({ text: '{"data":"1.1"}' });
  });

  it('does not fall back with `http2only`', async () => {
    const source = sourceOf(await http1Server(), { http2: 'http2only', tls });
    expect(failureOf(await ask(source))).toMatchObject({ reason: 'the server has no HTTP/2', isUnsent: true });
  });

  it('does not trust a certificate of another authority', async () => {
    const { url } = await fakeHttp2Subgraph((stream) => respond(stream), server());
    expect(failureOf(await ask(sourceOf(url, { http2: 'enable' })))).toMatchObject({
      reason: 'certificate is not trusted',
    });
  });
});
