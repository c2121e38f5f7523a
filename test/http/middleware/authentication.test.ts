import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderOf } from '../../bff/support.ts';
import { httpWorld } from '../../gateway/http-world.ts';
import { post } from '../../gateway/serving.ts';
import { AUDIENCE, IdentityProvider } from '../../policy/authentication/identity-provider.ts';

/** The response names the user that the subgraph has received. */
const shop = {
  orders: {
    typeDefs: 'type Query { orders: [String!] }',
    resolvers: { Query: { orders: () => ['o1'] } },
  },
};
const QUERY = { query: '{ orders }' };

let provider: IdentityProvider;

beforeAll(async () => {
  provider = await IdentityProvider.start();
});

afterAll(() => provider.stop());

const tellsUser = { all: { request: [{ insert: { name: 'x-user-id', from_claim: 'sub' } }] } };

function config(extra: { jwks?: object; authentication?: object; [key: string]: unknown } = {}) {
  const { jwks = {}, authentication = {}, ...rest } = extra;
  const entry = { url: provider.keySetUrl, issuer: provider.issuer, audience: AUDIENCE, cooldown: '1ms', ...jwks };
  return { authentication: { router: { jwt: { jwks: [entry] } }, ...authentication }, headers: tellsUser, ...rest };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function ask(url: string, headers: Record<string, string> = {}) {
  const response = await post(url, QUERY, headers);
  return { status: response.status, challenge: response.headers.get('www-authenticate'), json: await response.json() };
}

const GOOD = { status: 200, challenge: null, json: { data: { orders: ['o1'] } } };
const REFUSED = {
  status: 401,
  challenge: 'Bearer realm="headgate", error="invalid_token", error_description="The credential is not valid"',
  json: { errors: [{ message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } }] },
};

