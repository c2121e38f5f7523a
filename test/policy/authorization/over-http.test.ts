import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { folderOf, write } from '../../bff/support.ts';
import { httpWorld } from '../../gateway/http-world.ts';
import { post } from '../../gateway/serving.ts';

const SECRET = 'a secret that is long enough for HS256, and then some';
const authentication = { router: { jwt: { jwks: [{ secret: SECRET, algorithms: ['HS256'] }] } } };

const shop = {
  users: {
    typeDefs: `
      type Query { users: [User!]! pages(first: Int): [User] @listSize(slicingArguments: ["first"]) }
      type User {
        id: ID!
        email: String @authenticated
        iban: String @requiresScopes(scopes: [["bank", "users"], ["admin"]])
        notes: String @policy(policies: [["support"]])
      }`,
    resolvers: {
      Query: {
        users: () => [{ id: '1', email: 'a@x', iban: 'DE1', notes: 'n' }],
        pages: () => [],
      },
    },
  },
};

async function bearer(claims: Record<string, unknown>): Promise<Record<string, string>> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setSubject('ann').setExpirationTime('5m');
  return { authorization: `Bearer ${await token.sign(new TextEncoder().encode(SECRET))}` };
}

async function ask(url: string, query: string, headers: Record<string, string> = {}, variables: object = {}) {
  const response = await post(url, { query, variables }, headers);
  return { status: response.status, headers: response.headers, json: await response.json() };
}

const unauthorized = (...path: string[]) => ({
  message: 'Unauthorized field or type',
  path,
  extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
});

describe('field authorisation with tokens', () => {
  const query = '{ users { id email iban } }';

  test('each client sees what its token allows, at once', async () => {
    const { server, calls } = await httpWorld(shop, { config: { authentication } });
    const clients = await Promise.all([
      undefined,
      bearer({}),
      bearer({ scope: 'bank' }),
      bearer({ scope: 'users bank' }),
      bearer({ scp: ['admin'] }),
    ]);
    const answers = await Promise.all(clients.map((headers) => ask(server.url, query, headers)));
    const seen = answers.map(({ status, json }) => [status, json.data.users[0].email, json.data.users[0].iban]);
    expect(seen).toEqual([
      [200, null, null],
      [200, 'a@x', null],
      [200, 'a@x', null],
      [200, 'a@x', 'DE1'],
      [200, 'a@x', 'DE1'],
    ]);
    expect(answers[0]?.json.errors).toEqual([unauthorized('users', 'email'), unauthorized('users', 'iban')]);
    expect(answers[3]?.json.errors).toBeUndefined();
    expect(calls.users).toBeGreaterThan(0);
  });

  test('in reject mode it is 403', async () => {
    const config = { authentication, authorization: { directives: { reject_unauthorized: true } } };
    const { server, calls } = await httpWorld(shop, { config });
    const refused = await ask(server.url, query);
    expect([refused.status, refused.json]).toEqual([
      403,
      { errors: [unauthorized('users', 'email'), unauthorized('users', 'iban')] },
    ]);
    expect(calls.users).toBe(0);
    expect((await ask(server.url, query, await bearer({ scope: 'admin' }))).status).toBe(200);
  });

  test('policies by a claim, and by a module of the user', async () => {
    const byClaim = { authentication, authorization: { policies: { claim: 'team.policies' } } };
    const { server } = await httpWorld(shop, { config: byClaim });
    const notes = async (url: string, headers?: Record<string, string>) =>
      (await ask(url, '{ users { notes } }', headers)).json.data.users[0].notes;
    expect(await notes(server.url, await bearer({ team: { policies: ['support'] } }))).toBe('n');
    expect(await notes(server.url, await bearer({ team: { policies: ['sales'] } }))).toBe(null);

    const folder = folderOf({});
    write(
      folder,
      'policies.ts',
      `export default async (policies: string[], { identity }: { identity?: { subject?: string } }) =>
         Object.fromEntries(policies.map((policy) => [policy, identity?.subject === 'ann']));`,
    );
    const byModule = { authentication, authorization: { policies: { module: `${folder}/policies.ts` } } };
    const { server: other } = await httpWorld(shop, { config: byModule });
    expect(await notes(other.url, await bearer({}))).toBe('n');
    expect(await notes(other.url)).toBe(null);
  });

  test('a module that cannot be used keeps the gateway from starting', async () => {
    const folder = folderOf({});
    write(folder, 'none.js', 'export const policies = [];');
    const starting = (module: string) => httpWorld(shop, { config: { authorization: { policies: { module } } } });
    await expect(starting(`${folder}/none.js`)).rejects.toThrow(/default export of .*none\.js .* is not a function/);
    await expect(starting(`${folder}/missing.js`)).rejects.toThrow(/missing\.js, cannot be loaded/);
  });

  test('introspection for some scopes only', async () => {
    const config = { authentication, authorization: { introspection_scopes: [['schema']] } };
    const { server } = await httpWorld(shop, { config });
    const introspection = '{ __schema { queryType { name } } }';
    expect((await ask(server.url, introspection)).status).toBe(403);
    const known = await ask(server.url, introspection, await bearer({ scope: 'schema' }));
    expect(known.json).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } });
  });
});

