import { expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSource } from '../../src/composition/read-source.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';

const OTHER = 'extend schema @subgraph(url: "http://other")\ntype Query { other: Int }';

function fieldsOf(files: Readonly<Record<string, string>>) {
  const sources = Object.entries(files).map(([name, text]) => {
    const read = readSource({ name, file: `${name}.graphql`, text }, {});
    if (Array.isArray(read)) throw new Error(read.map(({ file, line, code }) => `${file}:${line} ${code}`).join());
    return read;
  });
  const composition = composeSupergraph(sources);
  if (!composition.ok) throw new Error(composition.problems.map(({ message }) => message).join('\n'));
  const { types, rateLimits } = readSupergraph(composition.supergraphSdl);
  const namesIn = (type: string) => [...(types.get(type)?.fields.keys() ?? [])];
  return { query: namesIn('Query'), mutation: namesIn('Mutation'), rateLimits };
}

const HEADS = {
  'schema, then the link': 'schema { query: Root mutation: Changes }\nextend schema @subgraph(url: "http://a")',
  'an extension of the schema':
    'extend schema @subgraph(url: "http://a")\nextend schema { query: Root mutation: Changes }',
  'one of each': 'schema @subgraph(url: "http://a") { query: Root }\nextend schema { mutation: Changes }',
  'with a link to federation':
    'extend schema @subgraph(url: "http://a") @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"]) { query: Root mutation: Changes }',
};

test.each(Object.entries(HEADS))('root types of other names keep all their fields: %s', (_, head) => {
  const a = `${head}\ntype Root { me: User @rateLimit(limit: 3) }\nextend type Root { you: User }
type Changes { rename: User }\ntype User { id: ID! root: Root }`;
  const { query, mutation, rateLimits } = fieldsOf({ a, other: OTHER });
  expect(query.sort()).toEqual(['me', 'other', 'you']);
  expect(mutation).toEqual(['rename']);
  expect(rateLimits).toMatchObject([{ coordinate: 'Query.me' }]);
});

test('roots of plain services and REST APIs have any name, too', () => {
  const service = `extend schema @service(url: "http://s")\nextend schema { query: Root }\ntype Root { news: Int @rateLimit(limit: 2) }`;
  const rest = `extend schema @source(name: "api", http: {baseURL: "http://r"})\nextend schema { query: Root }
type Root { weather: Int @rateLimit(limit: 1) @connect(source: "api", http: {GET: "/"}, selection: "$") }`;
  const { query, rateLimits } = fieldsOf({ service, rest, other: OTHER });
  expect(query.sort()).toEqual(['news', 'other', 'weather']);
  expect(rateLimits.map(({ coordinate }) => coordinate).sort()).toEqual(['Query.news', 'Query.weather']);
});

test('a type that only looks like a root type is refused', () => {
  const head = 'extend schema @subgraph(url: "http://a")\n';
  expect(() => fieldsOf({ a: `${head}schema { query: Root }\ntype Root { a: Int }\ntype Query { b: Int }` })).toThrow(
    'a.graphql:4 ROOT_QUERY_USED',
  );
  expect(() =>
    fieldsOf({ a: `${head}schema { query: Query }\ntype Query { a: Int }\ntype Mutation { b: Int }` }),
  ).toThrow('a.graphql:4 ROOT_MUTATION_USED');
});
