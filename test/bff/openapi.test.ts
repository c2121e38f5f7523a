import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { validateOpenApi } from './openapi/support.ts';
import { engineOver, folderOf, serveBff, serveFiles } from './support.ts';

const SDL = `
  type Query { user(id: ID!): User, search(filter: Filter, kinds: [Kind!]): [Hit!]! }
  type Mutation { rename(id: ID!, name: String!): User }
  "Someone with an account."
  type User { id: ID!, "As on the doorbell." name: String!, age: Int, friends: [User!], home: Home }
  type Home { city: String!, since: DateTime }
  union Hit = User | Home
  enum Kind { PERSON PLACE }
  input Filter { text: String = "all", inner: Filter }
  scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")
`;

async function documentOf(files: Record<string, string>, path = '/bff/openapi.json') {
  const call = await serveFiles(files, engineOver(buildSchema(SDL), {}));
  const { status, json } = await call(path);
  expect(status).toBe(200);
  const validated = await validateOpenApi(json);
  expect(validated.errors ?? []).toEqual([]);
  expect(validated.valid).toBe(true);
  return json;
}

async function operationOf(text: string, method = 'get') {
  const { paths } = await documentOf({ 'app/it.graphql': text });
  return Object.values<Record<string, Record<string, unknown>>>(paths)[0]?.[method] as never as {
    readonly summary: string;
    readonly parameters: readonly object[];
    // biome-ignore lint/suspicious/noExplicitAny: a document of many shapes
    readonly [key: string]: any;
  };
}

/** The components of the only endpoint's document. */
async function componentsOf(text: string) {
  return (await documentOf({ 'app/it.graphql': text }, '/bff/app/openapi.json')).components.schemas;
}

test('the comment of the file is the documentation, and its example request gives the examples', async () => {
  const operation = await operationOf(`# Someone, by id. And more
# on the second line.
#   GET /bff/app/users/u7?first=2
query ($id: ID!, $lang: String @from(header: "Accept-Language")) @endpoint(path: "/users/:id") {
  user(id: $id) { name friends @skip(if: false) { name } home { city } }
  search(filter: {text: $lang}) { ... on User { id } }
}`);
  expect(operation.summary).toBe('Someone, by id.');
  expect(operation.description).toBe('Someone, by id. And more on the second line.');
  expect(operation.parameters).toEqual([
    { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: 'u7' },
    { name: 'accept-language', in: 'header', required: false, schema: { type: 'string' }, example: 'accept-language' },
  ]);
});

test('an answer as it is shaped: renamed, flattened, optional, and not null where that would be a 404', async () => {
  const components = await componentsOf(`query ($id: ID!) @endpoint(path: "/users/:id") {
    user(id: $id) { called: name age home @flatten { city } friends @optional(fallback: []) { id } }
  }`);
  expect(components).toMatchObject({
    ItAnswer: {
      type: 'object',
      properties: {
        user: { $ref: '#/components/schemas/ItAnswerUser' },
        meta: { $ref: '#/components/schemas/AnswerMeta' },
      },
      required: ['user'],
    },
    ItAnswerUser: {
      type: 'object',
      description: 'Someone with an account.',
      properties: {
        called: { type: 'string', description: 'As on the doorbell.' },
        age: { type: ['integer', 'null'] },
        city: { type: ['string', 'null'] },
        friends: { type: ['array', 'null'], items: { $ref: '#/components/schemas/ItAnswerUserFriends' } },
      },
      required: ['called', 'age', 'city', 'friends'],
    },
    AnswerMeta: { properties: { partial: { items: { $ref: '#/components/schemas/PartialFailure' } } } },
    PartialFailure: { properties: { path: { type: 'array', items: { type: 'string' } } } },
  });
});

test('input objects, enums and types that hold themselves are components', async () => {
  const document = await documentOf({
    'app/search.graphql':
      'query ($filter: Filter, $kinds: [Kind!]) @endpoint(method: POST) { search(filter: $filter, kinds: $kinds) { __typename } }',
  });
  expect(document.components.schemas).toMatchObject({
    Kind: { type: 'string', enum: ['PERSON', 'PLACE'] },
    Filter: {
      type: 'object',
      properties: {
        text: { type: ['string', 'null'], default: 'all' },
        inner: { anyOf: [{ $ref: '#/components/schemas/Filter' }, { type: 'null' }] },
      },
    },
  });
  expect(document.paths['/bff/app/search'].post.requestBody.content['application/json'].example).toEqual({
    filter: { text: 'all', inner: expect.anything() },
    kinds: ['PERSON'],
  });
});

