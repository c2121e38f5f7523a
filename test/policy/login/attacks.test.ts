import { describe, expect, test } from 'vitest';
import { Browser } from './browser.ts';
import { type LoginWorld, loginWorld } from './login-world.ts';

/** The one cookie of a login that is under way. */
function pendingCookie(browser: Browser): { name: string; value: string } {
  const [name = '', value = ''] = [...browser.cookiesOf('localhost')].find(([key]) => key.includes('login-web')) ?? [];
  return { name, value };
}

function withParameter(url: string, name: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed.href;
}

describe('a login is refused, and nobody is logged in', () => {
  interface Attack {
    readonly what: string;
    readonly says: string;
    /** Given the URL by which an honest login came back, what is asked for instead, and by whom. */
    readonly attack: (back: string, victim: Browser, world: LoginWorld) => Promise<{ url: string; by: Browser }>;
  }

  const attacks: Attack[] = [
    {
      what: 'with a state that nobody gave out',
      says: 'login_not_found',
      attack: async (back, by) => ({ by, url: withParameter(back, 'state', 'A'.repeat(43)) }),
    },
    {
      what: 'with a state that only begins like the right one',
      says: 'login_not_found',
      attack: async (back, by) => {
        const state = new URL(back).searchParams.get('state') ?? '';
        return { by, url: withParameter(back, 'state', `${state.slice(0, 20)}${'A'.repeat(23)}`) };
      },
    },
    {
      what: 'without a state',
      says: 'login_not_found',
      attack: async (back, by) => ({ by, url: withParameter(back, 'state', '') }),
    },
    {
      what: 'in another browser than the one in which it began',
      says: 'login_not_found',
      attack: async (url) => ({ by: new Browser(), url }),
    },
    {
      what: 'in another browser where a login of its own is under way',
      says: 'login_not_found',
      attack: async (url, _, world) => {
        const by = new Browser();
        await by.ask(`${world.origin}/bff/web/login`);
        return { by, url };
      },
    },
    {
      what: 'with a code of somebody else, who put it into the victim’s link',
      says: 'invalid_response',
      attack: async (back, by, world) => {
        const stolen = new URL(await world.cameBack(new Browser(), 'mallory')).searchParams.get('code') ?? '';
        return { by, url: withParameter(back, 'code', stolen) };
      },
    },
    {
      what: 'that comes from another provider (mix-up)',
      says: 'invalid_response',
      attack: async (back, by) => ({ by, url: withParameter(back, 'iss', 'https://evil.example') }),
    },
    {
      what: 'that does not say from which provider it comes, though this one always does',
      says: 'invalid_response',
      attack: async (back, by) => {
        const url = new URL(back);
        url.searchParams.delete('iss');
        return { by, url: url.href };
      },
    },
    {
      what: 'with a cookie that was changed',
      says: 'login_not_found',
      attack: async (url, by) => {
        const { name, value } = pendingCookie(by);
        const at = value.length - 9;
        by.cookiesOf('localhost').set(
          name,
          `${value.slice(0, at)}${value[at] === 'A' ? 'B' : 'A'}${value.slice(at + 1)}`,
        );
        return { by, url };
      },
    },
    {
      what: 'with the cookie of another login under its name',
      says: 'login_not_found',
      attack: async (url, by, world) => {
        const other = new Browser();
        await other.ask(`${world.origin}/bff/web/login`);
        by.cookiesOf('localhost').set(pendingCookie(by).name, pendingCookie(other).value);
        return { by, url };
      },
    },
    {
      what: 'that took too long',
      says: 'login_expired',
      attack: async (url, by, world) => {
        world.pass(10 * 60_000);
        return { by, url };
      },
    },
  ];

  test.each(attacks)('$what', async ({ attack, says }) => {
    const world = await loginWorld();
    const victim = new Browser();
    const back = await world.cameBack(victim);
    const { url, by } = await attack(back, victim, world);
    const answer = await by.ask(url);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      type: 'urn:headgate:problem:login-failed',
      detail: expect.stringContaining(says),
    });
    expect(by.cookiesOf('localhost').has('headgate-web')).toBe(false);
    expect(await world.me(by)).toMatchObject({ status: 401 });
  });

  test('for the second time, also with the cookie of the first time', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    const back = await world.cameBack(browser);
    const cookie = pendingCookie(browser);
    expect((await browser.ask(back)).status).toBe(302);
    expect(await browser.ask(back)).toMatchObject({ status: 400 });

    const thief = new Browser();
    thief.cookiesOf('localhost').set(cookie.name, cookie.value);
    const replayed = await thief.ask(back);
    expect(replayed.json.detail).toContain('login_used');
    // the code was shown to the provider once: a second time it would have ended the first login
    expect(world.provider.asked['/token']).toBe(1);
    expect(await world.me(browser)).toMatchObject({ status: 200 });
  });
});

