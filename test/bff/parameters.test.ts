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
  const response = await call(`/bff/web/it${path}`, init);
  const value = response.json?.greet ?? response.json?.note;
  return { ...response, args: value ? JSON.parse(value) : undefined };
}

test('a header is read by its type; a list in it has commas', async () => {
  const text = `query ($langs: [String!] @from(header: "Accept-Language"), $page: Int @from(header: "X-Page")) {
    greet(langs: $langs, page: $page)
  }`;
  const { args } = await answerOf(text, '', { headers: { 'accept-language': 'de, en', 'x-page': '3' } });
  expect(args).toEqual({ langs: ['de', 'en'], page: 3 });
});

test('a bad header is reported under its own name', async () => {
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
  [
    'kinds: ["session", "jwt"]',
    'Credentials are needed: send "Authorization: Bearer TOKEN", or log in at /bff/web/login.',
    'Bearer, Session realm="headgate", login="/bff/web/login"',
  ],
  [
    'kinds: ["session"]',
    'Credentials are needed: log in at /bff/web/login.',
    'Session realm="headgate", login="/bff/web/login"',
  ],
  [
    'kinds: ["api_key", "certificate"]',
    'Credentials are needed: send an API key, or use a client certificate.',
    'ApiKey realm="headgate", Certificate realm="headgate"',
  ],
  ['kinds: ["certificate"]', 'Credentials are needed: use a client certificate.', 'Certificate realm="headgate"'],
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
  ['query ($a: ID @from(header: "A", claim: "a")) { greet(id: $a) }', '@from on $a names 2 sources; expected one.'],
  ['query ($a: ID @from) { greet(id: $a) }', '@from on $a names no source; expected one.'],
  [
    'query ($a: ID @from(claim: "a")) @endpoint(path: "/it/:a") { greet(id: $a) }',
    '$a is read from the path, so @from would be ignored.',
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

test.each([
  [
    'nests deeper than any parameter',
    `{"text": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    400,
    'has more than 200 levels of objects and lists',
  ],
  ['nests deeper, and does not end', '['.repeat(100_000), 400, 'is not JSON: '],
  ['has a name twice', '{"id": "1", "text": "a", "te\\u0078t": "b"}', 400, 'has "te\\u0078t" twice in one object'],
  ['has a name twice further down', '{"id": [{"a": 1, "b": {"a": 2}, "a": 3}]}', 400, 'has "a" twice in one object'],
  ['has what is no number', '{"id": NaN, "text": ""}', 400, 'is not JSON: '],
  ['is a list', '[]', 400, 'is JSON, but not an object'],
  ['is null', 'null', 400, 'is JSON, but not an object'],
  ['is not in UTF-8', Buffer.from([0x7b, 0x22, 0xe4, 0x22, 0x7d]), 400, 'is not valid UTF-8.'],
  ['is in UTF-16', Buffer.from('{"id": "1", "text": "a"}', 'utf16le'), 400, 'is not JSON: '],
] as const)('for a body that %s, the problem says what is wrong with it', async (_, body, status, detail) => {
  const text = 'mutation ($id: ID!, $text: String!) { note(id: $id, text: $text) }';
  const headers = { 'content-type': 'application/json' };
  const response = await answerOf(text, '', { method: 'POST', body, headers });
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response).toMatchObject({ status, json: { type: 'urn:headgate:problem:invalid-body' } });
  expect(response.json.detail).toContain(`The body ${detail}`);
});

test.each([
  ['text/plain', {}, 'The body is of the type "text/plain"; send application/json.'],
  ['application/json; charset=latin1', {}, 'The body is in latin1; send application/json in UTF-8.'],
  [
    'application/json',
    { 'content-encoding': 'compress' },
    expect.stringContaining('the coding "compress" is not supported'),
  ],
])('a body that is %s %o is of no use', async (type, more, detail) => {
  const text = 'mutation ($id: ID!, $text: String!) { note(id: $id, text: $text) }';
  const headers = { 'content-type': type, ...more };
  const { status, json } = await answerOf(text, '', { method: 'POST', body: '{"id": "1", "text": "a"}', headers });
  expect({ status, detail: json.detail }).toEqual({ status: 415, detail });
});

test('a byte order mark and quotes around the charset do no harm', async () => {
  const text = 'mutation ($id: ID!, $text: String!) { note(id: $id, text: $text) }';
  const headers = { 'content-type': 'application/json; charset="UTF-8"' };
  const body = '\ufeff{"id": 9007199254740991, "text": "\\"{[,:\\\\"}';
  const { args } = await answerOf(text, '', { method: 'POST', body, headers });
  expect(args).toEqual({ id: '9007199254740991', text: '"{[,:\\' });
});

test('members that every object seems to have are unknown parameters', async () => {
  const text = 'mutation ($id: ID!, $text: String!) { note(id: $id, text: $text) }';
  const headers = { 'content-type': 'application/json' };
  const body = '{"__proto__": {"id": "1"}, "constructor": 1, "text": "a"}';
  const { status, json } = await answerOf(text, '?__proto__=1', { method: 'POST', body, headers });
  expect(status).toBe(400);
  const reported = json.errors.map((error: { parameter: string; in: string }) => `${error.in} ${error.parameter}`);
  expect(reported).toEqual(['body id', 'query __proto__', 'body __proto__', 'body constructor']);
});

test('a number may have a range: what is outside is refused, with what is expected', async () => {
  const text = 'query ($page: Int! = 1 @range(min: 1, max: 50)) { greet(page: $page) }';
  for (const page of ['1', '50']) expect((await answerOf(text, `?page=${page}`)).args).toEqual({ page: Number(page) });
  for (const [page, given] of [
    ['0', 0],
    ['51', 51],
    ['many', 'many'],
  ]) {
    const { status, json } = await answerOf(text, `?page=${page}`);
    const expected = 'a whole number from 1 to 50 (Int!)';
    expect({ status, errors: json.errors }).toEqual({
      status: 400,
      errors: [{ parameter: 'page', in: 'query', given, expected }],
    });
  }
});

test('a range holds for each number of a list, also of a body', async () => {
  const sdl = 'type Query { a: Int } type Mutation { pay(cents: [Int!]!, rate: Float): String }';
  const text = `mutation ($cents: [Int!]! @range(min: 1), $rate: Float @range(max: 0.5)) { pay(cents: $cents, rate: $rate) }`;
  const call = await serveFiles({ 'web/pay.graphql': text }, engineOver(sdl, { pay: () => 'done' }));
  const headers = { 'content-type': 'application/json' };
  const pay = (body: object) => call('/bff/web/pay', { method: 'POST', headers, body: JSON.stringify(body) });
  expect((await pay({ cents: [1, 2], rate: null })).status).toBe(200);
  expect((await pay({ cents: [1, 0], rate: 0.6 })).json.errors).toEqual([
    {
      parameter: 'cents',
      in: 'body',
      given: [1, 0],
      expected: 'a list, each item a whole number of 1 or more ([Int!]!)',
    },
    { parameter: 'rate', in: 'body', given: 0.6, expected: 'a number of 0.5 or less (Float)' },
  ]);
});
