import { expect, test } from 'vitest';
import { as, engineOver, serveFiles } from './support.ts';

const SDL = `
  type Query { greet(name: String, langs: [String!], page: Int, id: ID, roles: [Role!]): String }
  type Mutation { note(id: ID!, text: String!, dry: Boolean): String }
  enum Role { ADMIN GUEST }
`;
const echo = {
  greet: (args: object) => JSON.stringify(args),
  note: (args: object) => JSON.stringify(args),
};

async function answerOf(text: string, path: string, init?: RequestInit) {
  const call = await serveFiles({ 'web/it.graphql': text }, engineOver(SDL, echo));
  const reply = await call(`/bff/web/it${path}`, init);
  const value = reply.json?.greet ?? reply.json?.note;
  return { ...reply, args: value ? JSON.parse(value) : undefined };
}

test('a header is read by its type; a list in it has commas', async () => {
  const text = `query ($langs: [String!] @from(header: "Accept-Language"), $page: Int @from(header: "X-Page")) {
    greet(langs: $langs, page: $page)
  }`;
  const { args } = await answerOf(text, '', { headers: { 'accept-language': 'de, en', 'x-page': '3' } });
  expect(args).toEqual({ langs: ['de', 'en'], page: 3 });
});

test('a bad header is told under its own name', async () => {
  const text = 'query ($page: Int! @from(header: "X-Page")) { greet(page: $page) }';
  const { status, json } = await answerOf(text, '', { headers: { 'x-page': 'three' } });
  expect(status).toBe(400);
  expect(json.errors).toEqual([
    {
      parameter: 'x-page',
      in: 'header',
      given: 'three',
      expected: 'a whole number from -2147483648 to 2147483647 (Int)',
    },
  ]);
});

test('a query parameter may be called something else than the variable', async () => {
  const text = 'query ($page: Int @from(query: "page[number]")) { greet(page: $page) }';
  expect((await answerOf(text, '?page[number]=2')).args).toEqual({ page: 2 });
  const { json } = await answerOf(text, '?page=2');
  expect(json.errors[0].expected).toContain('did you mean "page[number]"?');
});

test('a POST takes parameters from the query string, too, where it says so', async () => {
  const text =
    'mutation ($id: ID!, $text: String!, $dry: Boolean @from(query: "dry")) { note(id: $id, text: $text, dry: $dry) }';
  const body = JSON.stringify({ id: 'n1', text: 'hi' });
  const headers = { 'content-type': 'application/json' };
  expect((await answerOf(text, '?dry=true', { method: 'POST', body, headers })).args).toEqual({
    id: 'n1',
    text: 'hi',
    dry: true,
  });
});

const VIEWER = 'query ($me: ID! @from(claim: "sub")) { greet(id: $me) }';

test('a claim comes from the verified credential, and from nowhere else', async () => {
  expect((await answerOf(VIEWER, '', { headers: as({ sub: 'u1' }) })).args).toEqual({ id: 'u1' });
  const forged = await answerOf(VIEWER, '?me=u2', { headers: as({ sub: 'u1' }) });
  expect(forged.status).toBe(400);
  expect(forged.json.errors[0].expected).toBe('no "me" in the query: it is read from the verified credential');
});

test('without a credential 401, without the claim 403', async () => {
  const anonymous = await answerOf(VIEWER, '');
  expect(anonymous.status).toBe(401);
  expect(anonymous.headers.get('www-authenticate')).toBe('Bearer');
  const { status, json } = await answerOf(VIEWER, '', { headers: as({ name: 'no subject' }) });
  expect(status).toBe(403);
  expect(json.detail).toBe('The credential has no claim "sub" of the type ID!, which this endpoint reads.');
});

test.each([
  ['', 'Credentials are needed: send "Authorization: Bearer TOKEN".', 'Bearer'],
  ['kinds: ["session", "jwt"]', 'Credentials are needed: send "Authorization: Bearer TOKEN".', 'Bearer'],
  [
    'kinds: ["session"]',
    'A session is needed: log in at /bff/web/login.',
    'Session realm="headgate", login="/bff/web/login"',
  ],
  ['kinds: ["api_key", "certificate"]', 'An API key is needed.', 'ApiKey realm="headgate"'],
  ['kinds: ["certificate"]', 'A client certificate is needed.', 'Certificate realm="headgate"'],
])('a 401 says which credential would do: {%s}', async (kinds, detail, challenge) => {
  const { status, json, headers } = await answerOf(`query @endpoint(auth: {required: true ${kinds}}) { greet }`, '');
  expect([status, json.detail, headers.get('www-authenticate')]).toEqual([401, detail, challenge]);
});

test('a claim within claims, of its GraphQL type', async () => {
  const text = 'query ($roles: [Role!]! @from(claim: "realm.roles")) { greet(roles: $roles) }';
  expect((await answerOf(text, '', { headers: as({ realm: { roles: ['ADMIN'] } }) })).args).toEqual({
    roles: ['ADMIN'],
  });
  expect((await answerOf(text, '', { headers: as({ realm: { roles: ['KING'] } }) })).status).toBe(403);
});

test('an optional claim is simply left out', async () => {
  const text = 'query ($me: ID @from(claim: "sub")) { greet(id: $me) }';
  expect((await answerOf(text, '')).args).toEqual({});
});

test.each([
  ['query ($a: ID @from(header: "A", claim: "a")) { greet(id: $a) }', '@from on $a names 2 places; expected one.'],
  ['query ($a: ID @from) { greet(id: $a) }', '@from on $a names no place; expected one.'],
  [
    'query ($a: ID @from(claim: "a")) @endpoint(path: "/it/:a") { greet(id: $a) }',
    '$a is given by the path, so that @from has nothing to say.',
  ],
])('%s is refused', async (text, expected) => {
  const { json } = await answerOf(text, '');
  expect(json.problems.join()).toContain(expected);
});

test('who may call: 401 for nobody, 403 for too little, 200 for the right one', async () => {
  const text = 'query @endpoint(auth: {scopes: ["read:notes"], kinds: ["jwt"]}) { greet }';
  expect((await answerOf(text, '')).status).toBe(401);
  const poor = await answerOf(text, '', { headers: as({ sub: 'u1', scopes: ['read'] }) });
  expect(poor.status).toBe(403);
  expect(poor.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="read:notes"');
  expect((await answerOf(text, '', { headers: as({ scopes: ['read:notes'], kind: 'api_key' }) })).status).toBe(403);
  expect((await answerOf(text, '', { headers: as({ scopes: ['read:notes'] }) })).status).toBe(200);
});

test('the status of a good answer', async () => {
  const text = 'mutation @endpoint(status: 201) { note(id: 1, text: "") }';
  expect((await answerOf(text, '', { method: 'POST' })).status).toBe(201);
});
