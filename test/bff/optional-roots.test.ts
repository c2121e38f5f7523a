import { expect, test } from 'vitest';
import { httpWorld } from '../gateway/http-world.ts';
import { folderOf } from './support.ts';

const FILES = {
  'web/home.graphql': '{ user { name } news @optional(fallback: []) { title } total @optional }',
  'web/news.graphql': '{ news @optional { title } }',
};

/** Root fields that cannot be null, all of one subgraph, and the gateway before it. */
async function world(fails: { news?: boolean; user?: boolean } = {}) {
  const fail = (text: string) => {
    throw new Error(text);
  };
  const it = await httpWorld(
    {
      all: {
        typeDefs: `type Query { user: User! news: [News!]! total: Int! } type User { name: String! } type News { title: String! }`,
        resolvers: {
          Query: {
            user: () => (fails.user ? fail('no user') : { name: 'Ada' }),
            news: () => (fails.news ? fail('no news') : [{ title: 'One' }]),
            total: () => 7,
          },
        },
      },
    },
    { bffDir: folderOf(FILES) },
  );
  return async (name: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(`/bff/web/${name}`, it.server.url), { headers });
    return { status: response.status, text: await response.text() };
  };
}

test('a section at the root that cannot be null fails alone', async () => {
  const get = await world({ news: true });
  const { status, text } = await get('home');
  expect([status, JSON.parse(text)]).toMatchObject([
    200,
    { user: { name: 'Ada' }, news: [], total: 7, meta: { partial: [{ path: ['news'] }] } },
  ]);
  expect(JSON.parse((await get('news')).text)).toMatchObject({ news: null, meta: { partial: [{ path: ['news'] }] } });
});

test('the same in pieces', async () => {
  const get = await world({ news: true });
  const { text } = await get('home', { accept: 'text/event-stream' });
  expect(text).toContain('event: answer\ndata: {"user":{"name":"Ada"}}\n');
  expect(text).toMatch(/event: section\ndata: \{"path":\["news"\],"data":\[\],"failure":/);
  expect((await get('news', { accept: 'text/event-stream' })).text).toMatch(
    /^event: answer\ndata: \{"news":null,"meta":\{"partial":\[\{"path":\["news"\]/,
  );
});

test('where nothing fails, they are all there', async () => {
  const get = await world();
  expect(JSON.parse((await get('home')).text)).toEqual({ user: { name: 'Ada' }, news: [{ title: 'One' }], total: 7 });
});

test('what is not optional still takes the whole answer with it', async () => {
  const get = await world({ user: true });
  expect((await get('home')).status).toBe(502);
});
