import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { checkSatisfiability } from '../../../src/composition/satisfiability/check.ts';
import { explain } from '../../../src/composition/satisfiability/explain.ts';
import { withFederationLink } from '../../worlds/subgraph-sdl.ts';
import { createWorld } from '../../worlds/world.ts';

function check(subgraphs: Readonly<Record<string, string>>) {
  const services = Object.entries(subgraphs).map(([name, sdl]) => ({
    name,
    url: `http://${name}.test`,
    typeDefs: parse(withFederationLink(sdl)),
  }));
  const { errors, supergraphDocumentNode } = composeServices(services, {
    disableValidationRules: ['SatisfiabilityRule'],
  });
  if (!supergraphDocumentNode) throw new Error(errors?.map(({ message }) => message).join('\n'));
  const { failures, work } = checkSatisfiability(supergraphDocumentNode);
  const explanations = failures.map((failure) => explain(failure, supergraphDocumentNode));
  return {
    work,
    explanations,
    fields: failures.map(({ state, field }) => `${state.typeName}.${field ?? '__typename'}`),
    text: explanations.map(({ message, hint }) => `${message}\nhint: ${hint}`).join('\n'),
  };
}

test('a field whose subgraph has no key that is at hand', () => {
  const { text } = check({
    reviews:
      'type Query { topReview: Review } type Review { product: Product } type Product @key(fields: "upc") { upc: ID! }',
    products: 'type Product @key(fields: "id") { id: ID! name: String }',
  });
  expect(text).toMatchInlineSnapshot(`
    "No subgraph can resolve "Product.id" in this query:
    {
      topReview {
        product {
          id
        }
      }
    }
    Here "Product" comes from "reviews", without the field.
    - "products" resolves it, but looks up "Product" by "id", which is not available here.
    hint: Add "upc" and @key(fields: "upc") to "Product" in "products": it is available here.
    No subgraph can resolve "Product.name" in this query:
    {
      topReview {
        product {
          name
        }
      }
    }
    Here "Product" comes from "reviews", without the field.
    - "products" resolves it, but looks up "Product" by "id", which is not available here.
    hint: Add "upc" and @key(fields: "upc") to "Product" in "products": it is available here."
  `);
});

test('a value type without keys, which one subgraph has less of', () => {
  const { text } = check({
    a: 'type Query { a: V } type V @shareable { x: Int }',
    b: 'type Query { b: V } type V @shareable { x: Int y: Int }',
  });
  expect(text).toMatchInlineSnapshot(`
    "No subgraph can resolve "V.y" in this query:
    {
      a {
        y
      }
    }
    Here "V" comes from "a", without the field.
    - "b" resolves it, but has no @key to look up "V" by.
    hint: Give "V" a @key that "a" and "b" have, or add the field to "a" (@shareable in both)."
  `);
});

test('what a field requires cannot be had', () => {
  const { text } = check({
    a: 'type Query { t: T } type T @key(fields: "id") { id: ID! }',
    b: 'type T @key(fields: "id") { id: ID! size: Int @external weight: Int @requires(fields: "size") }',
    c: 'type T @key(fields: "code") { code: ID! size: Int }',
  });
  expect(text).toMatchInlineSnapshot(`
    "No subgraph can resolve "T.size" in this query:
    {
      t {
        size
      }
    }
    Here "T" comes from "a" and "b", without the field.
    - "c" resolves it, but looks up "T" by "code", which is not available here.
    - "b" only has it as @external.
    hint: Add "id" and @key(fields: "id") to "T" in "c": it is available here.
    No subgraph can resolve "T.weight" in this query:
    {
      t {
        weight
      }
    }
    Here "T" comes from "a" and "b".
    - "b" resolves it, but @requires "size", which is not available here.
    hint: Make "size" available wherever "T" is: give "T" a @key in the subgraphs that resolve it.
    No subgraph can resolve "T.code" in this query:
    {
      t {
        code
      }
    }
    Here "T" comes from "a" and "b", without the field.
    - "c" resolves it, but looks up "T" by "code", which is not available here.
    hint: Add "id" and @key(fields: "id") to "T" in "c": it is available here."
  `);
});

test('a field that takes a context that is set on one path only', () => {
  const { fields, text } = check({
    a: `type Query { user: User page: Page } type User @context(name: "user") @key(fields: "id") { id: ID! lang: String page: Page }
        type Page @key(fields: "id") { id: ID! title(lang: String @fromContext(field: "$user { lang }")): String }`,
  });
  expect(fields).toEqual(['Page.title']);
  expect(text).toContain('takes "lang" (context "user") by @fromContext');
});

