import { type GraphQLNamedType, printType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { createWorld } from '../worlds/world.ts';

const users = {
  typeDefs: `
    type Query { me: User }
    type User @key(fields: "id") @context(name: "reader") { id: ID! locale: String! page: Page! }
    type Page @key(fields: "id") { id: ID! text(locale: String @fromContext(field: "$reader { locale }")): String }`,
  resolvers: { Query: { me: () => ({ id: '1', locale: 'de', page: { id: 'p' } }) } },
};

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives#fromcontext */
describe('@context and @fromContext', () => {
  it('hides the argument from clients, and knows where its value comes from', () => {
    const { subgraphs, publicSchema } = readSupergraph(createWorld({ subgraphs: { users } }).supergraphSdl);
    expect(printType(publicSchema.getType('Page') as GraphQLNamedType)).toContain('text: String');
    expect(subgraphs[0]?.types.get('Page')?.fields.get('text')?.contextArguments).toEqual([
      { name: 'locale', type: 'String', context: 'users__reader', selection: '{ locale }' },
    ]);
  });

  it('refuses a field that takes a value from a context, rather than ask for it without', async () => {
    const world = createWorld({ subgraphs: { users } });
    const { dataText, errors, requests } = await world.query('{ me { locale page { text } } }');
    expect(dataText).toBeUndefined();
    expect(errors[0]?.message).toMatch(
      /^Page\.text cannot be asked for: its argument "locale" .* comes from @fromContext/,
    );
    expect(requests).toEqual([]);
  });

  it('answers everything else of such a subgraph', async () => {
    const { data } = await createWorld({ subgraphs: { users } }).query('{ me { locale page { id } } }');
    expect(data).toEqual({ me: { locale: 'de', page: { id: 'p' } } });
  });
});
