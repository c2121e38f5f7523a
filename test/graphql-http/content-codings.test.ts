import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { brotliCompressSync, brotliDecompressSync, deflateRawSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { HAS_ZSTD } from '../../src/shared/content-codings.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { post, serve } from '../gateway/serving.ts';

const engine = plainEngine('type Query { hello(name: String! = "you"): String long: String }', {
  hello: ({ name }) => `Hello, ${name}`,
  long: () => 'ü'.repeat(20_000),
});
const LONG = JSON.stringify({ data: { long: 'ü'.repeat(20_000) } });

interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends bytes, and shows those that come back: `fetch` would decode them. */
function send(url: string, body: Buffer | string | undefined, headers: Record<string, string> = {}): Promise<Received> {
  const method = body === undefined ? 'GET' : 'POST';
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, { method, headers: { ...json, ...headers } }, async (res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of res) chunks.push(chunk as Buffer);
      resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks) });
    });
    req.on('error', reject);
    req.end(body);
  });
}

const query = (text: string) => JSON.stringify({ query: text });

describe.each(['auto', 'all-yoga'] as const)('GraphQL, lanes: %s', (handlers) => {
  const start = (compressFrom: number | undefined = 1_024) => serve({ engine: () => engine, handlers, compressFrom });

  it.each([
    ['gzip', 'gzip', gunzipSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['br;q=0, *', HAS_ZSTD ? 'zstd' : 'gzip', undefined],
    ['identity;q=0, gzip;q=0.1', 'gzip', gunzipSync],
    ['x-gzip', 'gzip', gunzipSync],
  ] as const)('answers a client that takes %s in %s', async (accepted, coding, decode) => {
    const { url } = await start();
    const { status, headers, body } = await send(url, query('{ long }'), { 'accept-encoding': accepted });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-encoding': coding,
      vary: 'accept-encoding',
      'content-length': String(body.length),
    });
    expect(body.length).toBeLessThan(1_000);
    if (decode) expect(String(decode(body))).toBe(LONG);
  });

  it.each([
    ['takes nothing else', {}],
    ['takes identity alone', { 'accept-encoding': 'identity' }],
    ['refuses all that there is', { 'accept-encoding': 'gzip;q=0, br;q=0, zstd;q=0' }],
    ['likes identity best', { 'accept-encoding': 'gzip;q=0.5, identity' }],
  ])('sends the text as it is to a client that %s', async (_what, headers) => {
    const { url } = await start();
    const answer = await send(url, query('{ long }'), headers as Record<string, string>);
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(String(answer.body)).toBe(LONG);
  });

  it('sends a short text as it is, unless the client takes no such', async () => {
    const { url } = await start();
    const short = await send(url, query('{ hello }'), { 'accept-encoding': 'gzip' });
    expect(short.headers).not.toHaveProperty('content-encoding');
    const encoded = await send(url, query('{ hello }'), { 'accept-encoding': 'gzip, identity;q=0' });
    expect(String(gunzipSync(encoded.body))).toBe('{"data":{"hello":"Hello, you"}}');
  });

  it('refuses, before anything is executed, a client that takes no form that there is', async () => {
    const { url } = await start();
    for (const accepted of ['identity;q=0', '*;q=0', 'compress, *;q=0']) {
      const { status, body } = await send(url, query('{ long }'), { 'accept-encoding': accepted });
      expect([status, JSON.parse(String(body)).errors[0].extensions.code]).toEqual([406, 'NOT_ACCEPTABLE']);
    }
  });

  it('tells caches of GET that the form differs by client', async () => {
    const { url } = await start();
    const plain = await send(`${url}?query={long}`, undefined);
    expect(plain.headers).toMatchObject({ vary: 'accept-encoding' });
    const encoded = await send(`${url}?query={long}`, undefined, { 'accept-encoding': 'gzip' });
    expect(String(gunzipSync(encoded.body))).toBe(LONG);
  });

  it('encodes nothing where that is switched off', async () => {
    const { url } = await serve({ engine: () => engine, handlers });
    const { headers } = await send(url, query('{ long }'), { 'accept-encoding': 'gzip' });
    expect(headers).not.toHaveProperty('content-encoding');
    expect(headers).not.toHaveProperty('vary');
  });

  const HELLO = Buffer.from(query('{ hello(name: "Ünï") }'));
  const GREETING = '{"data":{"hello":"Hello, Ünï"}}';

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(HELLO)],
    ['X-GZIP', gzipSync(HELLO)],
    ['br', brotliCompressSync(HELLO)],
    ['deflate', deflateSync(HELLO)],
    ['deflate', deflateRawSync(HELLO)],
    ['gzip, br', brotliCompressSync(gzipSync(HELLO))],
    ['identity', HELLO],
  ])('takes a request body in %s', async (coding, body) => {
    const { url } = await start();
    const answer = await send(url, body, { 'content-encoding': coding });
    expect([answer.status, String(answer.body)]).toEqual([200, GREETING]);
  });

  it('holds decoded bodies to the limit of bodies', async () => {
    const { url } = await start();
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
    for (const body of [gzipSync(Buffer.alloc(20_000, ' ')), bomb]) {
      const answer = await send(url, body, { 'content-encoding': 'gzip' });
      expect([answer.status, JSON.parse(String(answer.body)).errors[0].extensions.code]).toEqual([
        413,
        'REQUEST_TOO_LARGE',
      ]);
    }
  });

  it('says which codings it takes, and what is wrong with a body', async () => {
    const { url } = await start();
    const unknown = await send(url, HELLO, { 'content-encoding': 'sdch' });
    expect(unknown.status).toBe(415);
    expect(unknown.headers['accept-encoding']).toMatch(/^gzip, br,/);
    expect(String(unknown.body)).toContain('the coding \\"sdch\\" is not supported');
    const broken = await send(url, gzipSync(HELLO).subarray(0, -9), { 'content-encoding': 'gzip' });
    expect([broken.status, String(broken.body)]).toEqual([400, expect.stringContaining('it is not valid gzip')]);
    const latin1 = await send(url, Buffer.from(String(HELLO), 'latin1'));
    expect([latin1.status, String(latin1.body)]).toEqual([400, expect.stringContaining('not valid UTF-8')]);
  });

  it.each([
    'application/json;charset=utf-8;odata=verbose',
    'Application/JSON ; Charset="UTF8" ; a="b;c"',
    'application/graphql+json',
    'application/vnd.shop.v2+json; charset=utf-8',
  ])('takes %s as JSON, with a byte order mark or without', async (type) => {
    const { url } = await start();
    for (const body of [HELLO, Buffer.concat([Buffer.from('\ufeff'), HELLO])]) {
      const answer = await send(url, body, { 'content-type': type });
      expect([answer.status, String(answer.body)]).toEqual([200, GREETING]);
    }
  });

  it.each([
    ['application/json; charset=utf8', 'application/json'],
    ['application/json;charset="UTF-8";odata=verbose', 'application/json'],
    ['application/json;charset=iso-8859-1, application/json;charset=utf-8', 'application/json'],
    ['APPLICATION/GRAPHQL-RESPONSE+JSON ; Charset=UTF-8 , application/json;q=0.9', 'application/graphql-response+json'],
    ['application/json;q=0.3, application/graphql-response+json;q=0.2', 'application/json'],
    ['application/json;a="x,y";q=0, application/*;q=0.1', 'application/graphql-response+json'],
    ['application/*', 'application/json'],
    ['text/html, image/gif, *; q=.2', 'application/json'],
    ['*/*;q=0.1', 'application/json'],
  ])('answers Accept: %s with %s', async (accept, expected) => {
    const { url } = await start();
    const { status, headers } = await send(url, HELLO, { accept });
    expect([status, headers['content-type']]).toEqual([200, `${expected}; charset=utf-8`]);
  });

  it.each(['application/json;charset=utf-16', '*/*;q=0', 'text/html'])(
    'answers Accept: %s with 406',
    async (accept) => {
      const { url } = await start();
      expect((await send(url, HELLO, { accept })).status).toBe(406);
    },
  );
});

