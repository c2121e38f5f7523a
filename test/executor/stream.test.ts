import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compilePlan } from '../../src/executor/compile.ts';
import { executePlan, streamPlan } from '../../src/executor/execute-plan.ts';
import type { Payload } from '../../src/executor/payload.ts';
import type { PayloadStream } from '../../src/executor/payload-stream.ts';
import { type DeferGroups, deferGroups } from '../../src/operation/defer-groups.ts';
import type { Source, SubgraphResponse } from '../../src/sources/source.ts';
import { planner } from '../planner/plan.ts';

const SUBGRAPHS = {
  users: `type Query { me: User  you: User!  all: [User!] }
    type User @key(fields: "id") { id: ID! name: String! nick: String }`,
  reviews:
    'type User @key(fields: "id") { id: ID! reviews: [Review!]! best: Review } type Review { body: String! stars: Int }',
  orders: 'type User @key(fields: "id") { id: ID! orders: [String!] }',
};

/** The clock stands still, and is set forward by hand. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

interface Sent {
  readonly subgraph: string;
  readonly query: string;
  respond(response: object | SubgraphResponse): Promise<void>;
}

/** A streamed execution whose subgraphs respond when the test says so. */
function streamed(
  query: string,
  paths: Readonly<Record<string, number>>,
  subgraphs: Record<string, string> = SUBGRAPHS,
) {
  const { stages, supergraph } = planner(subgraphs);
  const { plan } = stages(query, {}, Object.keys(paths));
  const groups = Object.entries(paths).map(([path, timeoutMs]) => ({ path: path.split('.'), timeoutMs }));
  const sent: Sent[] = [];
  const source = (name: string): [string, Source] => [
    name,
    {
      name,
      send({ body }, done) {
        sent.push({
          subgraph: name,
          query: JSON.parse(body).query,
          async respond(response) {
            done('kind' in response ? response : { kind: 'text', text: JSON.stringify(response), status: 200 });
            await nextTurn();
          },
        });
      },
      close: () => Promise.resolve(),
    },
  ];
  const input = {
    supergraph,
    sources: new Map(Object.keys(subgraphs).map(source)),
    client: { requestId: 'test', headers: {} },
    variables: {},
    introspected: new Map(),
    reportEveryPlace: true,
    deferGroups: deferGroups(groups) as DeferGroups,
  };
  const read: unknown[][] = [];
  const compiled = compilePlan(plan, supergraph, { streamed: true });
  const stream = streamPlan(compiled, input);
  stream.then(async (payloads) => {
    for await (const payload of payloads) read.push(shown(payload));
    read.push(['end']);
  });
  const next = (subgraph: string) => {
    const at = sent.findIndex((one) => one.subgraph === subgraph);
    return sent.splice(at, 1)[0] as Sent;
  };
  return { sent, next, read, stream, single: () => executePlan(compilePlan(plan, supergraph), input) };
}

function shown({ dataText, deferred, errors }: Payload): unknown[] {
  const reported = errors.map(({ path, extensions }) => `${path?.join('.')} ${extensions?.code}`);
  return [deferred ? deferred.path.join('.') : 'first', dataText, ...reported];
}

const ME = { data: { me: { __typename: 'User', id: '1', name: 'Ada' } } };

test('the first payload leaves out what is deferred, and each group follows when it is done', async () => {
  const { next, sent, read } = streamed('{ me { name reviews { body } orders } }', {
    'me.reviews': Number.POSITIVE_INFINITY,
    'me.orders': Number.POSITIVE_INFINITY,
  });
  expect(sent.map(({ subgraph }) => subgraph)).toEqual(['users']);
  await next('users').respond(ME);
  expect(read).toEqual([['first', '{"me":{"name":"Ada"}}']]);
  await next('orders').respond({ data: { _entities: [{ orders: ['o1'] }] } });
  await next('reviews').respond({ data: { _entities: [{ reviews: [{ body: 'Good' }] }] } });
  expect(read.slice(1)).toEqual([['me', '{"orders":["o1"]}'], ['me', '{"reviews":[{"body":"Good"}]}'], ['end']]);
});

