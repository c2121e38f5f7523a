import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { expect, test } from 'vitest';
import { type LoadedEndpoints, loadEndpoints as loadFor } from '../../src/bff/endpoints/endpoints.ts';
import { folderOf } from './support.ts';

const schema = buildSchema(`
  type Query { user(id: ID!): User, users(ids: [ID!]!): [User!]! }
  type Mutation { rename(id: ID!, name: String!): User }
  type Subscription { joined: User }
  type User { id: ID!, name: String!, settings: Settings, friends: [User!], home: Address! }
  type Settings { id: ID!, theme: String }
  type Address { city: String }
`);

/** A schema as the endpoints see it, without what only a supergraph says. */
function loadEndpoints(dir: string, publicSchema: GraphQLSchema): Promise<LoadedEndpoints> {
  return loadFor(dir, { publicSchema, types: new Map(), cacheControl: [] });
}

/** Loads the files and gives each problem as `file:line:column code message`. */
async function problemsOf(files: Record<string, string>): Promise<string[]> {
  const dir = folderOf(files);
  const { problems } = await loadEndpoints(dir, schema);
  return problems.map(
    (problem) =>
      `${relative(dir, problem.file)}:${problem.line}:${problem.column} ${problem.code} ${problem.message.replaceAll(`${dir}/`, '')}`,
  );
}

function problemsOfOne(text: string): Promise<string[]> {
  return problemsOf({ 'mobile/it.graphql': text });
}

test('a file is an endpoint under its client, at the path that it asks for', async () => {
  const dir = folderOf({
    'mobile/profile.graphql': 'query ($id: ID!) @endpoint(path: "/people/:id") { user(id: $id) { name } }',
    'web/rename.graphql': 'mutation ($id: ID!, $name: String!) { rename(id: $id, name: $name) { id } }',
    'web/notes.txt': 'not an endpoint',
  });
  const { endpoints, problems } = await loadEndpoints(dir, schema);
  expect(problems).toEqual([]);
  expect(endpoints.map((endpoint) => `${endpoint.method} ${endpoint.path}`).sort()).toEqual([
    'GET /bff/mobile/people/:id',
    'POST /bff/web/rename',
  ]);
});

test('the engine gets the document without the directives of the gateway', async () => {
  const dir = folderOf({
    'mobile/a.graphql':
      'query Q($id: ID!) @endpoint { user(id: $id) { settings @optional @flatten { theme } ...F @flatten } } fragment F on User { name }',
  });
  expect((await loadEndpoints(dir, schema)).endpoints[0]?.query).not.toContain('@');
});

test('an endpoint cannot use @defer, which is for clients of /graphql', async () => {
  const withDefer = buildSchema(
    'directive @defer on INLINE_FRAGMENT type Query { me: User } type User { name: String }',
  );
  const dir = folderOf({ 'mobile/me.graphql': 'query @endpoint { me { ... @defer { name } } }' });
  const { problems } = await loadEndpoints(dir, withDefer);
  const hint = 'Remove @defer. A section with @optional comes later where the client accepts text/event-stream.';
  expect(problems).toMatchObject([{ message: 'Unknown directive "@defer".', hint }]);
});

test('a folder that is not there has no endpoints and no problems', async () => {
  expect(await loadEndpoints('/nowhere/at/all', schema)).toMatchObject({ endpoints: [], broken: [], problems: [] });
});

test('a schema may have types and directives of the same names as the gateway', async () => {
  const own = buildSchema(`
    directive @optional on FIELD
    enum HttpMethod { A }
    scalar EndpointJSON
    type Query { method: HttpMethod, any: EndpointJSON }
  `);
  const dir = folderOf({ 'a/b.graphql': 'query @endpoint(method: GET) { method any @optional(fallback: {x: 1}) }' });
  expect((await loadEndpoints(dir, own)).problems).toEqual([]);
});

