import { expect, test } from 'vitest';
import { deadUrl } from '../fake-subgraph.ts';
import { gatewayOver, stubSubgraph } from './gateway.ts';
import { stubService } from './stub-service.ts';

/** Users and their reviews are federation subgraphs. */
async function shop() {
  const users = await stubSubgraph(
    `type Query { user(id: ID!): User users(ids: [ID!]!): [User!]! }
     type User @key(fields: "id") { id: ID! name: String! }`,
    {
      resolvers: {
        Query: {
          user: (_: unknown, { id }: { id: string }) => ({ id, name: `user ${id}` }),
          users: (_: unknown, { ids }: { ids: string[] }) => ids.map((id) => ({ id, name: `user ${id}` })),
        },
      },
      entities: { User: ({ id }: { id: string }) => ({ id, name: `user ${id}` }) },
    },
  );
  const reviews = await stubSubgraph(
    `type Query { reviews: [Review!]! }
     type Review @key(fields: "id") { id: ID! author: User! }
     type User @key(fields: "id", resolvable: false) { id: ID! }`,
    {
      resolvers: { Query: { reviews: () => ['1', '2', '1', '3'].map((id, at) => ({ id: `r${at}`, author: { id } })) } },
      entities: { Review: ({ id }: { id: string }) => ({ id }) },
    },
  );
  return { users, reviews };
}

const NOTES = `
  type Query {
    usersByIds(ids: [ID!]!): [User]!
    note(id: ID!): Note
    author(of: ID!): User
  }
  type User { id: ID! notes(first: Int): [Note!]! best: Note }
  type Note { id: ID! text: String! reader: User! }`;

const note = (id: string) => ({ id, text: `text of ${id}`, reader: { id: id.charAt(0) } });

function notesService() {
  return stubService(NOTES, {
    'Query.usersByIds': ({ ids }: { ids: string[] }) => ids.map((id) => (id === 'nobody' ? null : { id })),
    'Query.note': ({ id }: { id: string }) => (id === 'gone' ? null : note(id)),
    'Query.author': ({ of }: { of: string }) => ({ id: of.charAt(0) }),
    'User.notes': ({ first }: { first?: number }, { id }: { id: string }) =>
      [note(`${id}a`), note(`${id}b`)].slice(0, first ?? 2),
    'User.best': (_: unknown, { id }: { id: string }) => {
      if (id === '2') throw new Error('the best is not known');
      return note(`${id}z`);
    },
  });
}

const idsIn = (variables: Readonly<Record<string, unknown>> | undefined) => variables?.ids as string[];

const fileOf = (url: string, sdl = NOTES) =>
  `extend schema @service(url: "${url}")\n${sdl.replace('): [User]!', '): [User]! @merge(keyField: "id")')}`;

test('two subgraphs and a service are joined in one query; the service is asked once a level', async () => {
  const { users, reviews } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, reviews: reviews.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask('{ reviews { id author { name notes(first: 1) { text } } } }');
  expect(answer).toEqual({
    data: {
      reviews: ['1', '2', '1', '3'].map((id, at) => ({
        id: `r${at}`,
        author: { name: `user ${id}`, notes: [{ text: `text of ${id}a` }] },
      })),
    },
  });
  expect(notes.requests.map(({ variables }) => variables)).toEqual([{ ids: ['1', '2', '3'] }]);
  expect([users.requests.length, reviews.requests.length]).toEqual([1, 1]);
});

test("the service's types lead on to other subgraphs, and back to it", async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask(
    '{ note(id: "7x") { text reader { name } } user(id: "5") { notes(first: 1) { reader { name } } } }',
  );
  expect(answer.data).toEqual({
    note: { text: 'text of 7x', reader: { name: 'user 7' } },
    user: { notes: [{ reader: { name: 'user 5' } }] },
  });
});

