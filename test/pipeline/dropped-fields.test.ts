import { describe, expect, test } from 'vitest';
import { createWorld, type WorldAnswer } from '../worlds/world.ts';
import { drops } from './dropping.ts';

const users = {
  ann: { id: 'ann', code: 'a', name: 'Ann', iban: 'DE1' },
  bob: { id: 'bob', code: 'bb', name: 'Bob', iban: 'DE2' },
};

const subgraphs = {
  users: {
    typeDefs: `
      type Query { me: User users: [User!]! found: [Hit] nodes: [Node] }
      type Mutation { rename(name: String!): User remove: Boolean }
      interface Node { id: ID! secret: String }
      type User implements Node @key(fields: "code") { id: ID! code: ID name: String! iban: String friends: [User!] secret: String }
      type Shop implements Node @key(fields: "id") { id: ID! owner: User secret: String }
      union Hit = User | Shop`,
    resolvers: {
      Query: {
        me: () => users.ann,
        users: () => [users.ann, users.bob],
        found: () => [
          { __typename: 'User', ...users.ann },
          { __typename: 'Shop', id: 's1' },
        ],
        nodes: () => [
          { __typename: 'User', ...users.ann, secret: 'u' },
          { __typename: 'Shop', id: 's1', secret: 's' },
        ],
      },
      Mutation: { rename: (_: unknown, { name }: { name: string }) => ({ ...users.ann, name }), remove: () => true },
      User: { friends: () => [users.bob] },
      Shop: { owner: () => users.bob },
    },
  },
  bank: {
    typeDefs: `
      type User @key(fields: "code") { code: ID iban: String @external balance: Int rating: String @requires(fields: "iban") }`,
    resolvers: {
      User: {
        balance: ({ code }: { code: string }) => code.length,
        rating: ({ iban }: { iban: string }) => `A of ${iban}`,
      },
    },
  },
};

function ask(query: string, ...dropped: string[]): Promise<WorldAnswer> {
  return createWorld({ subgraphs, engine: { policies: [drops(...dropped)] } }).query(query);
}

const sent = ({ requests }: WorldAnswer) => requests.map(({ subgraph, query }) => `${subgraph}: ${query}`);
const reported = ({ errors }: WorldAnswer) => errors.map(({ path }) => path?.join('.'));

describe('a dropped field', () => {
  test('is null in its place, with one error at its path, and the rest is served', async () => {
    const answer = await ask('{ users { id iban name } }', 'User.iban');
    expect(answer.dataText).toBe(
      '{"users":[{"id":"ann","iban":null,"name":"Ann"},{"id":"bob","iban":null,"name":"Bob"}]}',
    );
    expect(answer.errors).toEqual([
      { message: 'User.iban is not for you.', path: ['users', 'iban'], extensions: { code: 'TEST' } },
    ]);
    expect(sent(answer)).toEqual(['users: {users{id name}}']);
  });

  test('takes along the look-up and the key that only it needed', async () => {
    const answer = await ask('{ me { name balance } }', 'User.balance');
    expect(answer.data).toEqual({ me: { name: 'Ann', balance: null } });
    expect(sent(answer)).toEqual(['users: {me{name}}']);
  });

  test('takes along what it requires, which stays where it is asked for itself', async () => {
    expect(sent(await ask('{ me { name rating } }', 'User.rating'))).toEqual(['users: {me{name}}']);
    expect((await ask('{ me { iban rating } }', 'User.rating')).data).toEqual({ me: { iban: 'DE1', rating: null } });
  });

  test('may still be read as what another field requires', async () => {
    const answer = await ask('{ me { iban rating } }', 'User.iban');
    expect(answer.data).toEqual({ me: { iban: null, rating: 'A of DE1' } });
    expect(reported(answer)).toEqual(['me.iban']);
  });

  test('may still be read as a key', async () => {
    expect((await ask('{ me { code balance } }', 'User.code')).data).toEqual({ me: { code: null, balance: 1 } });
  });

  test('is null under each alias', async () => {
    const answer = await ask('{ me { a: iban b: iban name } }', 'User.iban');
    expect(answer.dataText).toBe('{"me":{"a":null,"b":null,"name":"Ann"}}');
    expect(reported(answer)).toEqual(['me.a', 'me.b']);
  });

  test('takes all that is below it', async () => {
    const answer = await ask('{ me { name friends { id balance } } }', 'User.friends', 'User.balance');
    expect(answer.data).toEqual({ me: { name: 'Ann', friends: null } });
    expect(reported(answer)).toEqual(['me.friends']);
    expect(sent(answer)).toEqual(['users: {me{name}}']);
  });
});