test('which problems an endpoint may answer with, and what credentials it needs', async () => {
  const open = await operationOf('{ search { __typename } }');
  expect(Object.keys(open.responses)).toEqual(['200', '429', '502', '503', '504', 'default']);
  const secured = await operationOf(
    'mutation ($id: ID! @from(claim: "sub"), $name: String!) @endpoint(auth: {scopes: ["a"]}, status: 201) { rename(id: $id, name: $name) { id } }',
    'post',
  );
  expect(Object.keys(secured.responses)).toEqual([
    '201',
    '400',
    '401',
    '403',
    '404',
    '409',
    '413',
    '415',
    '422',
    '429',
    '502',
    '503',
    '504',
    'default',
  ]);
  expect(secured.security).toEqual([{ bearer: ['a'] }]);
  expect(secured.parameters).toMatchObject([{ name: 'Idempotency-Key', in: 'header', required: false }]);
});

test('each client has a document of its own, with shorter names', async () => {
  const files = { 'app/home.graphql': '{ search { __typename } }', 'web/home.graphql': '{ search { __typename } }' };
  const all = await documentOf(files);
  expect(Object.keys(all.paths)).toEqual(['/bff/app/home', '/bff/web/home']);
  expect(all.paths['/bff/app/home'].get.operationId).toBe('appHome');
  const own = await documentOf(files, '/bff/app/openapi.json');
  expect(Object.keys(own.paths)).toEqual(['/bff/app/home']);
  expect(own.paths['/bff/app/home'].get.operationId).toBe('home');
});

test('the page is complete in itself, and allows no other script', async () => {
  const call = await serveFiles({ 'app/home.graphql': '{ search { __typename } }' }, engineOver(buildSchema(SDL), {}));
  const { status, headers, text } = await call('/bff/docs');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'sha256-.{44}'/);
  expect(text).toContain('data-openapi="/bff/openapi.json"');
  expect(text).not.toMatch(/https?:\/\//);
  expect((await call('/bff/nobody/docs')).status).toBe(404);
});

test('without documentation there is none', async () => {
  const engine = engineOver(buildSchema(SDL), {});
  const { call } = await serveBff({ dir: folderOf({}), engine: () => engine, docs: false });
  expect((await call('/bff/openapi.json')).status).toBe(404);
});

test('the demo’s own endpoints', async () => {
  const { sources } = await readSources('schemas', {});
  const composition = composeSupergraph(sources);
  if (!composition.ok) throw new Error('The demo schemas do not compose.');
  const supergraph = readSupergraph(composition.supergraphSdl);
  const engine = { ...engineOver(supergraph.publicSchema, {}), supergraph };
  const { call } = await serveBff({ dir: 'bff', engine: () => engine });
  const { json } = await call('/bff/openapi.json');
  expect((await validateOpenApi(json)).errors ?? []).toEqual([]);
  expect(Object.keys(json.paths)).toContain('/bff/mobile/dashboard/{userId}');
  const { parameters } = json.paths['/bff/mobile/dashboard/{userId}'].get;
  expect(parameters[0]).toMatchObject({ name: 'userId', example: 'u1' });
  expect(parameters[1]).toMatchObject({ name: 'orders', schema: { type: 'integer', minimum: 0, maximum: 20 } });
});

test('what is deprecated says since when; a version that is not answered is not documented', async () => {
  const { paths } = await documentOf({
    'app/client.yaml': `deprecated: 2026-01-01
sunset: 2026-12-31
link: https://docs.example/v2
versions: { v2: { enabled: false }, v3: {} }`,
    'app/it.graphql': '# The old one.\n{ __typename }',
    'app/v2/it.graphql': '{ __typename }',
    'app/v3/it.graphql': '{ __typename }',
  });
  expect(Object.keys(paths)).toEqual(['/bff/app/it', '/bff/app/v3/it']);
  expect(paths['/bff/app/it'].get).toMatchObject({
    deprecated: true,
    summary: 'The old one.',
    description:
      'The old one.\n\nDeprecated since 2026-01-01. It will be removed on 2026-12-31. See https://docs.example/v2',
  });
  expect(paths['/bff/app/v3/it'].get).not.toHaveProperty('deprecated');
});
