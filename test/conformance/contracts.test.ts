import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Contract } from '../../src/supergraph/contract.ts';
import { createWorld } from '../worlds/world.ts';

const shop = {
  typeDefs: `
    type Query {
      products(limit: Int, debug: Boolean @tag(name: "internal")): [Product!]! @tag(name: "partner")
      users: [User!]!
      media: Media @tag(name: "partner")
    }
    type Product @key(fields: "id") {
      id: ID! @tag(name: "partner")
      state: State @tag(name: "partner")
      margin: Int @tag(name: "partner") @tag(name: "internal")
      owner: User @tag(name: "partner")
    }
    enum State { ON OFF SECRET @tag(name: "internal") }
    type User { email: String }
    union Media @tag(name: "partner") = Book | Film
    type Book @tag(name: "partner") { title: String }
    type Film { title: String }`,
  resolvers: {
    Query: {
      products: () => [
        { id: '1', state: 'ON' },
        { id: '2', state: 'SECRET' },
      ],
      media: () => ({ __typename: 'Film', title: 'Solaris' }),
    },
  },
};
const prices = {
  typeDefs: `type Product @key(fields: "id") { id: ID! price: Int @tag(name: "partner") cost: Int }`,
  resolvers: { Product: { price: ({ id }: { id: string }) => Number(id) * 10 } },
};
const partner = { name: 'partner', include: ['partner'], exclude: ['internal'] };

function open(contract: Contract) {
  const world = createWorld({ subgraphs: { shop, prices }, engine: { contracts: [contract] } });
  const ask = async (query: string) => {
    const client = { requestId: 'test', headers: {} };
    const { dataText, errors } = await world.engine.execute({ query, client, contract: contract.name });
    return { data: JSON.parse(dataText ?? 'null'), errors };
  };
  return { world, ask };
}

async function schemaOf(contract: Contract): Promise<string> {
  const { data } = await open(contract).ask(getIntrospectionQuery());
  return printSchema(buildClientSchema(data as IntrospectionQuery));
}

/** https://www.apollographql.com/docs/graphos/platform/schema-management/delivery/contracts/reference */
describe('contracts by @tag', () => {
  it('shows only what is included, and what is excluded never', async () => {
    expect(await schemaOf(partner)).toMatchInlineSnapshot(`
      """"
      Lets the gateway send the fields of a fragment after the rest of the result.
      """
      directive @defer(
        """Whether the fragment may come later."""
        if: Boolean! = true

        """Names the fragment in the response."""
        label: String
      ) on FRAGMENT_SPREAD | INLINE_FRAGMENT

      """Lets the gateway send items of a list after the rest of the result."""
      directive @stream(
        """Whether items may come later."""
        if: Boolean! = true

        """Names the list in the response."""
        label: String

        """How many items come with what is around the list."""
        initialCount: Int! = 0
      ) on FIELD

      type Product {
        id: ID!
        price: Int
        state: State
      }

      type Query {
        products(limit: Int): [Product!]!
        media: Media
      }

      type Book {
        title: String
      }

      union Media = Book

      enum State {
        ON
        OFF
      }"
    `);
  });

  it('hides only what is excluded where nothing is said to be included', async () => {
    const printed = await schemaOf({ name: 'outside', include: [], exclude: ['internal'] });
    expect(printed).toContain('users: [User!]!');
    expect(printed).not.toMatch(/margin|debug|SECRET/);
  });

  it('answers over the same subgraphs, with the plans of the whole', async () => {
    const { ask, world } = open(partner);
    expect(await ask('{ products { id price } }')).toEqual({
      data: {
        products: [
          { id: '1', price: 10 },
          { id: '2', price: 20 },
        ],
      },
      errors: [],
    });
    expect((await world.query('{ products { price cost } }')).errors).toEqual([]);
  });

  it('does not know of what is hidden', async () => {
    const { errors } = await open(partner).ask('{ products { cost } }');
    expect(errors[0]?.message).toBe('Cannot query field "cost" on type "Product".');
  });

  it('shows no hidden enum value and no object of a hidden type that turns up at run time, and names neither', async () => {
    const { data, errors } = await open(partner).ask('{ products { state } media { __typename } }');
    expect(data).toEqual({ products: [{ state: 'ON' }, { state: null }], media: null });
    expect(errors.map(({ path }) => path)).toEqual([['products', 1, 'state'], ['media']]);
    expect(JSON.stringify(errors)).not.toMatch(/SECRET|Film/);
  });

  it.each([
    [
      { include: ['nobody'] },
      'The contract "bad" shows nothing of Query. Give a field of Query one of the tags "nobody".',
    ],
    [{ exclude: ['root'] }, 'shows nothing of Query'],
    [{ exclude: ['argument'] }, 'Query.find(id:) is required, but hidden.'],
    [{ exclude: ['object'] }, 'Cat.name is hidden, but Pet.name, which it implements, is shown.'],
  ])('refuses %j', (filter, message) => {
    const pets = {
      typeDefs: `
        type Query @tag(name: "root") { find(id: ID! @tag(name: "argument")): Pet }
        interface Pet { name: String }
        type Cat implements Pet { name: String @tag(name: "object") age: Int }`,
    };
    const contract = { name: 'bad', include: [], exclude: [], ...filter };
    expect(() => createWorld({ subgraphs: { pets }, engine: { contracts: [contract] } }).engine).toThrow(message);
  });
});
