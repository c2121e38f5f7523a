import { readdirSync, readFileSync } from 'node:fs';
import { composeServices } from '@theguild/federation-composition';
import { buildSchema, isObjectType } from 'graphql';
import { expect, it } from 'vitest';
import { readSubgraphSdl } from '../../subgraphs/server/sdl.ts';
import { SERVICES, type ServiceName } from '../../subgraphs/services.ts';

const names = ['users', 'products', 'orders', 'reviews', 'inventory'] as const;
const schemas = new URL('../../schemas/', import.meta.url);

function compose() {
  return composeServices(names.map((name) => ({ name, url: `http://${name}`, typeDefs: readSubgraphSdl(name) })));
}

it('composes into one supergraph', () => {
  expect(compose().errors ?? []).toEqual([]);
});

it.each([
  ['Query', ['user', 'users', 'product', 'products']],
  ['Mutation', ['placeOrder', 'addReview']],
  ['User', ['id', 'name', 'email', 'orders', 'reviews']],
  ['Order', ['id', 'status', 'total', 'items']],
  ['OrderItem', ['quantity', 'product']],
  ['Product', ['id', 'name', 'price', 'thumbnailUrl', 'imageUrl', 'weight', 'reviews', 'inStock', 'shippingEstimate']],
  ['Review', ['id', 'body', 'rating', 'author', 'product']],
])('offers clients %s with %j', (typeName, fields) => {
  const type = buildSchema(compose().publicSdl ?? '').getType(typeName);
  expect(isObjectType(type) && Object.keys(type.getFields())).toEqual(expect.arrayContaining(fields));
});

it('hides what is @inaccessible', () => {
  expect(compose().supergraphSdl).toMatch(/cost: Int!.*@inaccessible/);
  expect(compose().publicSdl).not.toContain('cost: Int!');
});

it.each(names)('schemas/%s.graphql says where the demo service listens', (name: ServiceName) => {
  const variable = `\${${name.toUpperCase()}_URL:-http://127.0.0.1:${SERVICES[name].defaultPort}/graphql}`;
  expect(readFileSync(new URL(`${name}.graphql`, schemas), 'utf8')).toContain(`@subgraph(url: "${variable}")`);
});

it('every schema is served by a demo service', () => {
  const files = readdirSync(schemas).filter((file) => file.endsWith('.graphql'));
  expect(Object.keys(SERVICES)).toEqual(expect.arrayContaining(files.map((file) => file.replace('.graphql', ''))));
});