test('without a list look-up, the keys of a level still go out in one request', async () => {
  const { users } = await shop();
  const notes = await notesService();
  const sdl = NOTES.replace('author(of: ID!): User', 'author(of: ID!): User @merge(keyField: "id")');
  const gateway = await gatewayOver({
    users: users.file,
    notes: `extend schema @service(url: "${notes.url}")\n${sdl}`,
  });
  const answer = await gateway.ask('{ users(ids: ["1", "2", "3"]) { name notes(first: 1) { text } } }');
  expect(answer.data.users.map((user: { notes: unknown }) => user.notes)).toEqual(
    ['1', '2', '3'].map((id) => [{ text: `text of ${id}a` }]),
  );
  expect(notes.requests).toHaveLength(1);
  expect(notes.requests[0]?.query.match(/author\(/g)).toHaveLength(3);
});

test('an entity that the service does not have is null', async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  expect(await gateway.ask('{ users(ids: ["1", "nobody"]) { name best { text } } }')).toEqual({
    data: {
      users: [
        { name: 'user 1', best: { text: 'text of 1z' } },
        { name: 'user nobody', best: null },
      ],
    },
  });
});

test("the service's errors are reported where the client sees them; the rest is served", async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  expect(await gateway.ask('{ all: users(ids: ["1", "2"]) { top: best { text } } }')).toEqual({
    data: { all: [{ top: { text: 'text of 1z' } }, { top: null }] },
    errors: [
      {
        message: 'the best is not known',
        path: ['all', 1, 'top'],
        extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', service: 'notes' },
      },
    ],
  });
});

test('a service that cannot be reached at the start: its fields are errors, everything else is served', async () => {
  const { users } = await shop();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(await deadUrl()) });
  const answer = await gateway.ask('{ users(ids: ["1", "2"]) { name best { text } } note(id: "1a") { text } }');
  expect(answer.data).toEqual({
    users: [
      { name: 'user 1', best: null },
      { name: 'user 2', best: null },
    ],
    note: null,
  });
  const extensions = { code: 'SUBREQUEST_HTTP_ERROR', service: 'notes', reason: 'connection refused' };
  expect(answer.errors?.map(({ path, extensions }) => ({ path, extensions }))).toEqual([
    { path: ['note'], extensions },
    { path: ['users', 0, 'best'], extensions },
  ]);
});

test.each([
  ['a status', 503, 'no', { code: 'SUBREQUEST_HTTP_ERROR', http: { status: 503 } }],
  ['no JSON', 200, '<html>', { code: 'SUBREQUEST_MALFORMED_RESPONSE', reason: 'not JSON' }],
  ['truncated JSON', 200, '{"data": {"usersByIds": [', { code: 'SUBREQUEST_MALFORMED_RESPONSE', reason: 'not JSON' }],
  ['a list', 200, '[]', { code: 'SUBREQUEST_MALFORMED_RESPONSE' }],
  ['no data', 200, '{}', { code: 'SUBREQUEST_MALFORMED_RESPONSE' }],
  ['data without the field', 200, '{"data": {}}', { code: 'SUBREQUEST_MALFORMED_RESPONSE' }],
])('a service that answers %s fails as any subgraph does', async (_, status, text, extensions) => {
  const { users } = await shop();
  const notes = await notesService();
  notes.answer = (_request, res) => {
    res.statusCode = status;
    return text;
  };
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask('{ users(ids: ["1", "2"]) { name best { text } } }');
  expect(answer.data).toEqual({
    users: [
      { name: 'user 1', best: null },
      { name: 'user 2', best: null },
    ],
  });
  expect(answer.errors).toMatchObject([
    { path: ['users', 0, 'best'], extensions: { ...extensions, service: 'notes' } },
  ]);
});

test('a service that takes too long', async () => {
  const { users } = await shop();
  const notes = await notesService();
  notes.answer = () => undefined;
  const gateway = await gatewayOver(
    { users: users.file, notes: fileOf(notes.url) },
    { traffic_shaping: { subgraphs: { notes: { timeout: '50ms' } } } },
  );
  const answer = await gateway.ask('{ user(id: "1") { name best { text } } }');
  expect(answer.data).toEqual({ user: { name: 'user 1', best: null } });
  expect(answer.errors).toMatchObject([
    { path: ['user', 'best'], extensions: { code: 'SUBREQUEST_TIMEOUT', service: 'notes' } },
  ]);
});