test.each([
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/%2f/evil.example',
  '/%2F%2Fevil.example',
  '/%5cevil.example',
  '/%255cevil.example',
  '/%252f%252fevil.example',
  '/\t/evil.example',
  '/%09/evil.example',
  '/%0d%0aset-cookie:x=y',
  'javascript:alert(1)',
  'evil.example',
  '@evil.example',
  '',
  ' /',
])('a login leads to no other site: returnTo=%j', async (returnTo) => {
  const world = await loginWorld();
  const url = `${world.origin}/bff/web/login?returnTo=${encodeURIComponent(returnTo)}`;
  expect(await new Browser().ask(url)).toMatchObject({
    status: 400,
    json: { type: 'urn:headgate:problem:invalid-return' },
  });
});

test('a login leads to no path that is longer than proxies take', async () => {
  const world = await loginWorld();
  const url = `${world.origin}/bff/web/login?returnTo=/${'a'.repeat(2_000)}`;
  expect(await new Browser().ask(url)).toMatchObject({ status: 400 });
});

test.each(['/', '/orders?page=2#top', '/search?q=100%', '/%C3%A9t%C3%A9', '/a?next=%2Fb'])(
  'a login leads to pages of the own site: returnTo=%j',
  async (returnTo) => {
    const world = await loginWorld();
    const browser = new Browser();
    const back = await world.cameBack(browser, 'ada', `/bff/web/login?returnTo=${encodeURIComponent(returnTo)}`);
    expect((await browser.ask(back)).headers.get('location')).toBe(world.origin + returnTo);
  },
);

describe('a request that changes something', () => {
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const sibling = { origin: 'https://blog.localhost', 'sec-fetch-site': 'same-site' };

  const forged: { what: string; headers: Record<string, string> }[] = [
    { what: 'of a form on another site', headers: evil },
    { what: 'of a script on another site, which could send the header', headers: { ...evil, 'x-csrf': '1' } },
    { what: 'of a page on a sibling host', headers: { ...sibling, 'x-csrf': '1' } },
    { what: 'of a sandboxed page', headers: { origin: 'null', 'x-csrf': '1' } },
    { what: 'of a browser that hides the origin', headers: { 'sec-fetch-site': 'cross-site', 'x-csrf': '1' } },
    { what: 'without the header', headers: {} },
    { what: 'with something else in the header', headers: { 'x-csrf': 'yes' } },
  ];

  test.each(forged)('$what is refused when it comes with a session', async ({ headers }) => {
    const world = await loginWorld();
    const browser = new Browser();
    await world.logIn(browser);
    for (const path of ['/bff/web/echo', '/bff/web/logout']) {
      const answer = await browser.ask(world.origin + path, { method: 'POST', headers });
      expect(answer).toMatchObject({ status: 403, json: { type: 'urn:headgate:problem:forged-request' } });
    }
    expect(await world.me(browser)).toMatchObject({ status: 200 });
  });

  test('of the own pages, and of those that the config allows, is answered', async () => {
    const world = await loginWorld({ login: { allowed_origins: ['https://shop.example'] } });
    const browser = new Browser();
    await world.logIn(browser);
    const own = { origin: world.origin, 'sec-fetch-site': 'same-origin', 'x-csrf': '1' };
    const allowed = { origin: 'https://shop.example', 'sec-fetch-site': 'cross-site', 'x-csrf': '1' };
    for (const headers of [own, allowed, { 'x-csrf': '1' }]) {
      const { json } = await browser.ask(`${world.origin}/bff/web/echo`, { method: 'POST', headers });
      expect(json).toMatchObject({ subject: 'ada' });
    }
  });

  test('needs the token that /me tells, where the config says so', async () => {
    const world = await loginWorld({ login: { csrf: 'token' } });
    const browser = new Browser();
    await world.logIn(browser);
    const { csrf } = (await world.me(browser)).json as { csrf: string };
    const post = (value: string) =>
      browser.ask(`${world.origin}/bff/web/echo`, { method: 'POST', headers: { 'x-csrf': value } });
    expect([(await post('1')).status, (await post('A'.repeat(43))).status, (await post(csrf)).status]).toEqual([
      403, 403, 200,
    ]);
  });

  test('is nobody’s affair without a session', async () => {
    const world = await loginWorld();
    const answer = await new Browser().ask(`${world.origin}/bff/web/echo`, { method: 'POST', headers: evil });
    expect(answer).toMatchObject({ status: 200, json: {} });
  });
});

