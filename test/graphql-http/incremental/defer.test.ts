import { request as httpRequest, type IncomingMessage } from 'node:http';
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { httpWorld } from '../../gateway/http-world.ts';
import { latch } from '../../gateway/serving.ts';
import { type Message, mergeMessages } from '../../worlds/incremental.ts';
import { partsOf } from './read-parts.ts';

const SUBGRAPHS = {
  users: {
    typeDefs: 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String }',
    resolvers: { Query: { me: () => ({ id: '1', name: 'Ada' }) } },
  },
  reviews: {
    typeDefs: 'type User @key(fields: "id") { id: ID! reviews: [String!] }',
    resolvers: { User: { __resolveReference: ({ id }: { id: string }) => ({ id, reviews: ['good'] }) } },
  },
};

const QUERY = '{ me { name ... @defer(label: "slow") { reviews } } }';
const DEFER_SPEC = 'multipart/mixed;deferSpec=20220824, application/json';
const PIECES = [
  { data: { me: { name: 'Ada' } }, hasNext: true },
  { incremental: [{ data: { reviews: ['good'] }, path: ['me'], label: 'slow' }], hasNext: false },
];

/** A gateway over two subgraphs; `reviews` responds when the test says so. */
async function start(config: Record<string, unknown> = {}) {
  const world = await httpWorld(SUBGRAPHS, { config });
  const gate = latch();
  let closed = 0;
  const hold = () =>
    world.behave('reviews', async (_req, res) => {
      res.once('close', () => {
        closed += res.writableFinished ? 0 : 1;
      });
      await gate.promise;
      res
        .setHeader('content-type', 'application/json')
        .end('{"data":{"_entities":[{"__typename":"User","reviews":["good"]}]}}');
    });
  return {
    ...world,
    hold,
    gate,
    cancelled: () => closed,
    url: `${world.server.url.replace(/\/graphql$/, '')}/graphql`,
  };
}

