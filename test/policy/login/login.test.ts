import { describe, expect, test } from 'vitest';
import { Browser } from './browser.ts';
import { loginWorld } from './login-world.ts';

describe('a user of the web shop', () => {
  test('logs in at the provider, is known from then on, and logs out', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    expect(await world.me(browser)).toMatchObject({ status: 401 });

    const landed = await world.logIn(browser, 'ada', '/bff/web/echo?page=2');
    expect(landed.url).toBe(`${world.origin}/bff/web/echo?page=2`);
    expect(landed.json).toMatchObject({
      kind: 'session',
      subject: 'ada',
      scopes: ['openid', 'profile', 'email', 'orders'],
      authorization: expect.stringMatching(/^Bearer ./),
    });

    const me = await world.me(browser);
    expect(me.headers.get('cache-control')).toBe('no-store');
    expect(me.json).toMatchObject({
      claims: { sub: 'ada', name: 'The one called ada', email: 'ada@shop.example' },
      logout: `/bff/web/logout?csrf=${me.json.csrf}`,
    });

    const leaving = await browser.go(`${world.origin}${me.json.logout}`);
    expect(leaving.url).toContain(`${world.provider.issuer}/session/end?id_token_hint=`);
    expect(await world.me(browser)).toMatchObject({ status: 401 });
    expect((await browser.ask(`${world.origin}/bff/web/echo`)).json).toEqual({});
  });

  test('has nothing in the browser but a random id that scripts cannot read', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    const back = await world.cameBack(browser);
    const { headers } = await browser.ask(back);
    const set = headers.getSetCookie().find((line) => line.startsWith('headgate-web='));
    expect(set).toMatch(/^headgate-web=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    // the cookie of the login itself is gone
    expect([...browser.cookiesOf('localhost').keys()].filter((name) => name.startsWith('headgate-'))).toEqual([
      'headgate-web',
    ]);
  });

  test('has a __Host- cookie over HTTPS', async () => {
    const world = await loginWorld({ login: { public_url: 'https://shop.example' } });
    const { headers } = await new Browser().ask(`${world.origin}/bff/web/login`);
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-headgate-login-web\.[\w-]+=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
      ),
    ]);
    expect(new URL(headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(
      'https://shop.example/bff/web/callback',
    );
  });

  test('is sent to the provider with PKCE, a state and a nonce', async () => {
    const world = await loginWorld({ login: { authorization_params: { prompt: 'login' } } });
    const { status, headers } = await new Browser().ask(`${world.origin}/bff/web/login`);
    expect(status).toBe(302);
    expect(Object.fromEntries(new URL(headers.get('location') ?? '').searchParams)).toEqual({
      client_id: 'shop',
      redirect_uri: `${world.origin}/bff/web/callback`,
      response_type: 'code',
      scope: 'openid profile email orders',
      prompt: 'login',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  test('says no at the provider', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    const page = await browser.go(`${world.origin}/bff/web/login`);
    const refused = await browser.submit(page, { choice: 'no' });
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({
      type: 'urn:headgate:problem:login-failed',
      detail: expect.stringContaining('access_denied'),
    });
  });

  test('is led to a page of the shop where a login fails, if there is one', async () => {
    const world = await loginWorld({ login: { error_path: '/sorry' } });
    const browser = new Browser();
    const page = await browser.go(`${world.origin}/bff/web/login`);
    const refused = await browser.submit(page, { choice: 'no' }, '/sorry');
    expect(refused.url).toBe(`${world.origin}/sorry?error=access_denied`);
  });

  test('logs out by a script, which gets the next location', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    await world.logIn(browser);
    const logout = await browser.ask(`${world.origin}/bff/web/logout`, { method: 'POST', headers: { 'x-csrf': '1' } });
    expect(logout.status).toBe(200);
    expect(logout.json.location).toContain('/session/end?');
    expect(logout.headers.get('clear-site-data')).toBe('"cache"');
    expect(await world.me(browser)).toMatchObject({ status: 401 });
    await expect.poll(() => world.provider.asked['/token/revocation']).toBe(1);
  });
});

describe('sessions', () => {
  test('get a new id with each login, and the former ends', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    const planted = 'A'.repeat(43);
    browser.cookiesOf('localhost').set('headgate-web', planted);
    await world.logIn(browser);
    const first = browser.cookiesOf('localhost').get('headgate-web') ?? '';
    expect(first).not.toBe(planted);

    await world.logIn(browser);
    expect(browser.cookiesOf('localhost').get('headgate-web')).not.toBe(first);
    expect(await world.me(browser)).toMatchObject({ status: 200 });
    const thief = new Browser();
    thief.cookiesOf('localhost').set('headgate-web', first);
    expect(await world.me(thief)).toMatchObject({ status: 401 });
  });

  test('end when nobody uses them for a while', async () => {
    const world = await loginWorld({ login: { session: { idle_timeout: '10m' } } });
    const browser = new Browser();
    await world.logIn(browser);
    for (let times = 0; times < 3; times++) {
      world.pass(9 * 60_000);
      expect(await world.me(browser)).toMatchObject({ status: 200 });
    }
    world.pass(9 * 60_000);
    expect(await browser.ask(`${world.origin}/bff/web/me?slide=false`)).toMatchObject({ status: 200 });
    world.pass(60_000);
    expect(await world.me(browser)).toMatchObject({ status: 401 });
  });

  test('end after their time, however much they are used', async () => {
    const world = await loginWorld({ login: { session: { idle_timeout: '50m', lifetime: '1h' } } });
    const browser = new Browser();
    await world.logIn(browser);
    world.pass(40 * 60_000);
    expect(await world.me(browser)).toMatchObject({ status: 200 });
    world.pass(20 * 60_000);
    expect(await world.me(browser)).toMatchObject({ status: 401 });
  });

  test('are no more than there may be: the one unused for longest ends', async () => {
    const world = await loginWorld({ login: { session: { max_sessions: 2 } } });
    const [ada, bob, cy] = [new Browser(), new Browser(), new Browser()];
    await world.logIn(ada, 'ada');
    await world.logIn(bob, 'bob');
    await world.me(ada);
    await world.logIn(cy, 'cy');
    expect([await world.me(ada), await world.me(bob), await world.me(cy)].map(({ status }) => status)).toEqual([
      200, 401, 200,
    ]);
  });

  test('are for their own client, and their cookies for nobody behind the gateway', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    await world.logIn(browser);
    browser.cookiesOf('localhost').set('theme', 'dark');
    const own = (await browser.ask(`${world.origin}/bff/web/echo`)).json;
    expect(own).toMatchObject({ subject: 'ada', cookie: 'theme=dark' });
    const other = (await browser.ask(`${world.origin}/bff/mobile/echo`)).json;
    expect(other).toEqual({ cookie: 'theme=dark' });
  });

  test('make answers vary by cookie, so that no browser keeps them for the next user', async () => {
    const world = await loginWorld();
    expect((await new Browser().ask(`${world.origin}/bff/web/echo`)).headers.get('vary')).toBe('cookie');
  });
});