test('an interface object of which no subgraph tells the types', () => {
  const { fields } = check({
    a: 'type Query { ok: Int } interface Media @key(fields: "id") { id: ID! } type Book implements Media @key(fields: "id") { id: ID! }',
    b: 'type Query { top: Media } type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int }',
  });
  expect(fields).toEqual([]);
  const { text } = check({
    a: `type Query { ok: Int } interface Media @key(fields: "id", resolvable: false) { id: ID! }
        type Book implements Media @key(fields: "id", resolvable: false) { id: ID! }`,
    b: 'type Query { top: Media } type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int }',
  });
  expect(text).toContain('No subgraph can resolve "__typename" of "Media" in this query:');
});

test('a mutation that two subgraphs share is asked of one of them', () => {
  const shared = (fields: string) => `type Mutation { add: V @shareable } type V @shareable { ${fields} }`;
  expect(check({ a: `type Query { ok: Int } ${shared('x: Int')}`, b: shared('x: Int y: Int') }).fields).toEqual([]);
  expect(
    check({ a: `type Query { ok: Int } ${shared('x: Int z: Int')}`, b: shared('x: Int y: Int') }).fields,
  ).toHaveLength(1);
});

test('a field moved by a label is had whether the label is on or off', () => {
  const { fields } = check({
    a: 'type Query { t: T } type T @key(fields: "id") { id: ID! x: Int }',
    b: 'type T @key(fields: "code") { code: ID! x: Int @override(from: "a", label: "percent(50)") }',
  });
  expect(fields).toContain('T.x');
});

test('recursion through the root composes, and is answered', async () => {
  const world = createWorld({
    subgraphs: {
      orders: {
        typeDefs:
          'type Query { orders: Int self: Query } type Mutation { pay: Outcome } type Outcome { query: Query ok: Boolean }',
        resolvers: {
          Query: { orders: () => 2, self: () => ({}) },
          Mutation: { pay: () => ({ ok: true }) },
          Outcome: { query: () => ({}) },
        },
      },
      users: { typeDefs: 'type Query { users: Int }', resolvers: { Query: { users: () => 3 } } },
    },
  });
  const { data, errors } = await world.query('{ self { users self { orders users } } }');
  expect({ data, errors }).toEqual({ data: { self: { users: 3, self: { orders: 2, users: 3 } } }, errors: [] });
  const paid = await world.query('mutation { pay { ok query { users orders } } }');
  expect(paid.data).toEqual({ pay: { ok: true, query: { users: 3, orders: 2 } } });
});

test('a union that one subgraph alone knows all of, and keys that hold objects', () => {
  const { fields } = check({
    a: `type Query { found: [Result] @shareable } union Result = Book | Film
        type Book @key(fields: "author { id } title") { author: Author title: String } type Film { id: ID! } type Author @key(fields: "id") { id: ID! }`,
    b: `type Query { found: [Result] @shareable } union Result = Book
        type Book @key(fields: "author { id } title") { author: Author title: String pages: Int } type Author @key(fields: "id") { id: ID! books: [Book] }`,
  });
  expect(fields).toEqual([]);
});

test('the work grows with the types, not with the paths', () => {
  const shop = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `s${i}`,
        `type Query { e${i}: E } type E @key(fields: "id") { id: ID! a${i}: Int b${i}: E }`,
      ]),
    );
  expect(check(shop(5))).toMatchObject({ fields: [], work: 2 });
  expect(check(shop(40))).toMatchObject({ fields: [], work: 2 });
});

test('sets of subgraphs that differ by path are not all gone through', () => {
  // `f1` leads to all subgraphs but s1, and so on: any set of subgraphs can be had
  const count = 12;
  const subgraphs = Object.fromEntries(
    Array.from({ length: count }, (_, own) => {
      const others = Array.from({ length: count - 1 }, (_, i) => i + 1).filter((i) => i !== own);
      const fields = others.map((i) => `f${i}: V`).join(' ');
      return [`s${own}`, `type Query { v: V @shareable } type V @shareable { x: Int ${fields} }`];
    }),
  );
  const { fields, work } = check(subgraphs);
  expect(fields).toEqual([]);
  expect(work).toBeLessThan(2 ** count);
});
