import { expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { post } from '../gateway/serving.ts';
import { Browser } from '../policy/login/browser.ts';
import { startPrefixed } from './prefixed-gateway.ts';

test('every route is below the prefix', async () => {
  const { server, printed, origin, get } = await startPrefixed();
  expect(server.url).toBe(`${origin}/shop-api/graphql`);
  expect(printed).toContain(`Headgate listening on ${origin}/shop-api/graphql\n`);
  expect(await (await post(server.url, { query: '{ hello }' })).json()).toEqual({ data: { hello: 'hi' } });
  expect(await (await get('/shop-api/graphql?query={hello}', { 'content-type': 'application/json' })).json()).toEqual({
    data: { hello: 'hi' },
  });
  expect(await (await get('/shop-api/bff/web/hello')).json()).toEqual({ hello: 'hi' });
  const paths = [
    'health',
    'healthcheck',
    'ready',
    'readiness',
    'bff/docs',
    'bff/openapi.json',
    'bff/web/openapi.json',
    'demo',
  ];
  for (const path of paths) expect([path, (await get(`/shop-api/${path}`)).status]).toEqual([path, 200]);
  expect((await get('/shop-apis/health')).status).toBe(404);
});

test('without it they are there as well: proxies may take it off, and probes do not come through them', async () => {
  const { get } = await startPrefixed();
  for (const path of ['/health', '/bff/web/hello', '/bff/openapi.json'])
    expect([path, (await get(path)).status]).toEqual([path, 200]);
});

test('links and addresses in answers begin with it', async () => {
  const { get } = await startPrefixed();
  const html = { accept: 'text/html' };
  expect((await get('/shop-api', html)).headers.get('location')).toBe('/shop-api/graphql');
  expect((await (await get('/shop-api/bff/openapi.json')).json()).servers).toEqual([{ url: '/shop-api' }]);
  expect(await (await get('/shop-api/bff/docs')).text()).toContain('data-openapi="/shop-api/bff/openapi.json"');
  const problem = await (await get('/shop-api/bff/web/nothing')).json();
  expect(problem).toMatchObject({ status: 404, instance: '/shop-api/bff/web/nothing' });
  expect(problem.endpoints).toContain('GET /shop-api/bff/web/hello');
  expect((await (await get('/shop-api/nothing')).json()).errors[0].message).toContain(
    'GraphQL is at /shop-api/graphql',
  );
  const secret = await get('/shop-api/bff/web/secret');
  expect(secret.headers.get('www-authenticate')).toBe('Session realm="headgate", login="/shop-api/bff/web/login"');
  expect(await secret.json()).toMatchObject({ login: '/shop-api/bff/web/login' });
});

test('login leads back to it, and its cookies are for it', async () => {
  const { get, origin, server } = await startPrefixed();
  const begun = await fetch(`http://localhost:${server.port}/shop-api/bff/web/login?returnTo=/`, {
    redirect: 'manual',
  });
  const target = new URL(begun.headers.get('location') ?? '');
  expect(target.searchParams.get('redirect_uri')).toBe(`http://localhost:${server.port}/shop-api/bff/web/callback`);
  expect(begun.headers.get('set-cookie')).toMatch(
    /^headgate-login-shop-api\.web\.[\w-]+=.*; Path=\/shop-api; HttpOnly/,
  );
  const me = await get('/shop-api/bff/web/me');
  expect([me.status, me.headers.get('www-authenticate')]).toEqual([
    401,
    'Session realm="headgate", login="/shop-api/bff/web/login"',
  ]);
  expect(origin).toBe(`http://127.0.0.1:${server.port}`);
});

test('a user logs in, calls an endpoint, and logs out, all below it', async () => {
  const { server } = await startPrefixed();
  const site = `http://localhost:${server.port}/shop-api`;
  const browser = new Browser();
  const asked = await browser.go(`${site}/bff/web/login?returnTo=/shop-api/bff/web/secret`);
  const secret = await browser.submit(asked, { name: 'ada', choice: 'yes' });
  expect([secret.url, secret.status, secret.json]).toEqual([`${site}/bff/web/secret`, 200, { hello: 'hi' }]);
  const me = await browser.ask(`${site}/bff/web/me`);
  expect(me.json).toMatchObject({ claims: { sub: 'ada' }, logout: `/shop-api/bff/web/logout?csrf=${me.json.csrf}` });
  const leaving = await browser.go(new URL(String(me.json.logout), site).href);
  const left = await browser.submit(leaving, { logout: 'yes' }, '/shop-api/');
  expect(new URL(left.url).pathname).toBe('/shop-api/');
  expect((await browser.ask(`${site}/bff/web/secret`)).status).toBe(401);
});

test('over HTTPS, cookies keep their protection by __Host-, with a name of their own', async () => {
  const { provider } = await startPrefixed();
  const web = {
    issuer: provider.issuer,
    client_id: 'headgate',
    client_secret: 'secret',
    public_url: 'https://shop.example',
  };
  const { get } = await startPrefixed({ login: { web } });
  const begun = await get('/shop-api/bff/web/login');
  const target = new URL(begun.headers.get('location') ?? '');
  expect(target.searchParams.get('redirect_uri')).toBe('https://shop.example/shop-api/bff/web/callback');
  expect(begun.headers.get('set-cookie')).toMatch(
    /^__Host-headgate-login-shop-api\.web\.[\w-]+=.*; Path=\/; HttpOnly.*; Secure/,
  );
});

test.each(['shop-api', '/shop-api/', '/', '/a//b', '/../x', '/graphql', '/bff/x', '/a?b', '/a b'])(
  'path_prefix: %s is refused',
  (path_prefix) => {
    const parsed = configFileSchema.safeParse({ path_prefix });
    expect(parsed.error?.issues).toMatchObject([{ path: ['path_prefix'] }]);
  },
);
