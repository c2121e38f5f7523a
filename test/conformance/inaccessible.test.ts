import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives#inaccessible */
describe('@inaccessible', () => {
  const subgraphs = {
    accounts: {
      typeDefs: `
        type Query { account: Account state: State states: [State] }
        type Account @key(fields: "secret") { secret: ID! @inaccessible name: String }
        enum State { OPEN CLOSED @inaccessible }`,
      resolvers: {
        Query: {
          account: () => ({ secret: 's1', name: 'Ada' }),
          state: () => 'CLOSED',
          states: () => ['OPEN', 'CLOSED'],
        },
      },
    },
    balances: {
      typeDefs: 'type Account @key(fields: "secret") { secret: ID! @inaccessible balance: Int }',
      resolvers: { Account: { balance: ({ secret }: { secret: string }) => secret.length } },
    },
  };

  it('hides a field from clients', async () => {
    const { dataText, errors } = await createWorld({ subgraphs }).query('{ account { secret } }');
    expect(dataText).toBeUndefined();
    expect(errors[0]).toMatchObject({
      message: 'Cannot query field "secret" on type "Account".',
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  });

  it('still joins over a hidden key', async () => {
    const { data } = await createWorld({ subgraphs }).query('{ account { name balance } }');
    expect(data).toEqual({ account: { name: 'Ada', balance: 2 } });
  });

  it('answers null in place of a hidden enum value', async () => {
    const { data } = await createWorld({ subgraphs }).query('{ state states }');
    expect(data).toEqual({ state: null, states: ['OPEN', null] });
  });
});