test('the look-up as a whole fails: reported once, not for each entity', async () => {
  const { users } = await shop();
  const notes = await notesService();
  notes.answer = () => ({
    data: null,
    errors: [{ message: 'the database is down', path: ['usersByIds'], extensions: { code: 'DOWN' } }],
  });
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask('{ users(ids: ["1", "2", "3"]) { best { text } } }');
  expect(answer.errors).toMatchObject([
    { message: 'the database is down', extensions: { code: 'DOWN', service: 'notes' } },
  ]);
  expect(answer.data).toEqual({ users: [{ best: null }, { best: null }, { best: null }] });
});

test('errors without a path are reported as well, and what came beside them is served', async () => {
  const { users } = await shop();
  const notes = await notesService();
  notes.answer = ({ query }) => ({
    data: query.includes('usersByIds') ? { usersByIds: [{ _key: '1', best: { text: 'x' } }] } : { note: { text: 'y' } },
    errors: [{ message: 'half of it' }],
  });
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask('{ user(id: "1") { best { text } } }');
  expect(answer.data).toEqual({ user: { best: { text: 'x' } } });
  expect(answer.errors).toMatchObject([{ message: 'half of it', extensions: { service: 'notes' } }]);
});

test('answers in another order, or with gaps, go to whom they belong', async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const best = (id: string) => ({ _key: id, best: { text: `of ${id}` } });
  for (const usersByIds of [
    [best('3'), best('1')],
    [best('1'), best('3')],
    [best('3'), null, best('1')],
  ]) {
    notes.answer = () => ({ data: { usersByIds } });
    const answer = await gateway.ask('{ users(ids: ["1", "2", "3"]) { id best { text } } }');
    expect(answer).toEqual({
      data: {
        users: [
          { id: '1', best: { text: 'of 1' } },
          { id: '2', best: null },
          { id: '3', best: { text: 'of 3' } },
        ],
      },
    });
  }
});

test('an object where a list was promised is an error, not data', async () => {
  const { users } = await shop();
  const notes = await notesService();
  notes.answer = () => ({ data: { usersByIds: { _key: '1', best: { text: 'x' } } } });
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask('{ users(ids: ["1", "2"]) { best { text } } }');
  expect(answer.data).toEqual({ users: [{ best: null }, { best: null }] });
  expect(answer.errors).toMatchObject([{ message: '"usersByIds" returned one object; expected a list.' }]);
});

test.each([
  ['a number', [7]],
  ['a list', [['x']]],
  ['text', 'x'],
])('%s where an object was promised is an error, not data', async (_, usersByIds) => {
  const { users } = await shop();
  const notes = await notesService();
  notes.answer = () => ({ data: { usersByIds } });
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask('{ users(ids: ["1"]) { best { text } } }');
  expect(answer.data).toEqual({ users: [{ best: null }] });
  expect(answer.errors).toMatchObject([{ message: '"notes" returned a value for a look-up that is not an object.' }]);
});

test('no error is swallowed, wherever it says that it belongs', async () => {
  const { users } = await shop();
  const notes = await notesService();
  notes.answer = () => ({
    data: { usersByIds: [{ _key: '1', best: { text: 'x' } }] },
    errors: [
      { message: 'nowhere', path: ['nowhere', 3] },
      { message: 'below a value', path: ['usersByIds', 0, 'best', 'text', 1] },
      { message: 'beyond the end', path: ['usersByIds', 99] },
      'no object',
      { path: ['usersByIds'] },
    ],
  });
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask('{ users(ids: ["1"]) { best { text } } }');
  expect(answer.data).toEqual({ users: [{ best: { text: 'x' } }] });
  const unnamed = 'The subgraph reported an error without a message.';
  expect(answer.errors?.map(({ message }) => message).sort()).toEqual(
    [unnamed, unnamed, 'below a value', 'beyond the end', 'nowhere'].sort(),
  );
});

test.each([
  ['errors that are no list', { data: { usersByIds: null }, errors: { message: 'boo' } }, 'boo'],
  ['errors of another kind', { data: null, errors: 'boo' }, 'The subgraph reported an error without a message.'],
  [
    'objects without their key, out of order',
    { data: { usersByIds: [{ best: { text: 'x' } }] } },
    '"usersByIds" returned objects without "id", which cannot be matched to the keys.',
  ],
  [
    'an object that lacks what was asked for',
    { data: { usersByIds: [{ _key: '1' }, { _key: '2', best: null }] } },
    'The subgraph "notes" did not return the requested field User.best.',
  ],
])('nulls of malformed responses are reported: %s', async (_, given, message) => {
  const { users } = await shop();
  const notes = await notesService();
  notes.answer = () => given;
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const answer = await gateway.ask('{ users(ids: ["1", "2"]) { best { text } } }');
  expect(answer.data).toEqual({ users: [{ best: null }, { best: null }] });
  expect(answer.errors).toMatchObject([
    { message, path: expect.arrayContaining(['users', 0]), extensions: { service: 'notes' } },
  ]);
});