test('a group that is done before the rest waits for it; one whose deadline has passed by then is not asked for', async () => {
  const { sent, read } = streamed('{ you { name } me { orders } }', { you: 10, 'me.orders': 10 });
  vi.advanceTimersByTime(10);
  const respondTo = (field: string, data: object) => sent.find(({ query }) => query.includes(field))?.respond({ data });
  await respondTo('you', { you: { name: 'Bo' } });
  expect(read).toEqual([]);
  await respondTo('me', { me: { __typename: 'User', id: '1' } });
  expect(read).toEqual([
    ['first', '{"me":{}}'],
    ['', '{"you":{"name":"Bo"}}'],
    ['me', '{"orders":null}', 'me.orders SECTION_TIMEOUT'],
    ['end'],
  ]);
  expect(sent.map(({ subgraph }) => subgraph)).toEqual(['users', 'users']);
});

test('a group whose deadline has passed is delivered as missing, and its response is ignored', async () => {
  const { next, read } = streamed('{ me { name orders } }', { 'me.orders': 300 });
  await next('users').respond(ME);
  const late = next('orders');
  vi.advanceTimersByTime(300);
  await nextTurn();
  await late.respond({ data: { _entities: [{ orders: ['o1'] }] } });
  expect(read).toEqual([
    ['first', '{"me":{"name":"Ada"}}'],
    ['me', '{"orders":null}', 'me.orders SECTION_TIMEOUT'],
    ['end'],
  ]);
});

describe('errors', () => {
  test('belong to the payload of the group that they are in', async () => {
    const { next, read } = streamed('{ me { name nick orders } }', { 'me.orders': 300 });
    await next('users').respond({
      data: { me: { __typename: 'User', id: '1', name: 'Ada', nick: null } },
      errors: [{ message: 'no nick', path: ['me', 'nick'], extensions: { code: 'NO_NICK' } }],
    });
    const failure = { code: 'SUBREQUEST_HTTP_ERROR', message: 'down' } as const;
    await next('orders').respond({ kind: 'failure', failure });
    expect(read).toEqual([
      ['first', '{"me":{"name":"Ada","nick":null}}', 'me.nick NO_NICK'],
      ['me', '{"orders":null}', 'me.orders SUBREQUEST_HTTP_ERROR'],
      ['end'],
    ]);
  });

  test('without a path belong to the group whose request they came with', async () => {
    const { next, read } = streamed('{ me { name orders } }', { 'me.orders': 300 });
    await next('users').respond(ME);
    await next('orders').respond({ data: { _entities: [{ orders: ['o1'] }] }, errors: [{ message: 'a warning' }] });
    expect(read[1]?.slice(0, 2)).toEqual(['me', '{"orders":["o1"]}']);
    expect(read[1]).toHaveLength(3);
  });

  test('of values that must not be null stop at the boundary of the group', async () => {
    const { next, read } = streamed('{ me { name reviews { body } } }', { 'me.reviews': 300 });
    await next('users').respond(ME);
    await next('reviews').respond({ data: { _entities: [{ reviews: [{ body: null }] }] } });
    expect(read.slice(1)).toEqual([['me', '{"reviews":null}', 'me.reviews.0.body INVALID_NULL_OR_TYPE'], ['end']]);
  });
});

describe('a group without a place has no payload', () => {
  test('where the object around it is null', async () => {
    const { next, read } = streamed('{ me { name orders } }', { 'me.orders': 300 });
    await next('users').respond({ data: { me: null } });
    expect(read).toEqual([['first', '{"me":null}'], ['end']]);
  });

  test('where null was written for the object, because of a null within it', async () => {
    const { next, sent, read } = streamed('{ me { name orders } }', { 'me.orders': 300 });
    await next('users').respond({ data: { me: { __typename: 'User', id: '1', name: null } } });
    expect(read).toEqual([['first', '{"me":null}', 'me.name INVALID_NULL_OR_TYPE'], ['end']]);
    expect(sent.map(({ subgraph }) => subgraph)).toEqual(['orders']);
  });

  test('nor for an item of a list that is gone, but one for each item that is there', async () => {
    const { next, read } = streamed('{ all { name orders } }', { 'all.orders': 300 });
    const user = (id: string) => ({ __typename: 'User', id, name: `n${id}` });
    await next('users').respond({ data: { all: [user('1'), user('2')] } });
    await next('orders').respond({ data: { _entities: [{ orders: ['a'] }, { orders: null }] } });
    expect(read).toEqual([
      ['first', '{"all":[{"name":"n1"},{"name":"n2"}]}'],
      ['all.0', '{"orders":["a"]}'],
      ['all.1', '{"orders":null}'],
      ['end'],
    ]);
  });
});

