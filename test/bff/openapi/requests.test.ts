import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { engineOver, serveFiles } from '../support.ts';
import { documentOf, ref } from './support.ts';

const SDL = `
  type Query { find(filter: Filter, by: Lookup, deep: Deep, grid: [[Int!]], n: Int, ids: [ID!]): String }
  type Mutation { act(by: Lookup): String }
  input Filter { inStock: Boolean, kind: Kind, max: Float }
  input Lookup @oneOf { id: ID, name: String }
  input Deep { range: Filter, tags: [String!], deep: Deep }
  enum Kind { A B }
`;
const root = { find: (given: object) => JSON.stringify(given), act: (given: object) => JSON.stringify(given) };

const operationOf = async (text: string, method = 'get') => {
  const { paths, components } = await documentOf(SDL, { 'app/it.graphql': text });
  return { ...paths['/bff/app/it'][method], schemas: components.schemas };
};

async function read(variables: string, query: string) {
  const names = [...variables.matchAll(/\$(\w+)/g)].map(([, name]) => `${name}: $${name}`).join(', ');
  const call = await serveFiles(
    { 'app/it.graphql': `query (${variables}) { find(${names}) }` },
    engineOver(buildSchema(SDL), root),
  );
  const { status, json } = await call(`/bff/app/it?${query}`);
  return status === 200 ? JSON.parse(json.find) : json.errors;
}

test('an input object in a query is deepObject, and JSON where it has objects within', async () => {
  const { parameters, schemas } = await operationOf(
    'query ($filter: Filter, $deep: Deep) { find(filter: $filter, deep: $deep) }',
  );
  expect(parameters).toMatchObject([
    { name: 'filter', in: 'query', style: 'deepObject', explode: true, schema: ref('Filter') },
    { name: 'deep', in: 'query', content: { 'application/json': { schema: ref('Deep') } } },
  ]);
  expect(schemas.Filter.properties.inStock).toEqual({ type: ['boolean', 'null'] });
});

test('an input object is read as deepObject and as JSON', async () => {
  const filter = { inStock: true, kind: 'A', max: 2.5 };
  expect(await read('$filter: Filter', 'filter[inStock]=true&filter[kind]=A&filter[max]=2.5')).toEqual({ filter });
  expect(await read('$filter: Filter', 'filter%5BinStock%5D=true&filter%5Bkind%5D=A&filter%5Bmax%5D=2.5')).toEqual({
    filter,
  });
  expect(await read('$filter: Filter', `filter=${JSON.stringify(filter)}`)).toEqual({ filter });
});

test('members of members and lists are read as other programs write them', async () => {
  const deep = { range: { max: 5 }, tags: ['a', 'b', 'c'] };
  expect(await read('$deep: Deep', 'deep[range][max]=5&deep[tags]=a&deep[tags]=b&deep[tags][]=c')).toEqual({ deep });
  expect(await read('$deep: Deep', 'deep[range][max]=5&deep[tags][0]=a&deep[tags][1]=b&deep[tags][2]=c')).toEqual({
    deep,
  });
  expect(await read('$deep: Deep', 'deep[range]={"max":5}&deep[tags]=a')).toEqual({
    deep: { range: { max: 5 }, tags: ['a'] },
  });
});

test.each([
  ['filter[stock]=true', 'filter[stock]', /a member of Filter, given once; its members are: inStock, kind, max/],
  ['filter[inStock]=perhaps', 'filter.inStock', /true or false/],
  ['filter[inStock]=true&filter[inStock]=false', 'filter[inStock]', /given once/],
  ['filter[inStock]=true&filter={}', 'filter', /not both/],
  ['filter[inStock][x]=true', 'filter[inStock][x]', /a member of Filter/],
  ['filter[__proto__]=true', 'filter[__proto__]', /a member of Filter/],
  ['other[inStock]=true', 'other[inStock]', /no parameter of this name/],
])('%s is refused', async (query, parameter, expected) => {
  expect(await read('$filter: Filter', query)).toMatchObject([
    { parameter, in: 'query', expected: expect.stringMatching(expected) },
  ]);
});