describe('an object all of whose fields are dropped', () => {
  test('is there if it exists', async () => {
    const answer = await ask('{ me { iban friends { iban } } }', 'User.iban');
    expect(answer.data).toEqual({ me: { iban: null, friends: [{ iban: null }] } });
    expect(sent(answer)).toEqual(['users: {me{friends{__typename}}}']);
  });

  test('costs no request where it is the root', async () => {
    const answer = await ask('{ me { id } found { ... on User { id } } }', 'Query.me', 'Query.found');
    expect(answer.dataText).toBe('{"me":null,"found":null}');
    expect(answer.requests).toEqual([]);
    expect(reported(answer)).toEqual(['me', 'found']);
  });

  test('is reported by its type alone', async () => {
    const answer = await ask('{ __typename me { __typename iban } }', 'User.iban');
    expect(answer.dataText).toBe('{"__typename":"Query","me":{"__typename":"User","iban":null}}');
  });
});

describe('where a dropped field cannot be null', () => {
  test('null propagates to the nearest place that can be null', async () => {
    const answer = await ask('{ me { name } }', 'User.name');
    expect(answer.dataText).toBe('{"me":null}');
    expect(reported(answer)).toEqual(['me.name']);
  });

  test('through lists, and to the top if it must', async () => {
    const answer = await ask('{ users { id name } }', 'User.name');
    expect(answer.dataText).toBe('null');
    expect(reported(answer)).toEqual(['users.name']);
  });

  test('a sibling’s own trouble is still reported', async () => {
    const world = createWorld({ subgraphs, engine: { policies: [drops('User.name')] } });
    world.fault({ kind: 'failure', subgraph: 'bank' });
    const { errors } = await world.query('{ me { name balance } }');
    expect(errors.map(({ path, extensions }) => [path?.join('.'), extensions?.code])).toEqual([
      ['me.name', 'TEST'],
      ['me.balance', 'SUBREQUEST_HTTP_ERROR'],
    ]);
  });
});

describe('on abstract types', () => {
  test('only objects of the type lose the field', async () => {
    const answer = await ask('{ found { ... on User { id iban } ... on Shop { id } } }', 'User.iban');
    expect(answer.data).toEqual({ found: [{ id: 'ann', iban: null }, { id: 's1' }] });
    expect(reported(answer)).toEqual(['found.iban']);
  });

  test('a fragment all of whose fields are dropped still tells the types apart', async () => {
    const answer = await ask('{ found { ... on User { iban } } }', 'User.iban');
    expect(answer.data).toEqual({ found: [{ iban: null }, {}] });
    expect(sent(answer)).toEqual(['users: {found{__typename}}']);
  });

  test('a field that is dropped on one type is null there, though the interface around it has it', async () => {
    const answer = await ask('{ nodes { secret ... on User { secret } } }', 'User.secret');
    expect(answer.data).toEqual({ nodes: [{ secret: null }, { secret: 's' }] });
    expect(reported(answer)).toEqual(['nodes.secret']);
    const reversed = await ask('{ nodes { ... on User { secret } secret } }', 'User.secret');
    expect(reversed.data).toEqual(answer.data);
  });
});

describe('of a mutation', () => {
  test('a dropped root field is not run; the others are, in order', async () => {
    const answer = await ask('mutation { remove rename(name: "Eve") { id } }', 'Mutation.remove');
    expect(answer.data).toEqual({ remove: null, rename: { id: 'ann' } });
    expect(sent(answer)).toEqual(['users: mutation{rename(name:"Eve"){id}}']);
  });
});

describe('introspection', () => {
  test('is not concerned', async () => {
    const answer = await ask('{ __type(name: "User") { name } me { iban } }', 'User.iban');
    expect(answer.data).toEqual({ __type: { name: 'User' }, me: { iban: null } });
  });
});
