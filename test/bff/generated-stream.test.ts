import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { expect, test } from 'vitest';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { clientFiles } from '../../src/bff/types/client-files.ts';
import { engineOver, folderOf, serveBff, sourceError } from './support.ts';

const SDL =
  'type Query { title: String, news: [Item], price: Float, stock: Int } type Item { text: String, likes: Int }';
const FILES = {
  'web/home.graphql': '{ title news @optional { text likes @optional } price @optional stock @optional }',
};

function failing(code: string) {
  return () => {
    throw sourceError(code, 'It failed.', 'shop');
  };
}

const root = {
  title: 'Grüße',
  news: [
    { text: '…', likes: failing('NO_LIKES') },
    { text: '☃', likes: 2 },
  ],
  price: failing('NO_PRICE'),
  stock: 3,
};

/** The part of a generated client that is called here. */
interface Client {
  streamHome(
    given: object,
  ): AsyncGenerator<{ readonly data: Record<string, unknown>; readonly path?: readonly string[] }>;
}

/** A gateway, and the client that is generated for it, as JavaScript. */
async function start() {
  const engine = engineOver(SDL, root);
  const dir = folderOf(FILES);
  const { endpoints } = await loadEndpoints(dir, engine.supergraph);
  const { typescript } = clientFiles(endpoints, engine.publicSchema, 'web');
  const file = join(folderOf({}), 'web.mjs');
  writeFileSync(file, (await transform(typescript, { loader: 'ts' })).code);
  const { streamHome }: Client = await import(/* @vite-ignore */ pathToFileURL(file).href);
  const { origin } = await serveBff({ dir, engine: () => engine });
  return { streamHome, baseUrl: origin, engine };
}

const WHOLE = {
  title: 'Grüße',
  news: [
    { text: '…', likes: null },
    { text: '☃', likes: 2 },
  ],
  price: null,
  stock: 3,
  meta: {
    partial: [
      { path: ['news', '0', 'likes'], code: 'NO_LIKES', message: 'It failed.' },
      { path: ['price'], code: 'NO_PRICE', message: 'It failed.' },
    ],
  },
};

test('each piece adds a section, and what failed in it to those that failed before', async () => {
  const { streamHome, baseUrl } = await start();
  const pieces = [];
  for await (const piece of streamHome({ baseUrl })) pieces.push(piece);
  expect(pieces[0]).toEqual({ data: { title: 'Grüße' } });
  expect(
    pieces
      .slice(1)
      .map(({ path }) => path?.join('.'))
      .sort(),
  ).toEqual(['news', 'price', 'stock']);
  const last = pieces.at(-1)?.data as typeof WHOLE;
  expect({ ...last, meta: { partial: last.meta.partial.toSorted((a, b) => a.code.localeCompare(b.code)) } }).toEqual(
    WHOLE,
  );
});

test('it comes to the same however the bytes are cut, and without streams of bytes', async () => {
  const { streamHome, baseUrl } = await start();
  const response = await fetch(`${baseUrl}/bff/web/home`, { headers: { accept: 'text/event-stream' } });
  const sent = Buffer.from((await response.text()).replaceAll('\n', '\r\n'));
  const singleBytes = new ReadableStream({
    start(controller) {
      for (const byte of sent) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const headers = response.headers;
  for (const answer of [
    new Response(singleBytes, { headers }),
    { status: 200, ok: true, headers, text: async () => String(sent) },
  ]) {
    let last: Record<string, unknown> = {};
    for await (const { data } of streamHome({ fetch: async () => answer })) last = data;
    expect({ ...last, meta: undefined }).toEqual({ ...WHOLE, meta: undefined });
  }
});

test('a client that has had everything is answered 204, and gets nothing more', async () => {
  const { streamHome, baseUrl, engine } = await start();
  const pieces = [];
  for await (const piece of streamHome({ baseUrl, headers: { 'last-event-id': 'done' } })) pieces.push(piece);
  expect(pieces).toEqual([]);
  expect(engine.requests).toEqual([]);
});

test('a gateway that answers in one piece is one piece', async () => {
  const { streamHome } = await start();
  const pieces = [];
  const fetch = async () => Response.json({ title: 'x' });
  for await (const piece of streamHome({ fetch })) pieces.push(piece);
  expect(pieces).toEqual([{ data: { title: 'x' } }]);
});

test('an answer without its end is an error', async () => {
  const { streamHome } = await start();
  const headers = { 'content-type': 'text/event-stream' };
  const fetch = async () => new Response('event: answer\ndata: {"title":"x"}\nid: 1\n\nevent: sec', { headers });
  const pieces: unknown[] = [];
  const reading = (async () => {
    for await (const { data } of streamHome({ fetch })) pieces.push(data);
  })();
  await expect(reading).rejects.toThrow('The response ended unexpectedly.');
  expect(pieces).toEqual([{ title: 'x' }]);
});

test('who stops reading gives up the request', async () => {
  const { streamHome } = await start();
  let cancelled = false;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('event: answer\ndata: {"title":"x"}\n\n')),
    cancel: () => {
      cancelled = true;
    },
  });
  const headers = { 'content-type': 'text/event-stream' };
  for await (const { data } of streamHome({ fetch: async () => new Response(body, { headers }) })) {
    expect(data).toEqual({ title: 'x' });
    break;
  }
  expect(cancelled).toBe(true);
});
