import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LARGE, OVERLOADED, sendRaw, shopWith, TEXT } from './byte-budget-world.ts';
import { post } from './serving.ts';

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
