import { GraphQLError } from 'graphql';
import { expect, test } from 'vitest';
import type { EngineOptions } from '../../src/pipeline/engine.ts';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { createWorld } from '../worlds/world.ts';

const shop = {
  users: {
    typeDefs: 'type Query { me: User broken: String } type User @key(fields: "id") { id: ID! name: String }',
    resolvers: {
      Query: {
        me: () => ({ id: 'u1', name: 'Ada' }),
        broken: () => {
          throw new GraphQLError('no row 7 in table users', { extensions: { code: 'DB', sql: 'SELECT 7' } });
        },
      },
    },
  },
  orders: {
    typeDefs: 'type User @key(fields: "id") { id: ID! total: Int }',
    resolvers: { User: { __resolveReference: (ref: object) => ref } },
  },
};

function start(options: Partial<EngineOptions>) {
  const world = createWorld({ subgraphs: shop });
  const engine = createEngine({
    supergraph: readSupergraph(world.supergraphSdl),
    sources: world.sources,
    ...options,
  });
  const ask = (query: string) => engine.execute({ query, client: { requestId: 'r1', headers: {} } });
  return { world, engine, ask };
}

test('a document of as many tokens as allowed is answered; one more is refused before anything is fetched', async () => {
  const { ask, world } = start({ maxTokens: 7 });
  expect(await ask('{ me { id name } }')).toMatchObject({ dataText: '{"me":{"id":"u1","name":"Ada"}}' });
  const before = world.requests.length;
  const refused = {
    dataText: undefined,
    refusal: 'limit',
    errors: [
      {
        message: 'The document has more than 7 tokens, the limit of limits.parser_max_tokens.',
        extensions: { code: 'MAX_TOKENS_LIMIT' },
      },
    ],
  };
  expect(await ask('{ me { id name id } }')).toMatchObject(refused);
  expect(await ask('{ me { id name id } }')).toMatchObject(refused);
  expect(world.requests.length).toBe(before);
});

test('a syntax error within the limit is a syntax error', async () => {
  const { ask } = start({ maxTokens: 5 });
  expect(await ask('{ me {')).toMatchObject({
    refusal: 'parse',
    errors: [{ message: expect.stringMatching(/^Syntax Error/), extensions: { code: 'GRAPHQL_PARSE_FAILED' } }],
  });
});

test('errors of subgraphs reach clients unless they are masked', async () => {
  const { ask } = start({});
  expect((await ask('{ broken }')).errors).toEqual([
    expect.objectContaining({
      message: 'no row 7 in table users',
      path: ['broken'],
      extensions: { code: 'DB', sql: 'SELECT 7', service: 'users' },
    }),
  ]);
});

test('what a subgraph suggests of its schema does not, where suggestions are hidden', async () => {
  const message = 'Unknown argument "idd" on field "Query.row". Did you mean "id"?';
  const asked = async (options: Partial<EngineOptions>) => {
    const { ask, world } = start(options);
    world.fault({ kind: 'answer', subgraph: 'users', text: JSON.stringify({ data: null, errors: [{ message }] }) });
    return (await ask('{ me { id } }')).errors.map((error) => error.message);
  };
  expect(await asked({})).toContain(message);
  expect(await asked({ hideSuggestions: true })).toContain('Unknown argument "idd" on field "Query.row".');
});

test('masked errors keep path, code and service; the gateway keeps the rest', async () => {
  const masked: unknown[] = [];
  const { ask, world } = start({
    includesErrorsOf: () => false,
    onErrorsMasked: (errors, client) => masked.push([client.requestId, ...errors]),
  });
  expect((await ask('{ broken }')).errors).toEqual([
    {
      message: 'The subgraph "users" reported an error.',
      path: ['broken'],
      extensions: { code: 'DB', service: 'users' },
    },
  ]);
  expect(masked).toEqual([['r1', expect.objectContaining({ message: 'no row 7 in table users' })]]);

  world.fault({ kind: 'failure', subgraph: 'orders', failure: { reason: 'connection refused', status: 503 } });
  const { dataText, errors } = await ask('{ me { name total } }');
  expect(dataText).toBe('{"me":{"name":"Ada","total":null}}');
  expect(errors).toEqual([
    {
      message: 'The subgraph "orders" reported an error.',
      path: ['me', 'total'],
      extensions: { code: 'SUBREQUEST_HTTP_ERROR', service: 'orders' },
    },
  ]);
});

test('what ends because the client has left is nothing to log', async () => {
  const masked: unknown[] = [];
  const { engine } = start({ includesErrorsOf: () => false, onErrorsMasked: (errors) => masked.push(errors) });
  const client = { requestId: 'r1', headers: {}, signal: AbortSignal.abort() };
  expect((await engine.execute({ query: '{ broken }', client })).errors).toHaveLength(1);
  expect(masked).toEqual([]);
});

test('one subgraph may be shown while another is not; the gateway’s own errors always are', async () => {
  const { ask, world } = start({ includesErrorsOf: (subgraph) => subgraph === 'users' });
  world.fault({ kind: 'failure', subgraph: 'orders' });
  const { errors } = await ask('{ broken me { total } }');
  expect(errors.map(({ message }) => message).sort()).toEqual([
    'The subgraph "orders" reported an error.',
    'no row 7 in table users',
  ]);
  expect((await ask('{ nothing }')).errors).toMatchObject([
    { message: 'Cannot query field "nothing" on type "Query".', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  ]);
});
