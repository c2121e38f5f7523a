import { describe, expect, it } from 'vitest';
import { planner } from './plan.ts';

const { stages, planApart } = planner({
  users: `
    type Query { user(id: ID!): User news: [String!] }
    type User @key(fields: "id") { id: ID! name: String! email: String friends: [User!]! }
  `,
  orders: `
    type User @key(fields: "id") { id: ID! orders: [Order!]! }
    type Order { total: Int! product: Product! }
    type Product @key(fields: "upc") { upc: ID! }
  `,
  picks: `
    type User @key(fields: "id") { id: ID! picks: [Pick!]! }
    type Pick { product: Product! }
    type Product @key(fields: "upc") { upc: ID! }
  `,
  products: 'type Product @key(fields: "upc") { upc: ID! name: String! weight: Int! }',
});

/** `subgraph document`, behind the number of the section for which it is alone. */
function requests(query: string, ...sections: string[]): string[] {
  return stages(query, {}, sections).plan.requests.map((request) => {
    const { subgraph, document, dependsOn } = request;
    const mark = request.groups === undefined ? '' : `${request.groups}: `;
    const asked = document.replace(/^query\(\$rep.*?\{(_entities)\(.*?\)(.*)\}$/, '$1 $2');
    return `${mark}${subgraph.name} ${asked} after ${dependsOn}`;
  });
}

describe('sections with a time of their own', () => {
  it('share no request with the rest, nor with each other', () => {
    const query = '{ user(id: 1) { name picks { product { name } } orders { product { name } } } }';
    expect(requests(query, 'user.picks')).toEqual([
      'users {user(id:1){name id}} after ',
      'orders _entities {...on User{orders{product{upc}}}} after 0',
      '0: picks _entities {...on User{picks{product{upc}}}} after 0',
      '0: products _entities {...on Product{name}} after 2',
      'products _entities {...on Product{name}} after 1',
    ]);
    expect(requests('{ a: news b: user(id: 1) { name } c: user(id: 1) { email } }', 'b', 'c')).toEqual([
      'users {a:news} after ',
      '0: users {b:user(id:1){name}} after ',
      '1: users {c:user(id:1){email}} after ',
    ]);
  });

  it('are asked of the same subgraph by a request of their own, at the same time', () => {
    expect(requests('{ user(id: 1) { name friends { name } } }', 'user.friends')).toEqual([
      'users {user(id:1){name}} after ',
      '0: users {user(id:1){friends{name}}} after ',
    ]);
  });

  it('find with the rest what the rest asks for as well', () => {
    const query = '{ user(id: 1) { name } p: user(id: 1) { name picks { product { upc } } } }';
    expect(requests(query, 'p')).toEqual([
      'users {user(id:1){name} p:user(id:1){name id}} after ',
      '0: picks _entities {...on User{picks{product{upc}}}} after 0',
    ]);
    // of another user the rest asks for nothing
    expect(requests(query.replace('p: user(id: 1)', 'p: user(id: 2)'), 'p')).toEqual([
      'users {user(id:1){name}} after ',
      '0: users {p:user(id:2){name id}} after ',
      '0: picks _entities {...on User{picks{product{upc}}}} after 1',
    ]);
  });

  it('that ask for the same, ask together, and go on alone', () => {
    const query = '{ news a: user(id: 1) { picks { product { upc } } } b: user(id: 1) { orders { total } } }';
    expect(requests(query, 'a', 'b')).toEqual([
      'users {news} after ',
      '0,1: users {a:user(id:1){id} b:user(id:1){id}} after ',
      '0: picks _entities {...on User{picks{product{upc}}}} after 1',
      '1: orders _entities {...on User{orders{total}}} after 1',
    ]);
    expect(planApart(query, 'a', 'b')).toContain('#1 users, for "a" and "b" alone\n');
  });

  it('that need more than the rest from the same look-up do not delay it', () => {
    const { stages } = planner({
      items: 'type Query { item: Item } type Item @key(fields: "id") { id: ID! size: Int }',
      costs: `type Item @key(fields: "id") {
        id: ID! cost: Int
        size: Int @external tax: Int @external
        price: Int @requires(fields: "tax size")
      }`,
      taxes: 'type Item @key(fields: "id") { id: ID! cost: Int @external tax: Int @requires(fields: "cost") }',
    });
    const { plan } = stages('{ item { cost price } }', {}, ['item.price']);
    expect(plan.requests.map(({ subgraph, groups, dependsOn }) => [subgraph.name, groups, dependsOn])).toEqual([
      ['items', undefined, []],
      ['items', [0], []],
      ['costs', undefined, [0]],
      ['taxes', [0], [0, 1, 2]],
      ['costs', [0], [0, 1, 3]],
    ]);
  });

  it('may be all there is', () => {
    expect(requests('{ user(id: 1) { orders { total } } }', 'user.orders')).toEqual([
      'users {user(id:1){id}} after ',
      '0: orders _entities {...on User{orders{total}}} after 0',
    ]);
    expect(requests('{ news }', 'news')).toEqual(['0: users {news} after ']);
  });

  it('that are not in the operation are not planned', () => {
    const query = 'query ($full: Boolean!) { user(id: 1) { name orders @include(if: $full) { total } } }';
    expect(stages(query, { full: false }, ['user.orders']).plan.requests).toHaveLength(1);
  });

  it('are named where a plan is printed', () => {
    expect(planApart('{ user(id: 1) { name } news }', 'news')).toContain('#1 users, for "news" alone\n');
  });
});
