import { relative } from 'node:path';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { joinTexts } from '../../src/bff/answering/merge-late.ts';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import type { EngineAnswer } from '../../src/engine/engine.ts';
import { engineOver, type FakeEngine, folderOf, serveFiles, sourceError } from './support.ts';

const SDL = `
  type Query { user(id: ID!): User, news: [String!], slow: String }
  type Mutation { rename(id: ID!): User }
  type User { id: ID!, name: String!, reviews: [Review!], friends: [User!] }
  type Review { body: String!, stars: Int }
`;
const never = () => new Promise<never>(() => {});
const user = { id: 'u1', name: 'Ada', reviews: [{ body: 'Bright.', stars: 5 }] };
const people = { user: () => user, news: ['a'], slow: 'done' };

const HOME = `query ($id: ID!) @endpoint(path: "/home/:id") {
  user(id: $id) { name reviews @optional(timeout: "40ms", fallback: []) { body } }
  news @optional(timeout: "40ms")
}`;

const told = (engine: FakeEngine) => engine.requests.map(({ query }) => query.replaceAll(/\s+/g, ' '));

test('as long as sections are in time, everything is read by one plan', async () => {
  const engine = engineOver(SDL, people);
  const call = await serveFiles({ 'web/home.graphql': HOME }, engine);
  const { json } = await call('/bff/web/home/u1');
  expect(json).toEqual({ user: { name: 'Ada', reviews: [{ body: 'Bright.' }] }, news: ['a'] });
  expect(told(engine)).toEqual(['query ($id: ID!) { user(id: $id) { name reviews { body } } news }']);
});

test('a section that was too slow is an operation of its own from then on, until it is in time again', async () => {
  const root: { user: unknown; news: unknown } = { ...people, news: never };
  const engine = engineOver(SDL, root);
  const call = await serveFiles({ 'web/home.graphql': HOME }, engine);
  const first = await call('/bff/web/home/u1');
  expect(first.json).toMatchObject({ user: { reviews: [{}] }, news: null, meta: { partial: [{ path: ['news'] }] } });
  const apart = [
    'query ($id: ID!) { user(id: $id) { name } }',
    'query ($id: ID!) { user(id: $id) { reviews { body } } }',
    '{ news }',
  ];
  expect(told(engine).slice(1)).toEqual(apart);

  root.news = ['b'];
  engine.requests.length = 0;
  expect((await call('/bff/web/home/u1')).json).toMatchObject({ user: { name: 'Ada' }, news: ['b'] });
  expect(told(engine)).toEqual(apart);
  engine.requests.length = 0;
  await call('/bff/web/home/u1');
  expect(told(engine)).toHaveLength(1);
});

test('where it is the rest that is slow, nothing is left out', async () => {
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return user;
  };
  const call = await serveFiles({ 'web/home.graphql': HOME }, engineOver(SDL, { ...people, user: slow }));
  const { json } = await call('/bff/web/home/u1');
  expect(json).toEqual({ user: { name: 'Ada', reviews: [{ body: 'Bright.' }] }, news: ['a'] });
});

test('without a timeout everything is one operation', async () => {
  const engine = engineOver(SDL, people);
  const text = '{ user(id: 1) { name reviews @optional { body } } news @optional }';
  const call = await serveFiles({ 'web/home.graphql': text }, engine);
  expect((await call('/bff/web/home')).status).toBe(200);
  expect(engine.requests).toHaveLength(1);
});

test('sections that are too slow are left behind: their fallback or null, and the reason', async () => {
  const engine = engineOver(SDL, { user: () => ({ ...user, reviews: never }), news: never });
  const call = await serveFiles({ 'web/home.graphql': HOME }, engine);
  const { status, json } = await call('/bff/web/home/u1');
  expect(status).toBe(200);
  expect(json).toEqual({
    user: { name: 'Ada', reviews: [] },
    news: null,
    meta: {
      partial: [
        {
          path: ['user', 'reviews'],
          code: 'SECTION_TIMEOUT',
          message: 'The section was not ready within 40 milliseconds.',
        },
        { path: ['news'], code: 'SECTION_TIMEOUT', message: expect.any(String) },
      ],
    },
  });
  expect(engine.requests.map(({ client }) => client.signal?.aborted)).toEqual([true, true, true, true]);
  engine.requests.length = 0;
  expect((await call('/bff/web/home/u1')).json).toEqual(json);
  expect(engine.requests.map(({ client }) => client.signal?.aborted)).toEqual([false, true, true]);
});