test('@oneOf is an object with exactly one property, which is not null', async () => {
  const { requestBody, schemas } = await operationOf('mutation ($by: Lookup!) { act(by: $by) }', 'post');
  expect(schemas.Lookup).toEqual({
    type: 'object',
    properties: { id: { type: 'string' }, name: { type: 'string' } },
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
  });
  expect(requestBody.content['application/json']).toMatchObject({
    schema: ref('ItBody'),
    example: { by: { id: '1' } },
  });
  expect(await read('$by: Lookup', 'by[name]=Ada')).toEqual({ by: { name: 'Ada' } });
});

test('a list within a list is JSON in each parameter', async () => {
  const { parameters } = await operationOf('query ($grid: [[Int!]]) { find(grid: $grid) }');
  const contentSchema = { type: 'array', items: { type: 'integer', format: 'int32' } };
  expect(parameters[0].schema).toMatchObject({
    type: 'array',
    items: { type: 'string', contentMediaType: 'application/json', contentSchema },
  });
  expect(await read('$grid: [[Int!]]', 'grid=[1,2]&grid=[3]')).toEqual({ grid: [[1, 2], [3]] });
});

test('a list in a path is one segment with commas', async () => {
  const files = { 'app/it.graphql': 'query ($ids: [ID!]) @endpoint(path: "/it/:ids") { find(ids: $ids) }' };
  const call = await serveFiles(files, engineOver(buildSchema(SDL), root));
  expect(JSON.parse((await call('/bff/app/it/a,b%2Cc')).json.find)).toEqual({ ids: ['a', 'b,c'] });
});

test('each operation says what credentials it needs, as it is enforced', async () => {
  const acceptedCredentials = { tokens: true, apiKeys: true, logins: new Set(['app']) };
  const files = {
    'app/open.graphql': '{ find }',
    'app/any.graphql': 'query @endpoint(auth: {}) { find }',
    'app/required.graphql': 'query @endpoint(auth: {required: true, scopes: ["a"]}) { find }',
    'app/keys.graphql': 'query @endpoint(auth: {required: true, kinds: ["api_key", "certificate"]}) { find }',
    'app/optional.graphql': 'query @endpoint(auth: {required: false, kinds: ["jwt"]}) { find }',
    'app/mine.graphql': 'query ($n: Int! @from(claim: "n")) { find(n: $n) }',
    'app/perhaps.graphql': 'query ($n: Int @from(claim: "n")) { find(n: $n) }',
  };
  const documentSettings = { apiKeyHeader: 'x-shop-key', sessionCookies: new Map([['app', '__Host-headgate-app']]) };
  const { paths, components } = await documentOf(SDL, files, { acceptedCredentials, documentSettings });
  const all = [{ bearer: [] }, { apiKey: [] }, { session: [] }];
  const securityOf = (name: string) => paths[`/bff/app/${name}`].get.security;
  expect(securityOf('open')).toEqual([]);
  expect(securityOf('required')).toEqual([{ bearer: ['a'] }, { apiKey: ['a'] }, { session: ['a'] }]);
  expect(securityOf('keys')).toEqual([{ apiKey: [] }, { certificate: [] }]);
  expect(securityOf('optional')).toEqual([{}, { bearer: [] }]);
  expect(securityOf('mine')).toEqual(all);
  expect(securityOf('perhaps')).toEqual([{}, ...all]);
  expect(components.securitySchemes).toEqual({
    bearer: { type: 'http', scheme: 'bearer' },
    apiKey: { type: 'apiKey', in: 'header', name: 'x-shop-key' },
    certificate: { type: 'mutualTLS' },
    session: { type: 'apiKey', in: 'cookie', name: '__Host-headgate-app' },
  });
});

test('title, version, servers and security are those of the configuration', async () => {
  const servers = [{ url: 'https://api.example.com' }];
  const securitySchemes = { proxy: { type: 'apiKey', in: 'header', name: 'x-proxy' } };
  const documentSettings = { title: 'Shop', version: '2.1', servers, securitySchemes, security: [{ proxy: [] }] };
  const files = { 'app/place-order.graphql': '{ find }', 'app/client.yaml': 'openapi: { version: "2.2" }' };
  const document = await documentOf(SDL, files, { documentSettings });
  expect(document).toMatchObject({
    info: { title: 'Shop', version: '2.2', license: { name: 'Proprietary' } },
    servers,
    security: [{ proxy: [] }],
    components: { securitySchemes },
  });
  const { get } = document.paths['/bff/app/place-order'];
  expect(get).toMatchObject({ summary: 'Place order', description: 'Place order' });
  expect(get).not.toHaveProperty('security');
});