test('a group within another follows it', async () => {
  const paths = { 'me.best.stars': 300, 'me.best': 300 };
  const { next, read } = streamed('{ me { name best { body stars } } }', paths);
  await next('users').respond(ME);
  const [first, second] = [next('reviews'), next('reviews')];
  const inner = [first, second].find(({ query }) => query.includes('stars')) as Sent;
  await inner.respond({ data: { _entities: [{ best: { stars: 5 } }] } });
  expect(read).toHaveLength(1);
  await (inner === first ? second : first).respond({ data: { _entities: [{ best: { body: 'Good' } }] } });
  expect(read.slice(1)).toEqual([['me', '{"best":{"body":"Good"}}'], ['me.best', '{"stars":5}'], ['end']]);
});

test('who cancels ends the execution: nothing more is sent', async () => {
  const { next, sent, stream } = streamed('{ you { name orders } me { reviews { body } } }', {
    'you.orders': Number.POSITIVE_INFINITY,
    me: Number.POSITIVE_INFINITY,
  });
  const you = sent.find(({ query }) => query.includes('you')) as Sent;
  sent.splice(sent.indexOf(you), 1);
  await you.respond({ data: { you: { __typename: 'User', id: '1', name: 'Ada' } } });
  const payloads: PayloadStream = await stream;
  await payloads.return();
  await payloads.ended;
  await next('users').respond({ data: { me: { __typename: 'User', id: '2' } } });
  expect(sent.map(({ subgraph }) => subgraph)).toEqual(['orders']);
});

test('one plan can be executed in one piece, too', async () => {
  const { next, single } = streamed('{ me { name orders } }', { 'me.orders': 300 });
  next('users');
  const result = single();
  await next('users').respond(ME);
  await next('orders').respond({ data: { _entities: [{ orders: ['o1'] }] } });
  expect((await result).dataText).toBe('{"me":{"name":"Ada","orders":["o1"]}}');
});

test('an object that an error made null has no other error where another request to its subgraph returned it', async () => {
  const { next, read } = streamed('{ me { id name nick } you { orders } }', { 'me.nick': 1_000 });
  const rest = next('users');
  const late = next('users');
  const errors = [{ message: 'no name', path: ['me', 'name'], extensions: { code: 'NO_NAME' } }];
  await rest.respond({ data: { me: null, you: { id: '2' } }, errors });
  await late.respond({ data: { me: { nick: 'A' } } });
  await next('orders').respond({ data: { _entities: [{ orders: [] }] } });
  expect(read[0]).toEqual(['first', '{"me":null,"you":{"orders":[]}}', 'me.name NO_NAME']);
});

test('where two requests to a subgraph do not agree whether there is an object, that for the rest decides, without an error', async () => {
  const { next, read } = streamed('{ me { nick name } you { orders } }', { 'me.name': 1_000 });
  const rest = next('users');
  const late = next('users');
  await rest.respond({ data: { me: null, you: { id: '2' } } });
  await late.respond({ data: { me: { name: 'A' } } });
  await next('orders').respond({ data: { _entities: [{ orders: [] }] } });
  expect(read).toEqual([['first', '{"me":null,"you":{"orders":[]}}'], ['end']]);
});

test.each([
  ['library', 'people', 'places'],
  ['people', 'library', 'places'],
  ['places', 'library', 'people'],
])(
  'an object that is null for the rest is null, also if the request of a group returns it: %s, %s, %s',
  async (...order) => {
    const subgraphs = {
      library: 'type Query { author: Author @shareable } type Author { name: String }',
      people: 'type Query { author: Author @shareable } type Author { biography: String }',
      places: 'type Query { street: String }',
    };
    const responses: Record<string, object> = {
      library: { data: { author: null } },
      people: { data: { author: { biography: 'Born in Bern.' } } },
      places: { data: { street: 'Elm Street' } },
    };
    const groups = { 'author.biography': Number.POSITIVE_INFINITY };
    const { next, read } = streamed('{ author { name biography } street }', groups, subgraphs);
    for (const name of order) await next(name).respond(responses[name] as object);
    expect(read).toEqual([['first', '{"author":null,"street":"Elm Street"}'], ['end']]);
  },
);
