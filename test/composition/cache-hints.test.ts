import { expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { readHints } from '../../src/operation/cache-hints.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderWith } from './folder.ts';

const SUBGRAPH = 'extend schema @subgraph(url: "http://127.0.0.1:4001/graphql")';

async function compose(...texts: string[]) {
  const files = texts.map((text, i) => [`${'ab'[i]}.graphql`, text] as const);
  const { sources, problems } = await readSources(await folderWith(Object.fromEntries(files)));
  const composed = problems.length > 0 ? { ok: false as const, problems } : composeSupergraph(sources);
  if (!composed.ok) throw new Error(composed.problems.map(formatProblem).join('\n'));
  return readSupergraph(composed.supergraphSdl);
}

test('@cacheControl needs no definition, and travels in the supergraph', async () => {
  const supergraph = await compose(`${SUBGRAPH}
    type Query { product: Product @cacheControl(maxAge: 60), me: User @cacheControl(inheritMaxAge: true) }
    type Product @cacheControl(maxAge: 120, scope: PUBLIC) { id: ID }
    type User @cacheControl(scope: PRIVATE) { id: ID }
    interface Named @cacheControl(maxAge: 5) { name: String }
    type Shop implements Named { name: String }`);
  expect(Object.fromEntries(readHints(supergraph, new Map()))).toEqual({
    'Query.product': { maxAgeMs: 60_000, scope: undefined, inherit: false },
    'Query.me': { maxAgeMs: undefined, scope: undefined, inherit: true },
    Product: { maxAgeMs: 120_000, scope: 'public', inherit: false },
    User: { maxAgeMs: undefined, scope: 'private', inherit: false },
    Named: { maxAgeMs: 5_000, scope: undefined, inherit: false },
  });
  expect(supergraph.publicSchema.getType('headgate__CacheControlScope')).toBeUndefined();
});

test('a file may define it, as servers print it', async () => {
  const supergraph = await compose(`${SUBGRAPH}
    directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
    enum CacheControlScope { PUBLIC PRIVATE }
    type Query { news: String @cacheControl(maxAge: 7) }`);
  expect(readHints(supergraph, new Map()).get('Query.news')?.maxAgeMs).toBe(7_000);
});

test('of what several sources say of one field, the strictest counts', async () => {
  const text = (hint: string) => `${SUBGRAPH}
    type Query { news: String @shareable ${hint} }`;
  const supergraph = await compose(
    text('@cacheControl(maxAge: 60)'),
    text('@cacheControl(maxAge: 90, scope: PRIVATE)'),
  );
  expect(readHints(supergraph, new Map()).get('Query.news')).toMatchObject({ maxAgeMs: 60_000, scope: 'private' });
});

test('one that a file composes by itself is left as it is', async () => {
  const supergraph = await compose(`${SUBGRAPH}
    extend schema
      @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@composeDirective"])
      @link(url: "https://shop.example/cache/v1.0", import: ["@cacheControl"])
      @composeDirective(name: "@cacheControl")
    directive @cacheControl(maxAge: Int, swr: Int) on FIELD_DEFINITION
    type Query { news: String @cacheControl(maxAge: 7, swr: 3) }`);
  expect(readHints(supergraph, new Map()).get('Query.news')?.maxAgeMs).toBe(7_000);
});

test('mistakes are reported with their place', async () => {
  const withHint = (hint: string) => compose(`${SUBGRAPH}\ntype Query { news: String ${hint} }`);
  await expect(withHint('@cacheControl(maxAge: -1)')).rejects.toThrow(
    /a\.graphql:2:\d+.*@cacheControl on "Query.news": maxAge is -1; expected seconds from 0/s,
  );
  await expect(withHint('@cacheControl(maxage: 1)')).rejects.toThrow(/Unknown argument "maxage"/);
});
