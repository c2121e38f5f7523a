import fc from 'fast-check';
import type { GraphQLFormattedError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import type { Source } from '../../src/sources/source.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { limitEntities } from '../../src/traffic/limit-entities.ts';
import { runs } from '../runs.ts';
import { createWorld, type RecordedRequest, type World } from '../worlds/world.ts';

/** What the shop has: products, by index, with the index of their owner. */
interface Shop {
  readonly owners: readonly number[];
  /** Products whose price cannot be read, whose stock is missing, and whose label is missing although it must not be. */
  readonly bad: {
    readonly price: readonly number[];
    readonly gone: readonly number[];
    readonly label: readonly number[];
  };
}

const id = (index: number) => `p${index}`;
const QUERY = '{ products { id price { amount currency } label owner { name } } best { id price { amount } } }';
/** One look-up for both places. */
const SHARED = '{ products { id price { amount currency } } best { id price { amount currency } } }';

/** A shop whose subgraph `stock` has entities of two types, which one request looks up. */
function shopWith({ owners, bad }: Shop) {
  const product = (index: number) => ({ id: id(index), owner: { id: `u${owners[index]}` } });
  const isIn = (list: readonly number[], of: string) => list.some((index) => id(index) === of);
  return createWorld({
    subgraphs: {
      catalog: {
        typeDefs: `
          type Query { products: [Product] best: Product }
          type Product @key(fields: "id") { id: ID! owner: User }
          type User @key(fields: "id") { id: ID! }`,
        resolvers: {
          Query: { products: () => owners.map((_, index) => product(index)), best: () => product(0) },
        },
      },
      stock: {
        typeDefs: `
          type Product @key(fields: "id") { id: ID! price: Price label: String! }
          type Price { amount: Int currency: String }
          type User @key(fields: "id") { id: ID! name: String }`,
        resolvers: {
          Product: {
            __resolveReference: (reference: { id: string }) => (isIn(bad.gone, reference.id) ? null : reference),
            price(parent: { id: string }) {
              if (isIn(bad.price, parent.id)) throw new Error(`no price for ${parent.id}`);
              return { amount: Number(parent.id.slice(1)), currency: 'EUR' };
            },
            label: (parent: { id: string }) => (isIn(bad.label, parent.id) ? null : `label of ${parent.id}`),
          },
          User: { name: (parent: { id: string }) => `name of ${parent.id}` },
        },
      },
    },
  });
}

/** Runs the query with at most so many entities for each request, or without a limit. */
async function run(
  shop: World,
  max: number | undefined,
  { query = QUERY, reportEveryPlace = false }: { query?: string; reportEveryPlace?: boolean } = {},
) {
  const limited = (source: Source) => (max === undefined ? source : limitEntities(source, max));
  const sources = new Map([...shop.sources].map(([name, source]) => [name, limited(source)]));
  const engine = createEngine({ supergraph: readSupergraph(shop.supergraphSdl), sources });
  const before = shop.requests.length;
  const client = { requestId: 'r', headers: {} };
  const { dataText, errors } = await engine.execute({ query, client, reportEveryPlace });
  const requests = shop.requests.slice(before).filter(({ variables }) => Object.keys(variables).length > 0);
  return { data: JSON.parse(dataText ?? 'null'), errors: sorted(errors), requests };
}

const sorted = (errors: readonly GraphQLFormattedError[]) =>
  [...errors].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** The lists of representations of a request, by variable. */
const listsOf = ({ variables }: RecordedRequest) => Object.entries(variables) as [string, object[]][];

const shop = fc.array(fc.nat(8), { minLength: 1, maxLength: 30 }).chain((owners) => {
  const some = fc.array(fc.nat(owners.length - 1), { maxLength: 4 });
  return fc.record({ owners: fc.constant(owners), bad: fc.record({ price: some, gone: some, label: some }) });
});

const options = fc.record({ query: fc.constantFrom(QUERY, SHARED), reportEveryPlace: fc.boolean() });

describe('a request that is split', () => {
  it('has the result of one that is not, also with errors at some of its entities', async () => {
    await fc.assert(
      fc.asyncProperty(shop, fc.integer({ min: 1, max: 12 }), options, async (facts, max, asked) => {
        const world = shopWith(facts);
        const [whole, split] = [await run(world, undefined, asked), await run(world, max, asked)];
        expect(split.data).toEqual(whole.data);
        expect(split.errors).toEqual(whole.errors);
        expect(world.violations).toEqual([]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('looks up each entity once, in requests that are full except the last', async () => {
    await fc.assert(
      fc.asyncProperty(shop, fc.integer({ min: 1, max: 12 }), async (facts, max) => {
        const world = shopWith(facts);
        const [whole, split] = [await run(world, undefined), await run(world, max)];
        const sizes = split.requests.map((request) => listsOf(request).flatMap(([, list]) => list).length);
        const total = whole.requests.flatMap(listsOf).flatMap(([, list]) => list).length;
        expect(sizes).toEqual(Array.from(sizes, (_, at) => Math.min(max, total - at * max)));
        const merged: Record<string, object[]> = {};
        for (const [name, list] of split.requests.flatMap(listsOf)) merged[name] = [...(merged[name] ?? []), ...list];
        expect(merged).toEqual(Object.fromEntries(whole.requests.flatMap(listsOf)));
      }),
      { numRuns: runs(100) },
    );
  });

  it('loses the entities of a part that fails, and no others; each such part has its errors', async () => {
    const facts = fc.array(fc.nat(8), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(facts, fc.integer({ min: 1, max: 12 }), fc.nat(29), async (owners, max, at) => {
        const world = shopWith({ owners, bad: { price: [], gone: [], label: [] } });
        const whole = await run(world, undefined);
        const failing = id(at % owners.length);
        const has = (request: RecordedRequest) =>
          listsOf(request).some(([, list]) => list.some((one) => idOf(one) === failing));
        world.fault({ kind: 'failure', subgraph: 'stock', when: has });
        const split = await run(world, max, { reportEveryPlace: true });
        // r0: products, r1: their owners, r2: the best one
        const lost = new Set(
          split.requests
            .filter(has)
            .flatMap(listsOf)
            .flatMap(([name, list]) => list.map((one) => `${name} ${idOf(one)}`)),
        );
        const places: (string | number)[][] = [];
        const expected = structuredClone(whole.data);
        for (const [index, owner] of owners.entries()) {
          if (lost.has(`r1 u${owner}`)) {
            expected.products[index].owner.name = null;
            places.push(['products', index, 'owner', 'name']);
          }
          if (!lost.has(`r0 ${id(index)}`)) continue;
          places.push(['products', index, 'price'], ['products', index, 'label']);
          expected.products[index] = null;
        }
        if (lost.has(`r2 ${id(0)}`)) {
          expected.best.price = null;
          places.push(['best', 'price']);
        }
        expect(split.data).toEqual(expected);
        const paths = split.errors.map(({ path }) => JSON.stringify(path));
        expect(paths.sort()).toEqual(places.map((path) => JSON.stringify(path)).sort());
        expect(new Set(split.errors.map(({ extensions }) => extensions?.code))).toEqual(
          new Set(['SUBREQUEST_HTTP_ERROR']),
        );
      }),
      { numRuns: runs(100) },
    );
  });
});

const idOf = (representation: object) => (representation as { id: string }).id;

it('a request within the limit is sent as it is', async () => {
  const world = shopWith({ owners: [0, 0, 0], bad: { price: [], gone: [], label: [] } });
  const [whole, limited] = [await run(world, undefined), await run(world, 5)];
  expect(whole.requests).toHaveLength(1);
  expect(limited.requests).toEqual(whole.requests);
});

it('values from contexts go with each part', async () => {
  const world = createWorld({
    subgraphs: {
      users: {
        typeDefs: 'type Query { users: [User!]! } type User @key(fields: "id") { id: ID! locale: String }',
        resolvers: { Query: { users: () => ['de', 'fr', 'de'].map((locale, at) => ({ id: `u${at}`, locale })) } },
      },
      pages: {
        typeDefs: `
          type User @key(fields: "id") @context(name: "reader") { id: ID! locale: String @external pages: [Page!]! }
          type Page @key(fields: "id") { id: ID! title(locale: String @fromContext(field: "$reader { locale }")): String }`,
        resolvers: {
          User: { pages: ({ id: user }: { id: string }) => [1, 2, 3].map((n) => ({ id: `${user}-${n}` })) },
          Page: { title: (page: { id: string }, { locale }: { locale: string }) => `${page.id} in ${locale}` },
        },
      },
    },
  });
  const query = '{ users { pages { title } } }';
  const whole = await run(world, undefined, { query });
  expect(whole.data.users[1].pages[0]).toEqual({ title: 'u1-1 in fr' });
  for (const max of [1, 2, 3, 4, 7, 8]) {
    const split = await run(world, max, { query });
    expect([split.data, split.errors]).toEqual([whole.data, []]);
    expect(split.requests.length).toBeGreaterThan(whole.requests.length);
  }
  expect(world.violations).toEqual([]);
});