test('a broken file is reported with its place, and does not hold up the others', async () => {
  const dir = folderOf({
    'mobile/bad.graphql': 'query {\n  user(',
    'mobile/good.graphql': '{ users(ids: []) { id } }',
  });
  const { endpoints, problems } = await loadEndpoints(dir, schema);
  expect(endpoints.map((endpoint) => endpoint.name)).toEqual(['good']);
  expect(problems).toMatchObject([{ code: 'GRAPHQL_PARSE_FAILED', line: 2 }]);
});

test('a field that the schema does not have, with its place', async () => {
  expect(await problemsOfOne('query ($id: ID!) {\n  user(id: $id) { nmae }\n}')).toEqual([
    'mobile/it.graphql:2:19 GRAPHQL_VALIDATION_FAILED Cannot query field "nmae" on type "User". Did you mean "name"?',
  ]);
});

test('an operation of a kind that the schema does not have', async () => {
  const queriesOnly = buildSchema('type Query { a: Int }');
  const dir = folderOf({ 'mobile/it.graphql': 'mutation @endpoint(method: POST) { rename }' });
  expect((await loadEndpoints(dir, queriesOnly)).problems.map(({ message }) => message)).toEqual([
    'The schema has no mutations.',
  ]);
});

test('an argument that @endpoint does not have, and a method that HTTP does not have', async () => {
  const found = await problemsOfOne('query @endpoint(pth: "/x", method: FETCH) { users(ids: []) { id } }');
  expect(found).toHaveLength(2);
  expect(found.join('\n')).toMatch(
    /Unknown argument "pth" on directive "@endpoint".*\n.*"FETCH" does not exist in "HttpMethod" enum/,
  );
});

test("arguments of the gateway's directives cannot be variables", async () => {
  expect(await problemsOfOne('query ($p: String) @endpoint(path: $p) { users(ids: []) { id } }')).toEqual([
    'mobile/it.graphql:1:20 ENDPOINT_DIRECTIVE Arguments of @endpoint cannot be variables, because the directive is read when the file is loaded.',
  ]);
});

test.each([
  ['fragment F on User { id }', 'ENDPOINT_OPERATIONS The file has no operation.'],
  [
    'query A { users(ids: []) { id } } query B { users(ids: []) { id } }',
    'ENDPOINT_OPERATIONS The file has 2 operations; an endpoint has exactly one.',
  ],
  ['query @endpoint(method: DELETE) { users(ids: []) { id } }', 'ENDPOINT_METHOD A query cannot be a DELETE endpoint.'],
  [
    'mutation @endpoint(method: GET) { rename(id: 1, name: "a") { id } }',
    'ENDPOINT_METHOD A mutation cannot be a GET endpoint.',
  ],
  [
    'query @endpoint(path: "/u/:id") { users(ids: []) { id } }',
    'ENDPOINT_PATH The path "/u/:id" has the parameter ":id", but the operation has no variable $id.',
  ],
  ['query @endpoint(path: "u") { users(ids: []) { id } }', 'ENDPOINT_PATH The path "u" does not start with "/".'],
  [
    'query @endpoint(path: "/a//b") { users(ids: []) { id } }',
    'ENDPOINT_PATH The path "/a//b" has a segment that is empty',
  ],
  [
    'query ($id: ID! @range(min: 1)) { user(id: $id) { id } }',
    'ENDPOINT_RANGE @range is on $id, which is not a number.',
  ],
])('%s', async (text, expected) => {
  const found = await problemsOfOne(text);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
});

test('two endpoints with one route are reported with both files; the first is served', async () => {
  const files = {
    'mobile/a.graphql': 'query ($id: ID!) @endpoint(path: "/u/:id") { user(id: $id) { id } }',
    'mobile/b.graphql': 'query ($name: ID!) @endpoint(path: "/u/:name") { user(id: $name) { id } }',
    'web/b.graphql': 'query ($name: ID!) @endpoint(path: "/u/:name") { user(id: $name) { id } }',
  };
  expect(await problemsOf(files)).toEqual([
    'mobile/b.graphql:1:1 ENDPOINT_DUPLICATE_ROUTE GET /bff/mobile/u/:name is in mobile/a.graphql already, as GET /bff/mobile/u/:id.',
  ]);
});

