import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

/** More than half of the budget of 100 KiB, so that two of them do not fit. */
const LARGE = 80_000;
const shop = {
  products: {
    typeDefs: 'type Query { text(n: Int): String hello(text: String): String } type Mutation { add: String }',
    resolvers: { Query: { hello: () => 'hello', text: () => 'x'.repeat(LARGE) }, Mutation: { add: () => 'added' } },
  },
};
const TEXT = '{"query":"{ text }"}';
const OVERLOADED = { extensions: { code: 'OVERLOADED', retryAfter: 1 } };

async function shopWith(limits: Record<string, string>, bffDir?: string) {
  const telemetry = { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } };
  const traffic = { router: { deduplicate_query: false }, all: { deduplicate_query: false, timeout: '60s' } };
  const config = { telemetry, traffic_shaping: traffic, limits };
  const world = await httpWorld(shop, { config, ...(bffDir === undefined ? {} : { bffDir }) });
  const metric = async (line: string) => {
    const text = await (await fetch(world.server.metricsUrl ?? '')).text();
    return Number(
      text
        .split('\n')
        .find((each) => each.startsWith(`${line} `))
        ?.slice(line.length) ?? 0,
    );
  };
  const untilHeld = (check: (bytes: number) => void) =>
    vi.waitFor(async () => check(await metric('headgate_buffered_bytes')));
  const refusals = (reason: string) =>
    metric(`headgate_policy_refusals_total{policy="limits",reason="${reason}",mode="enforce"}`);
  const logged = (words: string) => world.lines.filter(({ msg }) => String(msg).includes(words));
  return { ...world, url: world.server.url, untilHeld, refusals, logged };
}

/** Sends the head and the beginning of a body, or the whole request, and reads nothing. */
function sendRaw(url: string, length: number, body: string): Socket {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1').pause();
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
  );
  return socket;
}

describe('responses of subgraphs', () => {
  /** The first response of the subgraph stops after 80,000 bytes, until `complete` is called. Later ones are `later`. */
  async function withHalfResponse(later: string | Buffer, headers: Record<string, string> = {}) {
    const world = await shopWith({ max_buffered_bytes: '100KiB' });
    let first: ServerResponse | undefined;
    world.behave('products', (_req, res) => {
      res.setHeader('content-type', 'application/json');
      if (first === undefined) {
        first = res;
        res.write(`{"data":{"text":"${'x'.repeat(LARGE)}`);
      } else {
        for (const name in headers) res.setHeader(name, headers[name] ?? '');
        res.end(later);
      }
    });
    const waiting = post(world.url, TEXT);
    await world.untilHeld((bytes) => expect(bytes).toBeGreaterThanOrEqual(LARGE));
    const complete = async () => {
      first?.end('"}}');
      expect(await (await waiting).json()).toEqual({ data: { text: 'x'.repeat(LARGE) } });
      await world.untilHeld((bytes) => expect(bytes).toBe(0));
    };
    return { ...world, complete };
  }

  it('that do not fit fail their fetch, which is no failure of the subgraph', async () => {
    const whole = JSON.stringify({ data: { text: 'y'.repeat(LARGE) } });
    const { url, complete, refusals, logged } = await withHalfResponse(whole);
    const refused = await post(url, TEXT);
    expect(await refused.json()).toMatchObject({
      data: { text: null },
      errors: [{ message: expect.stringContaining('memory'), path: ['text'], ...OVERLOADED }],
    });
    expect(await refusals('max_buffered_bytes')).toBe(1);
    expect(logged('no memory')).toHaveLength(1);
    expect(logged('subgraph failing')).toHaveLength(0);
    await complete();
    expect(await (await post(url, TEXT)).json()).toEqual({ data: { text: 'y'.repeat(LARGE) } });
  });

  it('count decompressed', async () => {
    const whole = gzipSync(JSON.stringify({ data: { text: 'y'.repeat(LARGE) } }));
    const { url, complete } = await withHalfResponse(whole, { 'content-encoding': 'gzip' });
    expect(await (await post(url, TEXT)).json()).toMatchObject({ data: { text: null }, errors: [OVERLOADED] });
    await complete();
    expect(await (await post(url, TEXT)).json()).toEqual({ data: { text: 'y'.repeat(LARGE) } });
  });

  it('that are small, or report what a mutation has done, are never refused', async () => {
    const small = await withHalfResponse('{"data":{"hello":"hello"}}');
    expect(await (await post(small.url, '{"query":"{ hello }"}')).json()).toEqual({ data: { hello: 'hello' } });
    await small.complete();
    const added = 'y'.repeat(LARGE);
    const mutation = await withHalfResponse(JSON.stringify({ data: { add: added } }));
    expect(await (await post(mutation.url, '{"query":"mutation { add }"}')).json()).toEqual({ data: { add: added } });
    await mutation.complete();
  });
});