describe('endpoints', () => {
  const bff = () =>
    folderOf({
      'web/users.graphql': 'query @endpoint(path: "/users", cache: {maxAge: "1m"}) { users { id email } }',
      'web/partly.graphql': 'query @endpoint(path: "/partly") { users { id email @optional } }',
    });

  async function call(url: string, path: string, headers: Record<string, string> = {}) {
    const response = await fetch(new URL(path, url), { headers });
    return { status: response.status, json: await response.json() };
  }

  test('are 403 where a field that they need may not be read; @optional ones are named', async () => {
    const { server } = await httpWorld(shop, { config: { authentication }, bffDir: bff() });
    expect(await call(server.url, '/bff/web/users')).toMatchObject({
      status: 403,
      json: { errors: [{ code: 'UNAUTHORIZED_FIELD_OR_TYPE', path: ['users', 'email'] }] },
    });
    expect(await call(server.url, '/bff/web/partly')).toMatchObject({
      status: 200,
      json: { users: [{ id: '1', email: null }], meta: { partial: [{ code: 'UNAUTHORIZED_FIELD_OR_TYPE' }] } },
    });
  });

  test('never pass on what was kept for those who may read it', async () => {
    const { server } = await httpWorld(shop, { config: { authentication }, bffDir: bff() });
    expect(await call(server.url, '/bff/web/users', await bearer({}))).toMatchObject({
      status: 200,
      json: { users: [{ id: '1', email: 'a@x' }] },
    });
    expect((await call(server.url, '/bff/web/users')).status).toBe(403);
  });
});

describe('limits and costs over HTTP', () => {
  test.each(['application/json', 'application/graphql-response+json'])(
    'are 400 to those who accept %s',
    async (accept) => {
      const config = {
        limits: { max_depth: 1 },
        demand_control: { enabled: true, mode: 'enforce', expose: true, strategy: { static_estimated: { max: 5 } } },
      };
      const { server, calls } = await httpWorld(shop, { config });
      const deep = await ask(server.url, '{ users { id } }', { accept });
      expect([deep.status, deep.json.errors[0].extensions.code]).toEqual([400, 'MAX_DEPTH_LIMIT']);
      const { server: shallow } = await httpWorld(shop, { config: { ...config, limits: {} } });
      const costly = await ask(shallow.url, 'query ($n: Int) { pages(first: $n) { id } }', { accept }, { n: 6 });
      expect([costly.status, costly.json.errors[0].extensions.code]).toEqual([400, 'COST_ESTIMATED_TOO_EXPENSIVE']);
      const fair = await ask(shallow.url, 'query ($n: Int) { pages(first: $n) { id } }', { accept }, { n: 5 });
      expect([fair.status, fair.headers.get('x-cost-estimated'), fair.json]).toEqual([
        200,
        '5',
        { data: { pages: [] }, extensions: { cost: { estimated: 5 } } },
      ]);
      expect(calls.users).toBe(0);
    },
  );

  test('documents that would take a parser or a validator long are refused, one after the other, without a 500', async () => {
    const { server } = await httpWorld(shop, {});
    const bomb = `{ ...F0 } ${Array.from({ length: 30 }, (_, i) => `fragment F${i} on Query { a: users { id } ...F${i + 1} ...G${i} } fragment G${i} on Query { ...F${i + 1} }`).join(' ')} fragment F30 on Query { users { id } }`;
    const documents: [string, string][] = [
      [bomb, 'MAX_RECURSIVE_SELECTIONS_LIMIT'],
      ['{a'.repeat(10_000), 'MAX_RECURSION_LIMIT'],
      [`{ ${Array.from({ length: 10_000 }, (_, i) => `a${i}: users { id }`).join(' ')} }`, 'MAX_TOKENS_LIMIT'],
      ['{ ...A } fragment A on Query { ...A }', 'GRAPHQL_VALIDATION_FAILED'],
    ];
    for (const [query, code] of documents) {
      const { status, json } = await ask(server.url, query, { accept: 'application/graphql-response+json' });
      expect([status, json.errors[0].extensions.code]).toEqual([400, code]);
    }
  });
});