describe('GraphiQL', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'accept-encoding': 'gzip, deflate, br' };

  it('is compressed, and not sent again to a browser that has it', async () => {
    const { url } = await serve({ engine: () => engine });
    const plain = await send(url, undefined, { accept: browser.accept });
    const encoded = await send(url, undefined, browser);
    expect(encoded.headers).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'no-cache',
      vary: 'accept, accept-encoding',
      etag: expect.stringMatching(/^"[\w-]+-br"$/),
    });
    expect(encoded.body.length).toBeLessThan(plain.body.length / 3);
    expect(brotliDecompressSync(encoded.body).equals(plain.body)).toBe(true);
    const again = await send(url, undefined, { ...browser, 'if-none-match': String(encoded.headers.etag) });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, encoded.headers.etag]);
    const other = await send(url, undefined, { ...browser, 'if-none-match': '"other"' });
    expect(other.status).toBe(200);
  });

  it.each(['application/json, text/html;q=0.5', 'application/json, text/html;q=0'])(
    'is not what a client gets that likes JSON better: %s',
    async (accept) => {
      const { url } = await serve({ engine: () => engine });
      const answer = await send(`${url}?query={hello}`, undefined, { accept });
      expect(String(answer.body)).toBe('{"data":{"hello":"Hello, you"}}');
    },
  );
});

describe('the whole gateway', () => {
  const shop = {
    stock: { typeDefs: 'type Query { name: String }', resolvers: { Query: { name: () => 'Zoë'.repeat(2_000) } } },
  };

  it('decodes what subgraphs answer, and encodes it for clients', async () => {
    const traffic_shaping = { all: { accept_encoding: ['br'] }, router: { compression: { threshold: 500 } } };
    const { server, behave, seen } = await httpWorld(shop, { config: { traffic_shaping } });
    behave('stock', (_req, res) => {
      const body = brotliCompressSync(JSON.stringify({ data: { name: 'Zoë'.repeat(2_000) } }));
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'br' }).end(body);
    });
    const response = await post(server.url, { query: '{ name }' });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.json()).toEqual({ data: { name: 'Zoë'.repeat(2_000) } });
    expect(seen.stock?.[0]?.['accept-encoding']).toBe('br');
  });

  it('encodes requests to a subgraph that is said to understand it', async () => {
    const traffic_shaping = { all: { compression: 'br' }, subgraphs: { stock: { compression: 'gzip' } } };
    const { server, behave, seen } = await httpWorld(shop, { config: { traffic_shaping } });
    behave('stock', async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const { query } = JSON.parse(String(gunzipSync(Buffer.concat(chunks))));
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data: { name: query } }));
    });
    expect(await (await post(server.url, { query: '{ name }' })).json()).toEqual({ data: { name: '{name}' } });
    expect(seen.stock?.[0]?.['content-encoding']).toBe('gzip');
  });
});
