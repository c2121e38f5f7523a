import { setImmediate } from 'node:timers/promises';
import { GraphQLError, type GraphQLResolveInfo, print } from 'graphql';
import { expect, it } from 'vitest';
import { messagesOf } from '../worlds/incremental.ts';
import { createWorld } from '../worlds/world.ts';

/** Returns a value when everything else is there. */
async function late(value: string): Promise<string> {
  for (let turns = 0; turns < 50; turns++) await setImmediate();
  return value;
}

/** A user with an address, which has no key. A request that selects the street gets an error in place of the address. */
const world = (city: () => unknown, street: () => unknown) =>
  createWorld({
    subgraphs: {
      users: {
        typeDefs: 'type Query { me: User } type User { address: Address } type Address { city: String street: String }',
        resolvers: {
          Query: { me: () => ({}) },
          User: {
            address: async (_user: unknown, _args: unknown, _context: unknown, { fieldNodes }: GraphQLResolveInfo) => {
              if (!fieldNodes.map(print).join().includes('street')) return { city };
              await street();
              throw new GraphQLError('Streets are secret.');
            },
          },
        },
      },
    },
  });

it.each<{ when: string; city: () => unknown; street: () => unknown }>([
  { when: 'before the rest', city: () => late('Bern'), street: () => 'Hauptgasse' },
  { when: 'after the rest', city: () => 'Bern', street: () => late('Hauptgasse') },
])(
  'an error at an object of the rest comes with the fragment whose request has it, if that responds $when',
  async ({ city, street }) => {
    const query = '{ me { address { city ... @defer(label: "street") { street } } } }';
    const messages = await messagesOf(world(city, street), query);
    expect(messages.map((message) => JSON.stringify(message)).join('\n')).toMatchInlineSnapshot(`
      "{"data":{"me":{"address":{"city":"Bern"}}},"pending":[{"id":"0","path":["me","address"],"label":"street"}],"hasNext":true}
      {"incremental":[{"id":"0","data":{"street":null},"errors":[{"message":"Streets are secret.","path":["me","address"],"extensions":{"code":"DOWNSTREAM_SERVICE_ERROR","service":"users"}}]}],"completed":[{"id":"0"}],"hasNext":false}"
    `);
  },
);
