import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { fieldsOfFragments } from '../../src/operation/deferred-fragments.ts';
import { normalise } from '../../src/operation/normalise.ts';
import { FieldIndex } from '../../src/planner/field-index.ts';
import { planInStages } from '../../src/planner/planner.ts';
import { checkPlan } from './invariants.ts';
import { planner } from './plan.ts';

const { supergraph: shop } = planner({
  users: `
    type Query { user: User users: [User!] }
    type Mutation { rename: User }
    type User @key(fields: "id") { id: ID! name: String email: String friends: [User!]! home: Home }
    type Home { city: String street: String }
    extend type Query { house: House guest: Guest }
    type House @key(fields: "number") { number: Int rooms: Int price: Int }
    type Guest @key(fields: "id", resolvable: false) { id: ID! name: String note: String }
  `,
  orders: 'type User @key(fields: "id") { id: ID! orders: [Int!] spent: Int }',
});

const { supergraph: media } = planner({
  library: `
    type Query { media: [Node!] }
    interface Node { id: ID! title: String author: Author }
    type Book implements Node @key(fields: "id") { id: ID! title: String author: Author }
    type Film implements Node @key(fields: "id") { id: ID! title: String author: Author }
    type Author @key(fields: "id") { id: ID! name: String email: String home: Home }
    type Home { city: String }
  `,
});

const { supergraph: books } = planner({
  library: `
    type Query { book: Book }
    type Book @key(fields: "id") { id: ID! title: String author: Author @shareable }
    type Author @key(fields: "id") { id: ID! name: String }
  `,
  people: `
    type Book @key(fields: "id") { id: ID! praise: String author: Author @shareable }
    type Author @key(fields: "id") { id: ID! biography: String }
  `,
});

const { supergraph: authors } = planner({
  library: `
    type Query { medium: Medium book: Book }
    interface Medium { title: String }
    type Book implements Medium @key(fields: "id") { id: ID! title: String }
  `,
  people: `
    type Book @key(fields: "id") { id: ID! authors: [Author!]! }
    type Author { name: String! email: String! }
  `,
  prices: 'type Book @key(fields: "id") { id: ID! price: Int @shareable }',
  registry: 'type Book @key(fields: "id") @key(fields: "shelf") { id: ID! shelf: ID! }',
  warehouse: 'type Book @key(fields: "shelf") { shelf: ID! stock: Int price: Int @shareable }',
});

const { supergraph: parcels } = planner({
  products: `
    type Query { product: Product products: [Product!] }
    type Product @key(fields: "id") { id: ID! name: String weight: Int size: Int }
  `,
  shipping: `
    type Product @key(fields: "id") {
      id: ID!
      weight: Int @external
      size: Int @external
      cost: Int @requires(fields: "weight")
      tax: Int @requires(fields: "weight size")
    }
  `,
});