function post(url: string, accept: string, body: object = { query: QUERY }, headers: Record<string, string> = {}) {
  const all = { 'content-type': 'application/json', accept, ...headers };
  return fetch(url, { method: 'POST', headers: all, body: JSON.stringify(body) });
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The messages of an event stream. */
async function eventsOf(response: Response): Promise<Message[]> {
  const events = (await response.text()).split('\n\n');
  expect(events.slice(-2)).toEqual(['event: complete\ndata:', '']);
  return events.slice(0, -2).map((event) => JSON.parse(event.replace('event: next\ndata: ', '')));
}

describe('@defer over HTTP', () => {
  it('sends the first part while the deferred fetch is in flight', async () => {
    const { url, hold, gate } = await start();
    hold();
    const response = await post(url, DEFER_SPEC);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('multipart/mixed; boundary="-"; deferSpec=20220824');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const parts = partsOf(response);
    expect((await parts.next()).value).toEqual(PIECES[0]);
    gate.open();
    expect(await all(parts)).toEqual([PIECES[1]]);
  });

  it.each([
    ['multipart/mixed;deferSpec=20220824,application/json;q=0.9', 'multipart/mixed; boundary="-"; deferSpec=20220824'],
    ['multipart/mixed; incrementalSpec=v0.2, application/json', 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'],
    ['application/json, text/event-stream, multipart/mixed', 'multipart/mixed; boundary="-"'],
    ['multipart/mixed', 'multipart/mixed; boundary="-"'],
  ])('answers "%s" as %s', async (accept, type) => {
    const { url } = await start();
    const response = await post(url, accept);
    expect(response.headers.get('content-type')).toBe(type);
    const messages = await all(partsOf(response));
    expect(mergeMessages(messages).data).toEqual({ me: { name: 'Ada', reviews: ['good'] } });
    expect(messages.some((message) => 'pending' in message)).toBe(type.endsWith('v0.2'));
  });

  it('sends events to clients that accept them', async () => {
    const { url } = await start();
    const response = await post(url, 'text/event-stream');
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await eventsOf(response)).toEqual(PIECES);
    const whole = await post(url, 'text/event-stream', { query: '{ me { name } }' });
    expect(await eventsOf(whole)).toEqual([{ data: { me: { name: 'Ada' } } }]);
  });

  it.each([
    'application/json',
    '*/*',
    'multipart/mixed;deferSpec=1, */*',
    'multipart/mixed;subscriptionSpec="1.0", */*',
  ])('answers "%s" with the whole result', async (accept) => {
    const { url } = await start();
    const response = await post(url, accept);
    expect(await response.json()).toEqual({ data: { me: { name: 'Ada', reviews: ['good'] } } });
  });

  it('answers what has no part to come later, and refusals, in JSON', async () => {
    const { url } = await start();
    const whole = await post(url, DEFER_SPEC, { query: '{ me { name ... @defer { name } } }' });
    expect(await whole.json()).toEqual({ data: { me: { name: 'Ada' } } });
    const refused = await post(url, DEFER_SPEC, { query: '{ me { ... @defer { nothing } } }' });
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
  });

  it('answers GET, through Yoga, as it answers POST', async () => {
    const { url } = await start();
    const headers = { accept: DEFER_SPEC, 'apollo-require-preflight': 'true' };
    const response = await fetch(`${url}?${new URLSearchParams({ query: QUERY })}`, { headers });
    expect(response.headers.get('content-type')).toBe('multipart/mixed; boundary="-"; deferSpec=20220824');
    expect(await all(partsOf(response))).toEqual(PIECES);
  });

  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ])('compresses with %s, and flushes each part', async (coding, decode) => {
    const { url, hold, gate } = await start();
    hold();
    const { res, first, rest } = await raw(url, { accept: DEFER_SPEC, 'accept-encoding': coding });
    expect(res.headers['content-encoding']).toBe(coding);
    // a flushed part can be decoded without what follows
    const finishFlush = coding === 'br' ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH;
    expect(String(decode(await first, { finishFlush }))).toContain('"hasNext":true');
    gate.open();
    expect(String(decode(Buffer.concat([await first, await rest])))).toContain('"hasNext":false');
  });

  it('cancels what is in flight when the client leaves', async () => {
    const { url, hold, cancelled } = await start();
    hold();
    const controller = new AbortController();
    const response = await fetch(url, {
      method: 'POST',
      signal: controller.signal,
      headers: { 'content-type': 'application/json', accept: DEFER_SPEC },
      body: JSON.stringify({ query: QUERY }),
    });
    await partsOf(response).next();
    controller.abort();
    await vi.waitFor(() => expect(cancelled()).toBe(1), { timeout: 20_000 });
  });

  it('ends a part that takes too long with an error', async () => {
    const { url, hold } = await start({ traffic_shaping: { router: { timeout: '400ms' } } });
    hold();
    const messages = await all(partsOf(await post(url, DEFER_SPEC)));
    expect(messages[0]).toEqual(PIECES[0]);
    expect(messages[1]?.incremental).toMatchObject([
      { data: null, path: ['me'], errors: [{ path: ['me'], extensions: { code: 'GATEWAY_TIMEOUT' } }] },
    ]);
    expect(messages.at(-1)?.hasNext).toBe(false);
  });

  it('logs one line when the last part is sent, with the errors of all', async () => {
    const { url, behave, lines } = await start({ telemetry: { access_log: { level: 'info' } } });
    behave('reviews', (_req, res) => res.writeHead(500).end());
    await all(partsOf(await post(url, DEFER_SPEC)));
    await vi.waitFor(() => expect(lines.filter(({ msg }) => msg === 'request')).toHaveLength(1), { timeout: 20_000 });
    expect(lines.find(({ msg }) => msg === 'request')).toMatchObject({
      status: 200,
      errorCodes: ['SUBREQUEST_HTTP_ERROR'],
    });
  });

  it('sends the operations of a batch whole', async () => {
    const { url } = await start({ batching: { enabled: true } });
    const response = await post(url, DEFER_SPEC, [{ query: QUERY }]);
    expect(await response.json()).toEqual([{ data: { me: { name: 'Ada', reviews: ['good'] } } }]);
    expect((await post(url, 'multipart/mixed', [{ query: QUERY }])).status).toBe(406);
  });

  it('can be switched off', async () => {
    const { url } = await start({ defer: { enabled: false } });
    const response = await post(url, DEFER_SPEC);
    expect(await response.json()).toMatchObject({ errors: [{ message: 'Unknown directive "@defer".' }] });
    expect((await post(url, 'multipart/mixed')).status).toBe(406);
  });
});

/** Sends the query, and returns the bytes of the first part, and of the rest. */
function raw(url: string, headers: Record<string, string>) {
  return new Promise<{ res: IncomingMessage; first: Promise<Buffer>; rest: Promise<Buffer> }>((resolve, reject) => {
    const req = httpRequest(
      url,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (res) => {
        const first = new Promise<Buffer>((taken) => res.once('data', taken));
        const rest = first.then(async () => {
          const chunks: Buffer[] = [];
          for await (const chunk of res) chunks.push(chunk as Buffer);
          return Buffer.concat(chunks);
        });
        resolve({ res, first, rest });
      },
    );
    req.on('error', reject);
    req.end(JSON.stringify({ query: QUERY }));
  });
}