test('keys of every kind arrive as they are', async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const ids = ['a/b c?d', 'ü 😀', '"quoted"', '{$args.id}', '0', '__proto__', 'constructor'];
  const answer = await gateway.ask('query ($ids: [ID!]!) { users(ids: $ids) { best { text } } }', {
    variables: { ids },
  });
  expect(answer.data.users.map(({ best }: { best: { text: string } }) => best.text)).toEqual(
    ids.map((id) => `text of ${id}z`),
  );
  expect(notes.requests.map(({ variables }) => variables)).toEqual([{ ids }]);
});

test('ten thousand entities are one request', async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const ids = Array.from({ length: 10_000 }, (_, index) => `${index}`).filter((id) => id !== '2');
  const answer = await gateway.ask('query ($ids: [ID!]!) { users(ids: $ids) { best { text } } }', {
    variables: { ids },
  });
  expect(answer.errors).toBeUndefined();
  expect(answer.data.users.at(-1)).toEqual({ best: { text: 'text of 9999z' } });
  expect(notes.requests).toHaveLength(1);
});

test('when the client goes, so does the call to the service', async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const leaving = new AbortController();
  const closed = new Promise<void>((resolve) => {
    notes.answer = (_request, res) => {
      res.on('close', () => resolve());
      leaving.abort();
    };
  });
  const answer = gateway.ask('{ user(id: "1") { best { text } } }', { signal: leaving.signal });
  await expect(answer).rejects.toThrow('aborted');
  await closed;
});

test('identical look-ups in flight share one call', async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url) });
  const query = (alias: string) => `{ ${alias}: user(id: "1") { best { text } } }`;
  let release = () => {};
  const both = new Promise<void>((resolve) => {
    release = resolve;
  });
  notes.answer = async () => {
    await both;
    return { data: { usersByIds: [{ _key: '1', best: { text: 'x' } }] } };
  };
  const answers = [gateway.ask(query('a')), gateway.ask(query('b'))];
  await expect.poll(() => users.requests.length).toBe(2);
  await expect.poll(() => notes.requests.length).toBe(1);
  // The second look-up is on its way by then; were it to make a call of its own, the count would tell.
  setTimeout(release, 300);
  expect((await Promise.all(answers)).map(({ data }) => data)).toEqual([
    { a: { best: { text: 'x' } } },
    { b: { best: { text: 'x' } } },
  ]);
  expect(notes.requests).toHaveLength(1);
});

test('several services: each is asked once a level', async () => {
  const { users } = await shop();
  const [notes, marks] = [await notesService(), await notesService()];
  const other = fileOf(marks.url).replaceAll(/\b(Note|note|best|notes|author)\b/g, (name) => `${name}2`);
  marks.answer = ({ variables }) => ({
    data: { usersByIds: idsIn(variables).map((id) => ({ _key: id, best2: { text: `mark of ${id}` } })) },
  });
  const gateway = await gatewayOver({ users: users.file, notes: fileOf(notes.url), marks: other });
  const answer = await gateway.ask('{ users(ids: ["1", "3"]) { best { text } best2 { text } } }');
  expect(answer.data.users[1]).toEqual({ best: { text: 'text of 3z' }, best2: { text: 'mark of 3' } });
  expect([notes.requests.length, marks.requests.length]).toEqual([1, 1]);
});

test('the URL in the config wins over that of the file', async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver(
    { users: users.file, notes: fileOf(await deadUrl()) },
    { subgraphs: { notes: { url: notes.url } } },
  );
  expect((await gateway.ask('{ user(id: "1") { best { text } } }')).data).toEqual({
    user: { best: { text: 'text of 1z' } },
  });
});