test('files with other endings than those that are read are reported with the right name', async () => {
  const found = await problemsOf({ 'mobile/a.gql': '{ a }', 'web/client.yml': 'auth: {}' });
  expect(found).toEqual([
    'mobile/a.gql:1:1 ENDPOINT_EXTENSION Files of endpoints end in ".graphql". This file is not read.',
    'web/client.yml:1:1 MISNAMED_FILE Settings of a client are only read from client.yaml, not from a file of this name.',
  ]);
});

test('files above and below the folders of clients are reported', async () => {
  const found = await problemsOf({
    'a.graphql': '{ a }',
    'mobile/deep/b.graphql': '{ b }',
    'what?/c.graphql': '{ c }',
  });
  expect(found.map((problem) => problem.split(' ', 2).join(' '))).toEqual([
    'a.graphql:1:1 ENDPOINT_MISPLACED',
    'mobile/deep/b.graphql:1:1 ENDPOINT_MISPLACED',
    'what?:1:1 ENDPOINT_CLIENT',
  ]);
});

test.each([
  [
    'settings @flatten { id }',
    'ENDPOINT_KEY_CLASH @flatten moves "id" out of "settings", but "id" is already selected there.',
  ],
  [
    's: settings @flatten { n: id } t: settings @flatten { n: theme }',
    'ENDPOINT_KEY_CLASH @flatten moves "n" out of "t", but "n" is already moved there from "s".',
  ],
  ['friends @flatten { name }', 'ENDPOINT_FLATTEN @flatten is on "friends", which is of type "[User!]".'],
  ['name @flatten', 'ENDPOINT_FLATTEN @flatten is on "name"'],
  ['home @optional { city }', 'ENDPOINT_OPTIONAL @optional is on "home", which is non-null (Address!)'],
  [
    'settings @flatten @optional(fallback: "none") { theme }',
    'ENDPOINT_OPTIONAL The fallback of a flattened section must be an object',
  ],
])('within a user: %s', async (selection, expected) => {
  const found = await problemsOfOne(`query ($id: ID!) { user(id: $id) { id ${selection} } }`);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
});

test('a root key "meta" is in the way of the list of failed sections', async () => {
  const found = await problemsOfOne('query ($id: ID!) { meta: user(id: $id) @optional { id } }');
  expect(found).toHaveLength(1);
  expect(found[0]).toContain('mobile/it.graphql:1:20 ENDPOINT_KEY_CLASH The response has its own key "meta"');
});

test('a file that cannot be read is reported, and does not hold up the others', async () => {
  const dir = folderOf({ 'mobile/good.graphql': '{ users(ids: []) { id } }' });
  symlinkSync('/nowhere/at/all', join(dir, 'mobile/gone.graphql'));
  const { endpoints, problems } = await loadEndpoints(dir, schema);
  expect(endpoints.map((endpoint) => endpoint.name)).toEqual(['good']);
  expect(problems).toMatchObject([{ code: 'UNREADABLE_FILE', message: 'The file cannot be read: ENOENT.' }]);
});

test('what is no file is not read: from a pipe, nothing may ever come', {
  skip: process.platform === 'win32',
}, async () => {
  const dir = folderOf({ 'mobile/good.graphql': '{ users(ids: []) { id } }' });
  symlinkSync('/dev/null', join(dir, 'mobile/pipe.graphql'));
  const { endpoints, problems } = await loadEndpoints(dir, schema);
  expect(endpoints.map((endpoint) => endpoint.name)).toEqual(['good']);
  expect(problems).toMatchObject([
    { code: 'UNREADABLE_FILE', message: 'The file cannot be read: it is a pipe, a socket or a device.' },
  ]);
});

test('an endpoint in a file with another ending is not left out in silence', async () => {
  expect(await problemsOf({ 'mobile/a.gql': '{ users(ids: []) { id } }', 'mobile/v2/b.graphqls': '{ a }' })).toEqual([
    'mobile/a.gql:1:1 ENDPOINT_EXTENSION Files of endpoints end in ".graphql". This file is not read.',
    'mobile/v2/b.graphqls:1:1 ENDPOINT_EXTENSION Files of endpoints end in ".graphql". This file is not read.',
  ]);
});
