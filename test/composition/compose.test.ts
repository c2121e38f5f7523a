import { expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { folderWith, SHOP } from './folder.ts';

async function compose(files: Record<string, string>) {
  const dir = await folderWith(files);
  const { sources, problems } = await readSources(dir, {});
  expect(problems).toEqual([]);
  const composition = composeSupergraph(sources);
  return composition.ok
    ? { sdl: composition.supergraphSdl, problems: [] }
    : { sdl: '', problems: composition.problems.map((problem) => formatProblem(problem).replaceAll(`${dir}/`, '')) };
}

test('subgraphs become a supergraph that names them and where they are', async () => {
  const { sdl } = await compose(SHOP);
  expect(sdl).toContain('PRODUCTS @join__graph(name: "products", url: "http://127.0.0.1:4001/graphql")');
  expect(sdl).toContain('REVIEWS @join__graph(name: "reviews", url: "http://127.0.0.1:4002/graphql")');
});

test('federation 1 and 2 compose together', async () => {
  const { sdl, problems } = await compose({
    ...SHOP,
    'stock.graphql': `extend schema @subgraph(url: "http://stock")
extend type Product @key(fields: "id") { id: ID! @external inStock: Boolean }`,
  });
  expect(problems).toEqual([]);
  expect(sdl).toContain('inStock: Boolean @join__field(graph: STOCK)');
});

test('the federation @link may be left out', async () => {
  const { sdl, problems } = await compose({
    'a.graphql': `extend schema @subgraph(url: "http://a")
type Query { p: P }
type P @key(fields: "id") { id: ID! name: String @shareable }`,
    'b.graphql': `extend schema @subgraph(url: "http://b")
type P @key(fields: "id") { id: ID! name: String @shareable secret: Int @inaccessible }`,
  });
  expect(problems).toEqual([]);
  expect(sdl).toContain('secret: Int @join__field(graph: B) @inaccessible');
});

test('a field that two subgraphs own is reported with both places', async () => {
  const { problems } = await compose({
    ...SHOP,
    'reviews.graphql': SHOP['reviews.graphql'].replace('reviews: [String!]!', 'name: String'),
  });
  expect(problems.join('\n')).toMatchInlineSnapshot(`
    "products.graphql:8:3  [products, reviews] INVALID_FIELD_SHARING  Non-shareable field "Product.name" is resolved from multiple subgraphs: it is resolved from subgraphs "products" and "reviews" and defined as non-shareable in all of them
        hint: Mark the field @shareable in every subgraph that can resolve it, @external where it is only referred to, or move it with @override(from:). See also reviews.graphql:5:3."
  `);
});

test('an error of one subgraph stands where its directive is', async () => {
  const { problems } = await compose({
    ...SHOP,
    'reviews.graphql': SHOP['reviews.graphql'].replace('fields: "id"', 'fields: "upc"'),
  });
  expect(problems[0]).toMatch(/^reviews\.graphql:3:14 {2}\[reviews\] KEY_INVALID_FIELDS {2}On type "Product"/);
});

test('an unknown type and a directive that was not imported', async () => {
  const { problems } = await compose({
    ...SHOP,
    'reviews.graphql': SHOP['reviews.graphql'].replace('[String!]!', '[Review!] @shareable'),
  });
  expect(problems.join('\n')).toMatchInlineSnapshot(`
    "reviews.graphql:5:13  [reviews] INVALID_GRAPHQL  Unknown type Review
        hint: Define the type in this file: each subgraph declares all types that it uses.
    reviews.graphql:5:22  [reviews] INVALID_GRAPHQL  Unknown directive "@shareable". If you meant the "@shareable" federation directive, you should use fully-qualified name "@federation__shareable" or add "@shareable" to the \`import\` argument of the @link to the federation specification.
        hint: Add "@shareable" to the import list of the file's federation @link."
  `);
});

test('an unknown directive with nearly the same name as one of the gateway', async () => {
  const { problems } = await compose({
    ...SHOP,
    'reviews.graphql': SHOP['reviews.graphql'].replace('[String!]!', '[String!]! @rateLimits(limit: 3)'),
  });
  expect(problems.join('\n')).toMatchInlineSnapshot(`
    "reviews.graphql:5:23  [reviews] INVALID_GRAPHQL  Unknown directive "@rateLimits".
        hint: Did you mean "@rateLimit"? Otherwise declare it in the file: \`directive @rateLimits on …\`."
  `);
});

test('a field that cannot be reached', async () => {
  const { problems } = await compose({
    ...SHOP,
    'reviews.graphql': SHOP['reviews.graphql'].replace('"id"', '"upc"').replace('id: ID!', 'upc: ID!'),
  });
  expect(problems.join('\n')).toMatchInlineSnapshot(`
    "reviews.graphql:4:3  [reviews, products] SATISFIABILITY_ERROR  No subgraph can resolve "Product.upc" in this query:
        {
          product(id: ID!) {
            upc
          }
        }
        Here "Product" comes from "products", without the field.
        - "reviews" resolves it, but looks up "Product" by "upc", which is not available here.
        hint: Add "id" and @key(fields: "id") to "Product" in "reviews": it is available here. See also products.graphql:6:6.
    reviews.graphql:5:3  [reviews, products] SATISFIABILITY_ERROR  No subgraph can resolve "Product.reviews" in this query:
        {
          product(id: ID!) {
            reviews
          }
        }
        Here "Product" comes from "products", without the field.
        - "reviews" resolves it, but looks up "Product" by "upc", which is not available here.
        hint: Add "id" and @key(fields: "id") to "Product" in "reviews": it is available here. See also products.graphql:6:6."
  `);
});
