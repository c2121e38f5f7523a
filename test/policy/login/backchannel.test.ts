import type { JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';
import { Browser } from './browser.ts';
import { type LoginWorld, loginWorld } from './login-world.ts';

async function tell(world: LoginWorld, token: string): Promise<Response> {
  const body = new URLSearchParams({ logout_token: token });
  return fetch(`${world.origin}/bff/web/backchannel-logout`, { method: 'POST', body });
}

describe('logging out elsewhere', () => {
  test('ends the session when the provider tells', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    await world.logIn(browser);
    // the user goes to the provider itself, and leaves there
    const asking = await browser.go(`${world.provider.issuer}/session/end`);
    await browser.submit(asking, { logout: 'yes' });
    await expect.poll(async () => (await world.me(browser)).status).toBe(401);
  });

  test('ends all sessions of a user, and none of others', async () => {
    const world = await loginWorld();
    const [desktop, phone, other] = [new Browser(), new Browser(), new Browser()];
    await world.logIn(desktop, 'ada');
    await world.logIn(phone, 'ada');
    await world.logIn(other, 'bob');
    expect((await tell(world, await world.provider.logoutToken({ sub: 'ada' }))).status).toBe(200);
    const statuses = await Promise.all([desktop, phone, other].map(async (one) => (await world.me(one)).status));
    expect(statuses).toEqual([401, 401, 200]);
  });

  test('ends one session of a user where the token names it', async () => {
    const world = await loginWorld({ login: { claims: ['sub', 'sid'] } });
    const [desktop, phone] = [new Browser(), new Browser()];
    await world.logIn(desktop, 'ada');
    await world.logIn(phone, 'ada');
    const { sid } = (await world.me(desktop)).json.claims as { sid: string };
    expect((await tell(world, await world.provider.logoutToken({ sub: 'ada', sid }))).status).toBe(200);
    expect((await world.me(desktop)).status).toBe(401);
    expect((await world.me(phone)).status).toBe(200);
  });
});

describe('a logout token is refused', () => {
  const bad: { what: string; claims: JWTPayload }[] = [
    { what: 'of another provider', claims: { sub: 'ada', iss: 'https://evil.example' } },
    { what: 'for another client', claims: { sub: 'ada', aud: 'another' } },
    { what: 'that tells of something else', claims: { sub: 'ada', events: { 'https://schemas.example/other': {} } } },
    { what: 'that is an ID token, by its nonce', claims: { sub: 'ada', nonce: 'n' } },
    { what: 'that names nobody', claims: {} },
    { what: 'without an id, so that it could be used again', claims: { sub: 'ada', jti: undefined } },
  ];

  test.each(bad)('$what', async ({ claims }) => {
    const world = await loginWorld();
    const browser = new Browser();
    await world.logIn(browser);
    const answer = await tell(world, await world.provider.logoutToken(claims));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
    expect((await world.me(browser)).status).toBe(200);
  });

  test.each(['at+jwt', 'dpop+jwt', 'JOSE'])('of the type %s', async (type) => {
    const world = await loginWorld();
    const browser = new Browser();
    await world.logIn(browser);
    expect((await tell(world, await world.provider.logoutToken({ sub: 'ada' }, type))).status).toBe(400);
    expect((await world.me(browser)).status).toBe(200);
    expect((await tell(world, await world.provider.logoutToken({ sub: 'ada' }, 'application/logout+JWT'))).status).toBe(
      200,
    );
  });

  test('with a signature of somebody else, with none, or when it is no token at all', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    await world.logIn(browser);
    const good = await world.provider.logoutToken({ sub: 'ada' });
    const [head = '', body = '', signature = ''] = good.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const forged = `${head}.${body}.${signature.slice(0, -8)}AAAAAAAA`;
    for (const token of [forged, `${none}.${body}.`, 'nonsense', '']) {
      expect((await tell(world, token)).status).toBe(400);
    }
    expect((await world.me(browser)).status).toBe(200);
  });

  test('the second time', async () => {
    const world = await loginWorld();
    const browser = new Browser();
    const token = await world.provider.logoutToken({ sub: 'ada' });
    expect((await tell(world, token)).status).toBe(200);
    await world.logIn(browser);
    expect((await tell(world, token)).status).toBe(400);
    expect((await world.me(browser)).status).toBe(200);
  });
});