test('nobody is logged out by a link from elsewhere', async () => {
  const world = await loginWorld();
  const browser = new Browser();
  await world.logIn(browser);
  expect(await browser.ask(`${world.origin}/bff/web/logout`)).toMatchObject({ status: 403 });
  expect(await browser.ask(`${world.origin}/bff/web/logout?csrf=guessed`)).toMatchObject({ status: 403 });
  expect(await world.me(browser)).toMatchObject({ status: 200 });
});

test('nobody is logged out by a form on another site, which browsers send without the cookie', async () => {
  const world = await loginWorld();
  for (const method of ['POST', 'GET']) {
    const { headers } = await new Browser().ask(`${world.origin}/bff/web/logout`, { method });
    expect(headers.getSetCookie()).toEqual([]);
    expect(headers.get('clear-site-data')).toBeNull();
  }
});

test('two tabs log in at once', async () => {
  const world = await loginWorld();
  const browser = new Browser();
  const first = await world.cameBack(browser);
  const second = await world.cameBack(browser);
  expect((await browser.ask(second)).status).toBe(302);
  expect((await browser.ask(first)).status).toBe(302);
  expect(await world.me(browser)).toMatchObject({ status: 200 });
});

test('logins under way are few in one browser: the oldest are forgotten', async () => {
  const world = await loginWorld();
  const browser = new Browser();
  const [oldest] = [await world.cameBack(browser)];
  for (let times = 0; times < 20; times++) await browser.ask(`${world.origin}/bff/web/login`);
  expect([...browser.cookiesOf('localhost').keys()].filter((name) => name.includes('login-web'))).toHaveLength(5);
  expect(await browser.ask(oldest)).toMatchObject({ status: 400 });
});

test('a session’s cookie that was changed, or is there twice, is none', async () => {
  const world = await loginWorld();
  const browser = new Browser();
  await world.logIn(browser);
  const value = browser.cookiesOf('localhost').get('headgate-web') ?? '';
  const changed = `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`;
  const ask = (cookie: string) => new Browser().ask(`${world.origin}/bff/web/me`, { headers: { cookie } });
  expect((await ask(`headgate-web=${value}`)).status).toBe(200);
  expect((await ask(`headgate-web=${changed}`)).status).toBe(401);
  expect((await ask(`headgate-web=${changed}; headgate-web=${value}`)).status).toBe(401);
  expect((await ask(`__Host-headgate-web=${value}`)).status).toBe(401);
});

test('a host name that anybody could have sent is not believed', async () => {
  const world = await loginWorld();
  const { port } = new URL(world.origin);
  const { request } = await import('undici');
  for (const host of ['evil.example', `localhost.evil.example:${port}`]) {
    const { statusCode, body } = await request(`${world.origin}/bff/web/login`, { headers: { host } });
    expect(statusCode).toBe(421);
    expect(await body.json()).toMatchObject({ detail: expect.stringContaining('login.web.public_url') });
  }
});
