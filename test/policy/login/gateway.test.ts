import { describe, expect, test } from 'vitest';
import { Browser } from './browser.ts';
import { type ShopWorld, shopWorld } from './shop-world.ts';

async function logIn(world: ShopWorld, browser: Browser, name: string): Promise<void> {
  const page = await browser.go(`${world.origin}/bff/web/login?returnTo=/bff/web/me`);
  await browser.submit(page, { name, choice: 'yes' });
}

describe('endpoints', () => {
  test('answer those who are logged in, each with their own, and subgraphs get the user', async () => {
    const world = await shopWorld();
    const [ada, bob] = [new Browser(), new Browser()];
    expect(await ada.ask(`${world.origin}/bff/web/dashboard`)).toMatchObject({ status: 401 });
    await logIn(world, ada, 'ada');
    await logIn(world, bob, 'bob');
    for (let times = 0; times < 2; times++) {
      for (const [browser, name] of [
        [ada, 'ada'],
        [bob, 'bob'],
      ] as const) {
        const { json, headers } = await browser.ask(`${world.origin}/bff/web/dashboard`);
        expect(json).toEqual({ user: { id: name, greeting: `Hello, ${name}!` } });
        expect(headers.get('vary')).toContain('cookie');
      }
    }
    const reported = world.seen.users ?? [];
    expect(reported.map((headers) => headers['x-user-id'])).toEqual(['ada', 'bob']);
    expect(new Set(reported.map(({ authorization }) => authorization)).size).toBe(2);
    for (const { authorization, cookie } of reported) {
      expect(authorization).toMatch(/^Bearer [\w-]+$/);
      expect(cookie).toBeUndefined();
    }
  });

  test('change something for pages of the site alone', async () => {
    const world = await shopWorld();
    const browser = new Browser();
    await logIn(world, browser, 'ada');
    const order = (headers: Record<string, string>) =>
      browser.ask(`${world.origin}/bff/web/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"product": "p1"}',
      });
    expect(await order({})).toMatchObject({ status: 403, json: { type: 'urn:headgate:problem:forged-request' } });
    expect(world.calls.users).toBe(0);
    expect(await order({ 'x-csrf': '1' })).toMatchObject({ status: 200, json: { order: 'ordered p1' } });
  });

  test('are closed to those who only say who they are', async () => {
    const world = await shopWorld();
    const headers = { 'x-user-id': 'ada', authorization: 'Bearer made-up' };
    expect(await new Browser().ask(`${world.origin}/bff/web/dashboard`, { headers })).toMatchObject({ status: 401 });
  });
});

describe('beside other credentials', () => {
  const secret = 'a secret of thirty-two characters';
  const authentication = { require_authentication: true, router: { jwt: { jwks: [{ secret }] } } };

  test('a session is enough where authentication is required; to log in, none is', async () => {
    const world = await shopWorld({ authentication });
    const browser = new Browser();
    expect(await browser.ask(`${world.origin}/bff/web/dashboard`)).toMatchObject({ status: 401 });
    await logIn(world, browser, 'ada');
    const { json } = await browser.ask(`${world.origin}/bff/web/dashboard`);
    expect(json).toMatchObject({ user: { id: 'ada' } });
  });

  test('where nothing but a session is taken, a 401 asks for no token', async () => {
    const world = await shopWorld({ authentication: { require_authentication: true } });
    const refused = await fetch(`${world.origin}/bff/web/dashboard`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Session realm="headgate"']);
  });

  test('a token says who asks over a session, and a bad one is refused', async () => {
    const world = await shopWorld({ authentication });
    const browser = new Browser();
    await logIn(world, browser, 'ada');
    const headers = { authorization: 'Bearer not.a.token' };
    expect(await browser.ask(`${world.origin}/bff/web/dashboard`, { headers })).toMatchObject({ status: 401 });
  });
});

describe('/graphql', () => {
  const query = (world: ShopWorld, browser: Browser, headers: Record<string, string> = {}) =>
    browser.ask(world.server.url.replace('127.0.0.1', 'localhost'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"query": "{ user(id: \\"u1\\") { greeting } }"}',
    });

  test('knows nothing of sessions, unless the config says so', async () => {
    const world = await shopWorld();
    const browser = new Browser();
    await logIn(world, browser, 'ada');
    expect((await query(world, browser)).status).toBe(200);
    expect(world.seen.users?.[0]).not.toHaveProperty('x-user-id');
    expect(world.seen.users?.[0]).not.toHaveProperty('cookie');
  });

  test('takes them, with the same protection against forged requests', async () => {
    const world = await shopWorld({}, { graphql: true });
    const browser = new Browser();
    await logIn(world, browser, 'ada');
    expect(await query(world, browser)).toMatchObject({
      status: 403,
      json: { errors: [{ extensions: { code: 'FORBIDDEN' } }] },
    });
    expect(await query(world, browser, { 'x-csrf': '1' })).toMatchObject({
      status: 200,
      json: { data: { user: { greeting: 'Hello, u1!' } } },
    });
    expect(world.seen.users?.[0]).toMatchObject({
      'x-user-id': 'ada',
      authorization: expect.stringMatching(/^Bearer /),
    });
  });
});

describe('routes of login', () => {
  test('are closed to addresses that are to be answered nothing, past trusted proxies, too', async () => {
    const world = await shopWorld({ trusted_proxies: ['127.0.0.1'], ip_lists: { deny: ['192.0.2.0/24'] } });
    const ask = (ip: string) =>
      new Browser().ask(`${world.origin}/bff/web/login`, { headers: { 'x-forwarded-for': ip } });
    expect((await ask('192.0.2.7')).status).toBe(403);
    expect((await ask('198.51.100.7')).status).toBe(302);
  });

  test('bear the headers that every answer bears', async () => {
    const world = await shopWorld();
    const { headers } = await new Browser().ask(`${world.origin}/bff/web/me`, { headers: { 'x-request-id': 'r1' } });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).toBe('r1');
  });

  test('do not let an address try codes without end, where the config says so', async () => {
    const world = await shopWorld({ authentication: { failed_attempts: { limit: 2, window: '1h' } } });
    const browser = new Browser();
    const statuses: number[] = [];
    for (let times = 0; times < 4; times++) {
      const { headers } = await browser.ask(`${world.origin}/bff/web/login`);
      const state = new URL(headers.get('location') ?? '').searchParams.get('state');
      const back = new URLSearchParams({ state: state ?? '', code: 'guessed', iss: world.provider.issuer });
      statuses.push((await browser.ask(`${world.origin}/bff/web/callback?${back}`)).status);
    }
    expect(statuses).toEqual([400, 400, 429, 429]);
    expect(world.provider.asked['/token']).toBe(2);
  });
});