test("the client's headers go to the service as to any subgraph", async () => {
  const { users } = await shop();
  const notes = await notesService();
  const gateway = await gatewayOver(
    { users: users.file, notes: fileOf(notes.url) },
    { headers: { all: { request: [{ propagate: { named: 'x-tenant' } }] } } },
  );
  await gateway.ask('{ user(id: "1") { best { text } } note(id: "1a") { text } }', { headers: { 'x-tenant': 'acme' } });
  expect(notes.requests.map(({ headers }) => headers['x-tenant'])).toEqual(['acme', 'acme']);
});

test('a type without a look-up still leads to the subgraph that has it', async () => {
  const { users } = await shop();
  const sdl = 'type Query { news: News } type News { text: String by: User } type User { id: ID! }';
  const news = await stubService(sdl, { 'Query.news': { text: 'x', by: { id: '7' } } });
  const gateway = await gatewayOver({ users: users.file, news: `extend schema @service(url: "${news.url}")\n${sdl}` });
  expect(await gateway.ask('{ news { text by { name } } }')).toEqual({
    data: { news: { text: 'x', by: { name: 'user 7' } } },
  });
});

test.each([
  ['one by one', 'user(id: ID!): User', 'Query.user', ({ id }: { id: string }) => ({ id })],
  ['many', 'list(ids: [ID!]!): [User]!', 'Query.list', ({ ids }: { ids: string[] }) => ids.map((id) => ({ id }))],
])("the client's variables keep their values, whatever their names: %s", async (_, field, coordinate, resolver) => {
  const { users } = await shop();
  const sdl = `type Query { ${field} } type User { id: ID! seen(a: [ID!], b: ID, c: Int): [String!] }`;
  const service = await stubService(sdl, {
    [coordinate]: resolver,
    'User.seen': ({ a, b, c }: Record<string, unknown>, { id }: { id: string }) => [JSON.stringify([id, a, b, c])],
  });
  const file = `extend schema @service(url: "${service.url}")\n${sdl.replace(field, `${field} @merge(keyField: "id")`)}`;
  const gateway = await gatewayOver({ users: users.file, seen: file });
  const query = 'query ($ids: [ID!]!, $id: ID, $keys: Int) { users(ids: $ids) { seen(a: $ids, b: $id, c: $keys) } }';
  const { data } = await gateway.ask(query, { variables: { ids: ['1', '2'], id: 'x', keys: 5 } });
  expect(data.users.map(({ seen }: { seen: string[] }) => seen[0])).toEqual([
    '["1",["1","2"],"x",5]',
    '["2",["1","2"],"x",5]',
  ]);
});

test('look-ups of a service have at most as many entities as the config says, and are sent again after an error code', async () => {
  const { users, reviews } = await shop();
  const notes = await notesService();
  const files = { users: users.file, reviews: reviews.file, notes: fileOf(notes.url) };
  const retry = { error_codes: ['BUSY'], backoff: { base: '1ms', max: '1ms' } };
  const gateway = await gatewayOver(files, { traffic_shaping: { all: { max_entities_per_request: 2, retry } } });
  const query = '{ reviews { id author { notes(first: 1) { text } } } }';
  const whole = await gateway.ask(query);
  expect(whole.errors).toBeUndefined();
  expect(notes.requests.map(({ variables }) => idsIn(variables)).sort()).toEqual([['1', '2'], ['3']]);
  let failures = 0;
  notes.answer = ({ query: text, variables }) => {
    const isBusy = idsIn(variables).includes('3') && failures++ === 0;
    return isBusy
      ? { data: null, errors: [{ message: 'busy', extensions: { code: 'BUSY' } }] }
      : answerOf(text, variables);
  };
  expect(await gateway.ask(query)).toEqual(whole);
  expect(failures).toBe(2);
});

/** What the service answers to a look-up. */
function answerOf(query: string, variables: Readonly<Record<string, unknown>> | undefined) {
  expect(query).toContain('usersByIds');
  const alias = /(\w+): ?usersByIds/.exec(query)?.[1] ?? 'usersByIds';
  const notes = /(\w+): ?notes/.exec(query)?.[1] ?? 'notes';
  return { data: { [alias]: idsIn(variables).map((id) => ({ id, [notes]: [{ text: `text of ${id}a` }] })) } };
}
