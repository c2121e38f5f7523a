import { expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderWith } from './folder.ts';

const shop = (fields: string, more = '') => `extend schema @subgraph(url: "http://127.0.0.1:4001/graphql")
type Query {
  ${fields}
}
input Filter { owner: Owner, text: String }
input Owner { id: ID! }
${more}
`;

async function compose(...texts: string[]) {
  const files = texts.map((text, i) => [`${'ab'[i]}.graphql`, text] as const);
  const { sources, problems } = await readSources(await folderWith(Object.fromEntries(files)));
  expect(problems).toEqual([]);
  return composeSupergraph(sources);
}

async function rateLimitsOf(...texts: string[]) {
  const composed = await compose(...texts);
  if (!composed.ok) throw new Error(composed.problems.map(formatProblem).join('\n'));
  return readSupergraph(composed.supergraphSdl);
}

async function problemsOf(...texts: string[]): Promise<string> {
  const composed = await compose(...texts);
  if (composed.ok) throw new Error('composed');
  return `\n${composed.problems.map((problem) => formatProblem(problem).replaceAll(/\S*(?=[ab]\.graphql)/g, '')).join('\n')}\n`;
}

test('uses on fields and types travel in the supergraph, all their settings with them', async () => {
  const { rateLimits } = await rateLimitsOf(
    shop(
      'search(filter: Filter): [Report] @rateLimit(limit: 10) @rateLimit(limit: 3, window: "1s", burst: 5, by: ["user", "arg:filter.owner.id"], name: "fast", algorithm: LEAKY_BUCKET)',
      'type Report @rateLimit(limit: 1, window: "1d", by: ["claim:tenant", "header:x-app"], algorithm: FIXED_WINDOW) { id: ID }',
    ),
  );
  const nothing = { burst: undefined, name: undefined };
  expect(rateLimits).toEqual([
    { ...nothing, coordinate: 'Query.search', limit: 10, window: '1m', by: ['client'], algorithm: 'TOKEN_BUCKET' },
    {
      coordinate: 'Query.search',
      limit: 3,
      window: '1s',
      burst: 5,
      by: ['user', 'arg:filter.owner.id'],
      algorithm: 'LEAKY_BUCKET',
      name: 'fast',
    },
    {
      ...nothing,
      coordinate: 'Report',
      limit: 1,
      window: '1d',
      by: ['claim:tenant', 'header:x-app'],
      algorithm: 'FIXED_WINDOW',
    },
  ]);
});

test('the same limit in two subgraphs is one limit', async () => {
  const search = 'type Query { search: Int @shareable @rateLimit(limit: 10) }';
  const file = `extend schema @subgraph(url: "http://127.0.0.1:4001/graphql")\n${search}`;
  expect((await rateLimitsOf(file, file)).rateLimits).toMatchObject([{ coordinate: 'Query.search', limit: 10 }]);
});

test('clients see nothing of it', async () => {
  const { publicSchema, types } = await rateLimitsOf(shop('search: Int @rateLimit(limit: 10)'));
  expect(publicSchema.getDirectives().map(({ name }) => name)).not.toContain('headgate__rateLimit');
  expect(publicSchema.getType('headgate__RateLimitAlgorithm')).toBeUndefined();
  expect([...types.keys()].filter((name) => name.includes('headgate'))).toEqual([]);
});

test('mistakes are reported with their place', async () => {
  const fields = [
    'a: Int @rateLimit(limit: 0)',
    'b: Int @rateLimit(limit: 1, window: "soon")',
    'c: Int @rateLimit(limit: 1, by: ["clients"])',
    'd(id: ID): Int @rateLimit(limit: 1, by: ["arg:identity"])',
    'e(filter: Filter): Int @rateLimit(limit: 1, by: ["arg:filter.owner.name"])',
    'f: Int @rateLimit(limit: 1, burst: 2, algorithm: FIXED_WINDOW)',
    'g: Int @rateLimit(limit: 1, by: [])',
    'h: Int @rateLimit(limit: 1, name: "same")',
    'i: Int @rateLimit(limit: 2, name: "same")',
    'j: Int @rateLimit(limit: 1, name: "not, this")',
    'k: Int @rateLimit(limit: 1000000000, window: "365d")',
  ];
  const type = 'type Report @rateLimit(limit: 1, by: ["arg:id"]) { id: ID }';
  expect(await problemsOf(shop(fields.join('\n  '), type))).toMatchInlineSnapshot(`
    "
    a.graphql:3:10  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.a": "limit" is 0; it must be a whole number from 1.
    a.graphql:4:10  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.b": "window" is "soon"; expected a duration such as "10s", "1m" or "1h30m".
    a.graphql:5:10  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.c": "by" has "clients"; expected one of "client", "ip", "user", "global", "claim:NAME", "header:NAME", "arg:PATH".
    a.graphql:6:18  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.d": "arg:identity" does not exist: the field has no "identity".
        hint: Known names: id.
    a.graphql:7:26  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.e": "arg:filter.owner.name" does not exist: "Owner" has no "name".
        hint: Known names: id.
    a.graphql:8:10  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.f": "burst" has no effect with FIXED_WINDOW; use it with TOKEN_BUCKET or LEAKY_BUCKET.
    a.graphql:9:10  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.g": "by" is empty; say what the limit is counted by, or "global" for all clients together.
    a.graphql:12:10  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.j": "name" is "not, this"; expected at most 64 letters, digits, "_", "." and "-".
    a.graphql:13:10  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.k": A limit of 1000000000 in 365d cannot be counted exactly; choose a shorter window.
    a.graphql:17:13  [a] INVALID_RATE_LIMIT  @rateLimit on "Report": "arg:id" has no effect on a type.
        hint: Put the limit on the field with the argument.
    a.graphql:11:10  [a] INVALID_RATE_LIMIT  @rateLimit on "Query.i": the name "same" is used for another limit at a.graphql:10:10.
        hint: Limits of one name count together: give both the same settings, or two names.
    "
  `);
});