/** The requests of a plan: `sets of fragments: subgraph document after …`, without sets for the rest. */
function requests(query: string, supergraph = shop): string[] {
  const document = parse(query);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('The document has no operation');
  const normal = normalise(document, operation, supergraph, {}, true);
  const { plan } = planInStages(normal, new FieldIndex(supergraph), fieldsOfFragments(normal));
  checkPlan(plan, supergraph);
  return plan.requests.map(({ groups, subgraph, document, dependsOn }) => {
    const sets = groups?.map((set) =>
      normal.fragmentSets
        ?.of(set)
        .map(({ label }) => label)
        .join('+'),
    );
    const asked = document.replace(/^query\(\$rep.*?\{(_entities)\(.*?\)(.*)\}$/, '$1 $2');
    return `${sets === undefined ? '' : `${sets}: `}${subgraph.name} ${asked} after ${dependsOn}`;
  });
}

it('a fragment looks entities up by key in the subgraph that the rest comes from, which does not wait for it', () => {
  expect(requests('{ user { name ... @defer(label: "a") { email orders } } }')).toMatchInlineSnapshot(`
    [
      "users {user{name id}} after ",
      "a: users _entities {...on User{email}} after 0",
      "a: orders _entities {...on User{orders}} after 0",
    ]
  `);
});

it('items of lists are looked up by key, too', () => {
  expect(requests('{ users { name ... @defer(label: "a") { email friends { name } } } }')).toMatchInlineSnapshot(`
    [
      "users {users{name id}} after ",
      "a: users _entities {...on User{email friends{name}}} after 0",
    ]
  `);
});

it('a fragment within another one looks up what that one has fetched', () => {
  const query = '{ ... @defer(label: "a") { users { name ... @defer(label: "b") { email orders } } } }';
  expect(requests(query)).toMatchInlineSnapshot(`
    [
      "a: users {users{name id}} after ",
      "b: users _entities {...on User{email}} after 0",
      "b: orders _entities {...on User{orders}} after 0",
    ]
  `);
  const below = '{ user { name ... @defer(label: "a") { friends { name ... @defer(label: "b") { email } } } } }';
  expect(requests(below)).toMatchInlineSnapshot(`
    [
      "users {user{name id}} after ",
      "a: users _entities {...on User{friends{name id}}} after 0",
      "b: users _entities {...on User{email}} after 1",
    ]
  `);
});

it('the key of objects that several fragments share comes with the objects', () => {
  const query = `{
    ... @defer(label: "a") { user { name ... @defer(label: "b") { email } } }
    ... @defer(label: "c") { user { name ... @defer(label: "d") { friends { id } } } }
  }`;
  expect(requests(query)).toMatchInlineSnapshot(`
    [
      "a+c: users {user{name id}} after ",
      "b: users _entities {...on User{email}} after 0",
      "d: users _entities {...on User{friends{id}}} after 0",
    ]
  `);
});

it('objects do not come from another subgraph because that one has the fields of a fragment', () => {
  const query =
    '{ book { title ... @defer(label: "a") { praise } author { name ... @defer(label: "b") { biography } } } }';
  expect(requests(query, books)).toMatchInlineSnapshot(`
    [
      "library {book{title author{name} id}} after ",
      "a: people _entities {...on Book{praise}} after 0",
      "b: people _entities {...on Book{author{biography}}} after 0",
    ]
  `);
  const ofObjectsOnly =
    '{ book { ... @defer(label: "a") { praise } author { ... @defer(label: "b") { biography } } } }';
  expect(requests(ofObjectsOnly, books)).toMatchInlineSnapshot(`
    [
      "library {book{author{__typename} id}} after ",
      "a: people _entities {...on Book{praise}} after 0",
      "b: people _entities {...on Book{author{biography}}} after 0",
    ]
  `);
});

it('a field beside a fragment does not come from another subgraph because that one has a field of the fragment', () => {
  const query = '{ book { title ... @defer(label: "a") { stock } price } }';
  expect(requests(query, authors)).toMatchInlineSnapshot(`
    [
      "library {book{title id}} after ",
      "prices _entities {...on Book{price}} after 0",
      "a: registry _entities {...on Book{shelf}} after 0",
      "a: warehouse _entities {...on Book{stock}} after 0,2",
    ]
  `);
});

it('items of a list without a key come with the list, where it is selected in a fragment and outside of it', () => {
  const query = `{ medium {
    ... on Book { authors { name } }
    title
    ... @defer(label: "a") { ... on Book { authors { name email } } }
    ... on Book { ... @defer(label: "b") { price authors { email } } }
  } }`;
  expect(requests(query, authors)).toMatchInlineSnapshot(`
    [
      "library {medium{__typename title ...on Book{id}}} after ",
      "people _entities {...on Book{authors{name email}}} after 0",
      "b: prices _entities {...on Book{price}} after 0",
    ]
  `);
});

it('a field of two fragments is fetched once', () => {
  const query = '{ user { id ... @defer(label: "a") { orders spent } ... @defer(label: "b") { spent } } }';
  expect(requests(query)).toMatchInlineSnapshot(`
    [
      "users {user{id}} after ",
      "a+b: orders _entities {...on User{spent}} after 0",
      "a: orders _entities {...on User{orders}} after 0",
    ]
  `);
});

it('objects that are selected in several type conditions come from one fetch', () => {
  const query =
    '{ media { id ... @defer(label: "a") { ... on Book { author { name } } ... on Node { author { email } } } } }';
  expect(requests(query, media)).toMatchInlineSnapshot(`
    [
      "library {media{__typename id author{email} ...on Book{author{name}}}} after ",
    ]
  `);
});

it('objects below fields that are selected around a type condition come from one fetch', () => {
  const query =
    '{ media { author { id } ... on Book { title } author { ... @defer(label: "a") { email home { city } } } } }';
  expect(requests(query, media)).toMatchInlineSnapshot(`
    [
      "library {media{__typename author{id home{city}} ...on Book{title}}} after ",
      "a: library _entities {...on Author{email}} after 0",
    ]
  `);
});

it('each object type of an interface is looked up by its own key', () => {
  expect(requests('{ media { id ... @defer(label: "a") { title } } }', media)).toMatchInlineSnapshot(`
    [
      "library {media{__typename id ...on Book{id} ...on Film{id}}} after ",
      "a: library query($r0:[_Any!]!,$r1:[_Any!]!){e0:_entities(representations:$r0){...on Book{title}} e1:_entities(representations:$r1){...on Film{title}}} after 0",
    ]
  `);
});

it('a mutation runs once, and what it returned is not looked up', () => {
  expect(requests('mutation { rename { name ... @defer(label: "a") { email orders } } }')).toMatchInlineSnapshot(`
    [
      "users mutation{rename{name email id}} after ",
      "a: orders _entities {...on User{orders}} after 0",
    ]
  `);
});

it('a mutation does not wait for the fragments of the one before', () => {
  const query = `mutation {
    first: rename { ... @defer(label: "a") { orders } }
    second: rename { name orders }
    third: rename { name }
  }`;
  expect(requests(query)).toMatchInlineSnapshot(`
    [
      "users mutation{first:rename{id}} after ",
      "a: orders _entities {...on User{orders}} after 0",
      "users mutation{second:rename{name id}} after 0",
      "orders _entities {...on User{orders}} after 2",
      "users mutation{third:rename{name}} after 2,3",
    ]
  `);
});

it('without fragments, there is one request', () => {
  expect(requests('{ user { name ... @defer(if: false) { email } } }')).toMatchInlineSnapshot(`
    [
      "users {user{name email}} after ",
    ]
  `);
});

describe('what a fragment adds to objects without a key is requested', () => {
  it('by the root field again, at the same time', () => {
    expect(requests('{ user { home { city ... @defer(label: "a") { street } } } }')).toMatchInlineSnapshot(`
      [
        "users {user{home{city}}} after ",
        "a: users {user{home{street}}} after ",
      ]
    `);
  });

  it('with the list around them, because another request could return other items', () => {
    expect(requests('{ users { home { city ... @defer(label: "a") { street } } } }')).toMatchInlineSnapshot(`
      [
        "users {users{home{city street}}} after ",
      ]
    `);
  });

  it('by the root field again, where parts of the key may be null', () => {
    expect(requests('{ house { rooms ... @defer(label: "a") { price } } }')).toMatchInlineSnapshot(`
      [
        "users {house{rooms}} after ",
        "a: users {house{price}} after ",
      ]
    `);
  });

  it('by the root field again, where the subgraph does not look the type up', () => {
    expect(requests('{ guest { name ... @defer(label: "a") { note } } }')).toMatchInlineSnapshot(`
      [
        "users {guest{name}} after ",
        "a: users {guest{note}} after ",
      ]
    `);
  });
});

describe('a subgraph that has fields of the rest and of a fragment is asked twice', () => {
  it('for root fields, at the same time', () => {
    expect(requests('{ user { name } ... @defer(label: "a") { users { name } } }')).toMatchInlineSnapshot(`
      [
        "users {user{name}} after ",
        "a: users {users{name}} after ",
      ]
    `);
  });

  it('for fields that are looked up by key, at the same time', () => {
    expect(requests('{ user { orders ... @defer(label: "a") { spent } } }')).toMatchInlineSnapshot(`
      [
        "users {user{id}} after ",
        "orders _entities {...on User{orders}} after 0",
        "a: orders _entities {...on User{spent}} after 0",
      ]
    `);
  });

  it('and once more for each set of fragments that needs other fields', () => {
    const query =
      '{ user { id ... @defer(label: "a") { name } ... @defer(label: "b") { email } ... @defer(label: "c") { name } } }';
    expect(requests(query)).toMatchInlineSnapshot(`
      [
        "users {user{id}} after ",
        "a+c: users _entities {...on User{name}} after 0",
        "b: users _entities {...on User{email}} after 0",
      ]
    `);
  });

  it('but not for what the rest reads anyway', () => {
    expect(requests('{ user { id ... @defer(label: "a") { id } } }')).toMatchInlineSnapshot(`
      [
        "users {user{id}} after ",
      ]
    `);
    expect(requests('{ user { orders ... @defer(label: "a") { id } } }')).toMatchInlineSnapshot(`
      [
        "users {user{id}} after ",
        "orders _entities {...on User{orders}} after 0",
      ]
    `);
  });
});

describe('a deferred field that another field requires', () => {
  it('comes with the objects where the rest requires it; other fields of the fragment are looked up', () => {
    const query = '{ product { name cost ... @defer(label: "a") { weight size } } }';
    expect(requests(query, parcels)).toMatchInlineSnapshot(`
      [
        "products {product{name id weight}} after ",
        "shipping _entities {...on Product{cost}} after 0",
        "a: products _entities {...on Product{size}} after 0",
      ]
    `);
  });

  it('is fetched once where its own fragment, or one around it, requires it', () => {
    const same = '{ product { name ... @defer(label: "a") { weight cost } } }';
    expect(requests(same, parcels)).toMatchInlineSnapshot(`
      [
        "products {product{name}} after ",
        "a: products {product{id weight}} after ",
        "a: shipping _entities {...on Product{cost}} after 0,1",
      ]
    `);
    const around = '{ product { name ... @defer(label: "a") { cost ... @defer(label: "b") { weight } } } }';
    expect(requests(around, parcels)).toMatchInlineSnapshot(`
      [
        "products {product{name}} after ",
        "a: products {product{id weight}} after ",
        "a: shipping _entities {...on Product{cost}} after 0,1",
      ]
    `);
  });

  it('is fetched for each fragment where another one requires it: neither waits for what it does not need', () => {
    const query = '{ product { name ... @defer(label: "a") { weight } ... @defer(label: "b") { tax } } }';
    expect(requests(query, parcels)).toMatchInlineSnapshot(`
      [
        "products {product{name id}} after ",
        "b: products {product{id weight size}} after ",
        "b: shipping _entities {...on Product{tax}} after 0,1",
        "a: products _entities {...on Product{weight}} after 0",
      ]
    `);
  });

  it('comes with the items of a list, which have what other fields require', () => {
    const query = '{ products { name ... @defer(label: "a") { weight } ... @defer(label: "b") { tax } } }';
    expect(requests(query, parcels)).toMatchInlineSnapshot(`
      [
        "products {products{name id weight size}} after ",
        "b: shipping _entities {...on Product{tax}} after 0",
      ]
    `);
  });
});