test('a section that fails in time says why', async () => {
  const down = () => {
    throw sourceError('SUBREQUEST_HTTP_ERROR', 'reviews: connection refused');
  };
  const call = await serveFiles(
    { 'web/home.graphql': HOME },
    engineOver(SDL, { ...people, user: () => ({ ...user, reviews: down }) }),
  );
  expect((await call('/bff/web/home/u1')).json).toMatchObject({
    user: { name: 'Ada', reviews: [] },
    news: ['a'],
    meta: { partial: [{ path: ['user', 'reviews'], code: 'SUBREQUEST_HTTP_ERROR' }] },
  });
});

test('where the object around it is missing, there is nothing to miss', async () => {
  const call = await serveFiles({ 'web/home.graphql': HOME }, engineOver(SDL, { ...people, user: () => null }));
  expect((await call('/bff/web/home/u1')).status).toBe(404);
});

test('a flattened section that is too slow leaves its keys as null', async () => {
  const text = '{ slow user(id: 1) @optional(timeout: "20ms") @flatten { name id } }';
  const call = await serveFiles({ 'web/home.graphql': text }, engineOver(SDL, { ...people, user: never }));
  expect((await call('/bff/web/home')).json).toMatchObject({
    slow: 'done',
    name: null,
    id: null,
    meta: { partial: [{ path: ['name'] }, { path: ['id'] }] },
  });
});

test('the texts of clean sections at the root are joined as they are', () => {
  const operation = { path: ['news'], timeoutMs: 1, query: '' };
  const late = (dataText: string, errors: EngineAnswer['errors'] = []) => ({ operation, answer: { dataText, errors } });
  expect(joinTexts('{"a":  1}', [late('{"news":[ "x" ]}'), late('{}')])).toBe('{"a":  1,"news":[ "x" ]}');
  expect(joinTexts('{}', [late('{"news":null}')])).toBe('{"news":null}');
  expect(joinTexts('{}', [late('{"news":null}', [{ message: 'no' }])])).toBeUndefined();
  expect(joinTexts('{}', [{ operation, answer: undefined }])).toBeUndefined();
});

test.each([
  [
    '{ user(id: 1) { friends { reviews @optional(timeout: "1s") { body } } } }',
    'web/it.graphql:1 "reviews" has a timeout, but stands within a list.',
  ],
  [
    '{ slow ...F } fragment F on Query { news @optional(timeout: "1s") }',
    'web/it.graphql:1 "news" has a timeout, but stands within a fragment.',
  ],
  [
    'mutation { rename(id: 1) { id reviews @optional(timeout: "1s") { body } } }',
    'web/it.graphql:1 A section of a mutation cannot have a time of its own: what it does would be done twice.',
  ],
  [
    '{ news @optional(timeout: "1s") }',
    'web/it.graphql:1 The operation has nothing but sections with a timeout: there is nothing that they could be beside.',
  ],
  [
    '{ slow\n  news @optional(timeout: "soon") }',
    'web/it.graphql:2 "soon" is no duration; write a text such as "300ms", "30s" or "1h", or whole seconds.',
  ],
])('%s is refused with its place', async (text, expected) => {
  const dir = folderOf({ 'web/it.graphql': text });
  const { problems } = await loadEndpoints(dir, { publicSchema: buildSchema(SDL), types: new Map(), cacheControl: [] });
  expect(problems.map(({ file, line, message }) => `${relative(dir, file)}:${line} ${message}`)).toEqual([
    expect.stringContaining(expected),
  ]);
});
