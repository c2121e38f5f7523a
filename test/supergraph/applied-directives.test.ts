import { describe, expect, it } from 'vitest';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { composeSupergraph } from '../worlds/compose.ts';
import { withFederationLink } from '../worlds/subgraph-sdl.ts';

const sdl = composeSupergraph(
  new Map([
    [
      'shop',
      withFederationLink(`
        type Query {
          orders(first: Int): [Order!]! @authenticated @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
          name: String @tag(name: "public") @tag(name: "partner")
        }
        type Order @policy(policies: [["owner"], ["admin"]]) @cost(weight: 5) {
          total: Int @requiresScopes(scopes: [["orders:read", "totals:read"]]) @cost(weight: 2)
          note: String @inaccessible
        }`),
    ],
  ]),
);

describe('directives that policies read', () => {
  const { types } = readSupergraph(sdl);

  it.each([
    ['Query', 'orders', 'authenticated', [{}]],
    ['Query', 'orders', 'listSize', [{ slicingArguments: ['first'], requireOneSlicingArgument: false }]],
    ['Query', 'name', 'tag', [{ name: 'public' }, { name: 'partner' }]],
    ['Order', 'total', 'requiresScopes', [{ scopes: [['orders:read', 'totals:read']] }]],
    ['Order', 'total', 'cost', [{ weight: 2 }]],
    ['Order', 'note', 'inaccessible', [{}]],
  ])('%s.%s has @%s', (type, field, directive, uses) => {
    expect(types.get(type)?.fields.get(field)?.directives.get(directive)).toEqual(uses);
  });

  it('are on types, too', () => {
    const order = types.get('Order');
    expect(order?.directives.get('policy')).toEqual([{ policies: [['owner'], ['admin']] }]);
    expect(order?.directives.get('cost')).toEqual([{ weight: 5 }]);
    expect(types.get('Query')?.directives.size).toBe(0);
  });

  it('are known under the names that a supergraph gives them', () => {
    const renamed = sdl
      .replace(/@link\(url: "https:\/\/specs.apollo.dev\/authenticated\/v0.1"/, '$&, as: "loggedIn"')
      .replaceAll(/@authenticated\b/g, '@loggedIn');
    expect(renamed).toContain('as: "loggedIn"');
    expect(readSupergraph(renamed).types.get('Query')?.fields.get('orders')?.directives.has('authenticated')).toBe(
      true,
    );
  });
});
