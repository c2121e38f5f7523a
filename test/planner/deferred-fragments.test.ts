import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { fieldsOfFragments } from '../../src/operation/deferred-fragments.ts';
import { normalise } from '../../src/operation/normalise.ts';
import { FieldIndex } from '../../src/planner/field-index.ts';
import { planInStages } from '../../src/planner/planner.ts';
import { checkPlan } from './invariants.ts';
import { planner } from './plan.ts';

const { supergraph } = planner({
  users: `
    type Query { user: User users: [User!] }
    type Mutation { rename: User }
    type User @key(fields: "id") { id: ID! name: String email: String friends: [User!]! }
  `,
  orders: 'type User @key(fields: "id") { id: ID! orders: [Int!] spent: Int }',
});

/** The requests of a plan: `sets of fragments: subgraph document after …`, without sets for the rest. */
function requests(query: string): string[] {
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

it('what the rest needs shares no request with a fragment', () => {
  expect(requests('{ user { name ... @defer(label: "a") { email orders } } }')).toEqual([
    'users {user{name}} after ',
    'a: users {user{email id}} after ',
    'a: orders _entities {...on User{orders}} after 0,1',
  ]);
});

it('fields below a list come with the list, which another request could return with other items', () => {
  expect(requests('{ users { name ... @defer(label: "a") { email friends { name } } } }')).toEqual([
    'users {users{name email friends{name}}} after ',
  ]);
  expect(requests('{ ... @defer(label: "a") { users { name ... @defer(label: "b") { email orders } } } }')).toEqual([
    'a: users {users{name email id}} after ',
    'b: orders _entities {...on User{orders}} after 0',
  ]);
});

it('a field of two fragments is fetched once', () => {
  const query = '{ user { id ... @defer(label: "a") { orders spent } ... @defer(label: "b") { spent } } }';
  expect(requests(query)).toEqual([
    'users {user{id}} after ',
    'a: orders _entities {...on User{orders}} after 0',
    'a+b: orders _entities {...on User{spent}} after 0',
  ]);
});

it('a mutation runs once', () => {
  expect(requests('mutation { rename { name ... @defer(label: "a") { email orders } } }')).toEqual([
    'users mutation{rename{name email id}} after ',
    'a: orders _entities {...on User{orders}} after 0',
  ]);
});

describe('a subgraph that has fields of the rest and of a fragment is asked twice', () => {
  it('for fields of a root field, at the same time', () => {
    expect(requests('{ user { name ... @defer(label: "a") { email } } }')).toMatchInlineSnapshot(`
      [
        "users {user{name}} after ",
        "a: users {user{email}} after ",
      ]
    `);
  });

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
        "a+c: users {user{name}} after ",
        "b: users {user{email}} after ",
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
