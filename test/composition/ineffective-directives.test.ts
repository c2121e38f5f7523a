import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSupergraph } from '../../src/composition/load-supergraph.ts';
import { folderWith } from './folder.ts';

/** A supergraph as another composition writes it; each case adds one thing. */
const SUPERGRAPH = `schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION)
  @link(url: "https://specs.apollo.dev/authenticated/v0.1", for: SECURITY)
{
  query: Query
}
enum join__Graph {
  A @join__graph(name: "a", url: "http://a.test")
}
type Query @join__type(graph: A) {
  me(id: ID): User
}
interface Node @join__type(graph: A) {
  id: ID
}
type User implements Node @join__type(graph: A) {
  id: ID
  level: Level
}
enum Level @join__type(graph: A) {
  LOW @join__enumValue(graph: A)
}
input Filter @join__type(graph: A) {
  id: ID
}
`;

async function load(sdl: string) {
  const dir = await folderWith({ 'supergraph.graphql': sdl });
  const loaded = await loadSupergraph({ supergraphFile: join(dir, 'supergraph.graphql') }, {});
  return loaded.ok ? [] : loaded.problems.map(({ code, line, message }) => ({ code, line, message }));
}

test('the supergraph without additions is served', async () => {
  expect(await load(SUPERGRAPH)).toEqual([]);
});

describe('authorization that could not be enforced is refused with its place', () => {
  test.each([
    ['an argument', 'me(id: ID', 'me(id: ID @authenticated', 12, '@authenticated on an argument'],
    ['an input', 'input Filter', 'input Filter @authenticated', 24, '@authenticated on an input'],
    [
      'a field of an input',
      '{\n  id: ID\n}\n$',
      '{\n  id: ID @authenticated\n}\n',
      25,
      '@authenticated on an argument',
    ],
    ['a value of an enum', 'LOW', 'LOW @authenticated', 22, '@authenticated on a value of an enum'],
    [
      'no scopes',
      'me(id: ID): User',
      'me(id: ID): User @requiresScopes(scopes: [[]])',
      12,
      '@requiresScopes has an empty list in "scopes"',
    ],
    ['no policies', 'enum Level', 'enum Level @policy(policies: [["a"], []])', 21, '@policy has an empty list'],
    ['the schema', 'schema\n', 'schema @authenticated\n', 1, '@authenticated on the schema'],
    [
      'a prefix that nobody links',
      'me(id: ID): User',
      'me(id: ID): User @auth__authenticated',
      12,
      '@auth__authenticated',
    ],
    [
      'a directive of join',
      'me(id: ID): User',
      'me(id: ID): User @join__directive(graphs: [A], name: "authenticated", args: {})',
      12,
      '@join__directive',
    ],
    ['the extension of a type', '$', 'extend type User @authenticated\n', 27, 'The supergraph extends "User"'],
    ['the extension of an interface', '$', 'extend interface Node @authenticated\n', 27, 'extends "Node"'],
  ])('%s', async (_, place, text, line, message) => {
    const [problem] = await load(SUPERGRAPH.replace(new RegExp(place.replace(/[()]/g, '\\$&')), text));
    expect(problem).toMatchObject({ code: 'INEFFECTIVE_DIRECTIVE', line, message: expect.stringContaining(message) });
  });
});

test.each([
  ['a field', 'me(id: ID): User', 'me(id: ID): User @authenticated'],
  [
    'the field of an interface',
    'interface Node @join__type(graph: A) {\n  id: ID',
    'interface Node @join__type(graph: A) {\n  id: ID @authenticated',
  ],
  ['an interface', 'interface Node', 'interface Node @authenticated'],
  ['an enum', 'enum Level', 'enum Level @authenticated'],
  ['the name that subgraphs use', 'me(id: ID): User', 'me(id: ID): User @federation__authenticated'],
])('what can be enforced is served: %s', async (_, place, text) => {
  expect(await load(SUPERGRAPH.replace(place, text))).toEqual([]);
});
