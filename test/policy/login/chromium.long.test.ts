import { chromium, type Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHROMIUM, PROGRAMS } from '../../programs.ts';
import { shopWorld } from './shop-world.ts';

async function newPage(): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  // the test itself has a timeout: a busy machine may need long
  page.setDefaultTimeout(0);
  return page;
}

/** What a script of the page gets that asks for this. */
function ask(page: Page, path: string, init: RequestInit = {}): Promise<{ status: number; json: unknown }> {
  return page.evaluate(
    async ([url, options]) => {
      const response = await fetch(url, options);
      return { status: response.status, json: await response.json() };
    },
    [path, init] as const,
  );
}

describe.skipIf(!PROGRAMS.chromium)('in Chromium', () => {
  test('a user logs in, sees the dashboard, orders something, and logs out', { timeout: 300_000 }, async () => {
    const world = await shopWorld();
    const page = await newPage();

    await page.goto(`${world.origin}/bff/web/login?returnTo=/bff/web/me`);
    expect(new URL(page.url()).origin).toBe(world.provider.issuer);
    await page.getByLabel('Name').fill('ada');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${world.origin}/bff/web/me`);

    const me = await ask(page, '/bff/web/me');
    expect(me).toMatchObject({ status: 200, json: { claims: { sub: 'ada' } } });
    expect(await ask(page, '/bff/web/dashboard')).toEqual({
      status: 200,
      json: { user: { id: 'ada', greeting: 'Hello, ada!' } },
    });

    // scripts see neither the session nor a token
    expect(await page.evaluate(() => document.cookie)).toBe('');
    const [cookie, ...others] = await page.context().cookies(world.origin);
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({ name: 'headgate-web', httpOnly: true, sameSite: 'Lax', path: '/', expires: -1 });

    const headers = { 'content-type': 'application/json' };
    const order = { method: 'POST', headers, body: '{"product": "p1"}' };
    expect(await ask(page, '/bff/web/orders', order)).toMatchObject({ status: 403 });
    const proper = { ...order, headers: { ...headers, 'x-csrf': '1' } };
    expect(await ask(page, '/bff/web/orders', proper)).toMatchObject({ status: 200, json: { order: 'ordered p1' } });

    const { logout } = me.json as { logout: string };
    await page.goto(world.origin + logout);
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
    // `after_logout` is "/", from where browsers are sent to GraphiQL
    await page.waitForURL(`${world.origin}/graphql`);
    expect(await ask(page, '/bff/web/me')).toMatchObject({ status: 401 });
    expect(await ask(page, '/bff/web/dashboard')).toMatchObject({ status: 401 });
    expect(await page.context().cookies(world.origin)).toEqual([]);
  });

  test('a page of another site can do nothing with the session', { timeout: 300_000 }, async () => {
    const world = await shopWorld();
    const page = await newPage();
    await page.goto(`${world.origin}/bff/web/login?returnTo=/bff/web/me`);
    await page.getByLabel('Name').fill('ada');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${world.origin}/bff/web/me`);

    // another site, as far as browsers go: the provider's
    await page.goto(`${world.provider.issuer}/jwks`);
    const sent = await page.evaluate(async (origin) => {
      const tries = [{ headers: { 'x-csrf': '1' } }, { mode: 'no-cors' as const }];
      const send = (init: RequestInit) =>
        fetch(`${origin}/bff/web/orders`, {
          method: 'POST',
          credentials: 'include',
          body: '{"product":"p1"}',
          ...init,
        });
      return Promise.all(
        tries.map((init) =>
          send(init).then(
            ({ type }) => type,
            () => 'refused',
          ),
        ),
      );
    }, world.origin);
    expect(sent).toEqual(['refused', 'opaque']);
    await page.evaluate((origin) => {
      document.body.innerHTML = `<form method="post" action="${origin}/bff/web/logout"><button>You won!</button></form>`;
    }, world.origin);
    await page.getByRole('button', { name: 'You won!' }).click();
    await page.waitForURL(`${world.origin}/bff/web/logout`);
    await page.goto(`${world.origin}/bff/web/me`);
    expect(await ask(page, '/bff/web/me')).toMatchObject({ status: 200 });
    expect(world.calls.users).toBe(0);
  });
});