describe('request bodies', () => {
  const hello = (text: string) =>
    JSON.stringify({ query: 'query($t: String) { hello(text: $t) }', variables: { t: text } });
  const large = hello('z'.repeat(LARGE));

  it('that do not fit get 503 until there is room', async () => {
    const { url, untilHeld, refusals } = await shopWith({ max_buffered_bytes: '100KiB' });
    const socket = sendRaw(url, 200_000, 'z'.repeat(LARGE));
    await untilHeld((bytes) => expect(bytes).toBe(LARGE));
    const refused = await post(url, large);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ errors: [OVERLOADED] });
    const zipped = { method: 'POST', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } };
    const bomb = await fetch(url, { ...zipped, body: gzipSync(large) });
    expect([bomb.status, await bomb.json()]).toMatchObject([503, { errors: [OVERLOADED] }]);
    expect(await refusals('max_buffered_bytes')).toBe(2);
    expect(await (await post(url, hello('short'))).json()).toEqual({ data: { hello: 'hello' } });
    socket.destroy();
    await untilHeld((bytes) => expect(bytes).toBe(0));
    expect(await (await post(url, large)).json()).toEqual({ data: { hello: 'hello' } });
    expect(await (await fetch(url, { ...zipped, body: gzipSync(large) })).json()).toEqual({ data: { hello: 'hello' } });
  });

  it('of endpoints do, too', async () => {
    const bffDir = mkdtempSync(join(tmpdir(), 'headgate-bytes-'));
    onTestFinished(() => rmSync(bffDir, { recursive: true, force: true }));
    mkdirSync(join(bffDir, 'web'));
    const endpoint = 'query Hello($t: String) @endpoint(path: "/hello", method: POST) { hello(text: $t) }';
    writeFileSync(join(bffDir, 'web/hello.graphql'), endpoint);
    const { url, untilHeld } = await shopWith({ max_buffered_bytes: '100KiB' }, bffDir);
    const ask = () => post(new URL('/bff/web/hello', url).href, { t: 'z'.repeat(LARGE) });
    const socket = sendRaw(url, 200_000, 'z'.repeat(LARGE));
    await untilHeld((bytes) => expect(bytes).toBe(LARGE));
    const refused = await ask();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ type: 'urn:headgate:problem:overloaded' });
    socket.destroy();
    await untilHeld((bytes) => expect(bytes).toBe(0));
    expect(await (await ask()).json()).toEqual({ hello: 'hello' });
  });
});

describe('responses that clients do not read', () => {
  /** More than what the kernel takes. */
  const HUGE = 'h'.repeat(20_000_000);
  const huge = JSON.stringify({ data: { text: HUGE } });

  async function shopWithHuge(limits: Record<string, string>) {
    const world = await shopWith({ max_buffered_bytes: '20MiB', ...limits });
    world.behave('products', async (req, res) => {
      const body = await bodyOf(req);
      res.setHeader('content-type', 'application/json');
      if (body.includes('hello')) res.end('{"data":{"hello":"hello"}}');
      else if (body.includes('add')) res.end(JSON.stringify({ data: { add: HUGE } }));
      else res.end(huge);
    });
    const socket = sendRaw(world.url, TEXT.length, TEXT);
    // its response counts, and no longer what came from the subgraph
    await world.untilHeld((bytes) => expect(bytes).toBe(huge.length));
    return { ...world, socket };
  }

  it('leave no memory for other large responses, except those of mutations', async () => {
    const { url, socket, untilHeld } = await shopWithHuge({});
    expect(await (await post(url, '{"query":"{ hello }"}')).json()).toEqual({ data: { hello: 'hello' } });
    expect(await (await post(url, '{"query":"mutation { add }"}')).json()).toEqual({ data: { add: HUGE } });
    expect(JSON.stringify(await (await post(url, TEXT)).json())).toContain('"code":"OVERLOADED"');
    socket.destroy();
    await untilHeld((bytes) => expect(bytes).toBe(0));
    expect(await (await post(url, TEXT)).text()).toBe(huge);
  });

  it('are given up after limits.client_write_timeout, and their clients disconnected', async () => {
    const { url, untilHeld, refusals, logged } = await shopWithHuge({ client_write_timeout: '1s' });
    await vi.waitFor(async () => expect(await refusals('client_write_timeout')).toBe(1));
    expect(logged('clients cut off')).toMatchObject([{ clients: 1, client_write_timeout: 1_000 }]);
    await untilHeld((bytes) => expect(bytes).toBe(0));
    expect(await (await post(url, TEXT)).text()).toBe(huge);
  });
});