describe('require_authentication', () => {
  it('lets browsers see the page in which they then say who they are, and nothing else', async () => {
    const { server, calls } = await httpWorld(shop, {
      config: config({ authentication: { require_authentication: true } }),
    });
    const page = await fetch(`${server.url}?query={orders}`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('<title>Headgate</title>');
    const elsewhere = [`${server.url}/x`, server.url.replace('/graphql', '/bff/web/x')];
    for (const url of elsewhere) expect((await fetch(url, { headers: { accept: 'text/html' } })).status).toBe(401);
    // that only leads to the page
    const root = await fetch(new URL('/', server.url), { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect([root.status, root.headers.get('location')]).toEqual([302, '/graphql']);
    expect((await fetch(`${server.url}?query={orders}`)).status).toBe(401);
    expect((await post(server.url, QUERY, { accept: 'text/html, application/json' })).status).toBe(401);
    expect(calls.orders).toBe(0);
  });
});

describe('tokens of a real identity provider', () => {
  it('let their bearer in, and tell the subgraph who it is', async () => {
    const { server, seen } = await httpWorld(shop, { config: config() });
    expect(await ask(server.url, bearer(await provider.token('ada')))).toEqual(GOOD);
    expect(await ask(server.url, bearer(await provider.token('bob')))).toEqual(GOOD);
    expect(seen.orders?.map((headers) => headers['x-user-id'])).toEqual(['ada', 'bob']);
  });

  it('hold on when the provider signs with another key: its key set is fetched again', async () => {
    const { server } = await httpWorld(shop, { config: config() });
    expect(await ask(server.url, bearer(await provider.token('ada')))).toEqual(GOOD);
    await provider.rotate();
    const before = provider.keySetFetches;
    const tokens = await Promise.all(['ada', 'bob', 'ada', 'bob'].map((client) => provider.token(client as 'ada')));
    const answers = await Promise.all(tokens.map((token) => ask(server.url, bearer(token))));
    expect(answers).toEqual([GOOD, GOOD, GOOD, GOOD]);
    expect(provider.keySetFetches - before).toBeLessThanOrEqual(2);
  });

  it('of a key that the provider has withdrawn are refused, also where they were accepted before', async () => {
    const { server } = await httpWorld(shop, { config: config() });
    const old = bearer(await provider.token('ada'));
    expect(await ask(server.url, old)).toEqual(GOOD);
    await provider.rotate();
    expect(await ask(server.url, bearer(await provider.token('bob')))).toEqual(GOOD);
    expect(await ask(server.url, old)).toEqual(REFUSED);
  });

  it('hold on while the provider is down', async () => {
    const { server } = await httpWorld(shop, { config: config({ jwks: { poll_interval: '20ms' } }) });
    const [first, second] = [await provider.token('ada'), await provider.token('bob')];
    expect(await ask(server.url, bearer(first))).toEqual(GOOD);
    provider.goDown();
    const before = provider.keySetFetches;
    await expect.poll(() => provider.keySetFetches).toBeGreaterThan(before + 1);
    expect(await ask(server.url, bearer(first))).toEqual(GOOD);
    expect(await ask(server.url, bearer(second))).toEqual(GOOD);
    expect(await ask(server.url, bearer(await provider.sign({}, { kid: 'no such key' })))).toEqual(REFUSED);
    provider.comeUp();
  });

  it('cannot be decided while the key set was never there: 503, and good again by itself', async () => {
    provider.goDown();
    const { server } = await httpWorld(shop, { config: config({ jwks: { poll_interval: '100ms' } }) });
    const token = await provider.sign({});
    const answer = await ask(server.url, bearer(token));
    expect(answer).toMatchObject({ status: 503, json: { errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] } });
    expect(await ask(server.url)).toEqual(GOOD);
    provider.comeUp();
    await expect.poll(() => ask(server.url, bearer(token))).toEqual(GOOD);
  });
});

describe('without a credential', () => {
  it('a client is anonymous: subgraphs receive no identity, whatever the client claims', async () => {
    const { server, seen } = await httpWorld(shop, { config: config() });
    expect(await ask(server.url, { 'x-user-id': 'ada' })).toEqual(GOOD);
    expect(seen.orders?.[0]).not.toHaveProperty('x-user-id');
  });

  it('a client is refused where authentication is required, except for health and preflights', async () => {
    const required = config({ authentication: { require_authentication: true } });
    const { server, calls } = await httpWorld(shop, { config: required });
    expect(await ask(server.url)).toEqual({
      status: 401,
      challenge: 'Bearer realm="headgate"',
      json: { errors: [{ message: 'This needs authentication.', extensions: { code: 'UNAUTHENTICATED' } }] },
    });
    expect((await fetch(`${server.url}?query={orders}`)).status).toBe(401);
    expect((await fetch(new URL('/nothing/here', server.url))).status).toBe(401);
    expect((await fetch(new URL('/health', server.url))).status).toBe(200);
    expect((await fetch(new URL('/ready', server.url))).status).toBe(200);
    expect((await fetch(server.url, { method: 'OPTIONS' })).status).not.toBe(401);
    expect(calls.orders).toBe(0);
  });
});

it('a refusal has the media type that the client asks for', async () => {
  const { server } = await httpWorld(shop, { config: config() });
  const type = async (accept: string) =>
    (await post(server.url, QUERY, { ...bearer('x'), accept })).headers.get('content-type');
  expect(await type('application/graphql-response+json')).toBe('application/graphql-response+json; charset=utf-8');
  expect(await type('application/json')).toBe('application/json; charset=utf-8');
});

describe('endpoints under /bff', () => {
  it('are guarded alike, and say so as problem details', async () => {
    const bffDir = folderOf({ 'app/orders.graphql': 'query Orders @endpoint(path: "/orders") { orders }' });
    const { server, seen } = await httpWorld(shop, { config: config(), bffDir });
    const url = new URL('/bff/app/orders', server.url);
    const refused = await fetch(url, { headers: bearer('nonsense') });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
    expect(refused.headers.get('www-authenticate')).toBe(REFUSED.challenge);
    expect(await refused.json()).toEqual({
      type: 'urn:headgate:problem:unauthenticated',
      title: 'Unauthorized',
      status: 401,
      detail: 'The credential is not valid.',
      instance: '/bff/app/orders',
    });
    const token = await provider.token('bob');
    const answer = await fetch(url, { headers: { ...bearer(token), 'x-user-id': 'ada' } });
    expect([answer.status, await answer.json()]).toEqual([200, { orders: ['o1'] }]);
    expect(seen.orders?.map((headers) => headers['x-user-id'])).toEqual(['bob']);
  });
});

describe('keys in a file', () => {
  it('are reloaded when the file changes, and a broken one changes nothing', async () => {
    const setOf = () => {
      const { d, p, q, dp, dq, qi, ...key } = provider.key.jwk;
      return JSON.stringify({ keys: [key] });
    };
    const file = join(folderOf({ 'set.json': setOf() }), 'set.json');
    const authentication = { router: { jwt: { jwks: [{ file, audience: AUDIENCE }] } } };
    const { server, lines } = await httpWorld(shop, { config: { authentication } });
    const old = await provider.sign({});
    expect(await ask(server.url, bearer(old))).toEqual(GOOD);
    await provider.rotate();
    writeFileSync(file, '{"keys": ');
    await expect.poll(() => lines.some(({ msg }) => String(msg).startsWith('cannot be reloaded'))).toBe(true);
    expect(await ask(server.url, bearer(old))).toEqual(GOOD);
    writeFileSync(file, setOf());
    await expect.poll(async () => ask(server.url, bearer(await provider.sign({})))).toEqual(GOOD);
    expect(await ask(server.url, bearer(old))).toEqual(REFUSED);
  });
});

describe('where a token may be', () => {
  it('in a cookie, or in headers of any name', async () => {
    const jwt = { sources: [{ type: 'header', name: 'X-Token', value_prefix: '' }] };
    const settings = config({ authentication: { cookie: 'session' } });
    Object.assign(settings.authentication.router.jwt, jwt);
    const { server, seen } = await httpWorld(shop, { config: settings });
    const [ada, bob] = [await provider.token('ada'), await provider.token('bob')];
    expect(await ask(server.url, { cookie: `theme=dark; session=${ada}; lang=en` })).toEqual(GOOD);
    expect(await ask(server.url, { 'x-token': bob })).toEqual(GOOD);
    expect(await ask(server.url, { cookie: `session=${ada}; session=${bob}` })).toEqual(REFUSED);
    expect(await ask(server.url, { cookie: 'session=' })).toEqual(GOOD);
    expect(seen.orders?.map((headers) => headers['x-user-id'])).toEqual(['ada', 'bob', undefined]);
  });

  it('not behind another scheme, unless those are to be ignored', async () => {
    const basic = { authorization: 'Basic YWRhOnNlY3JldA==' };
    const strict = await httpWorld(shop, { config: config() });
    expect(await ask(strict.server.url, basic)).toEqual(REFUSED);
    const settings = config();
    Object.assign(settings.authentication.router.jwt, { ignore_other_prefixes: true });
    const lenient = await httpWorld(shop, { config: settings });
    expect(await ask(lenient.server.url, basic)).toEqual(GOOD);
  });
});
