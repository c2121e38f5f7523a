import { describe, expect, test } from 'vitest';
import { latch } from '../../gateway/serving.ts';
import { Browser, type Page } from './browser.ts';
import { type LoginWorld, loginWorld } from './login-world.ts';

const HOUR = 3_600_000;

async function loggedIn(options: Parameters<typeof loginWorld>[0] = {}): Promise<[LoginWorld, Browser]> {
  const session = { idle_timeout: '12h', ...(options.login?.session as object) };
  const world = await loginWorld({ ...options, login: { ...options.login, session } });
  const browser = new Browser();
  await world.logIn(browser);
  return [world, browser];
}

const echo = (world: LoginWorld, browser: Browser): Promise<Page> => browser.ask(`${world.origin}/bff/web/echo`);
const tokenOf = ({ json }: Page) => json.authorization;

describe('access tokens', () => {
  test('are used as long as they hold', async () => {
    const [world, browser] = await loggedIn();
    const first = tokenOf(await echo(world, browser));
    world.pass(HOUR / 2);
    expect(tokenOf(await echo(world, browser))).toBe(first);
    expect(world.provider.asked['/token']).toBe(1);
  });

  test('are renewed when they have expired: once, however many requests come', async () => {
    const [world, browser] = await loggedIn();
    const first = tokenOf(await echo(world, browser));
    world.pass(HOUR + 1);
    const answers = await Promise.all(Array.from({ length: 10 }, () => echo(world, browser)));
    const tokens = new Set(answers.map(tokenOf));
    expect(tokens.size).toBe(1);
    expect(tokens.has(first)).toBe(false);
    expect(world.provider.asked['/token']).toBe(2);
  });

  test('are renewed with the newest refresh token, again and again', async () => {
    const [world, browser] = await loggedIn();
    for (let times = 0; times < 3; times++) {
      world.pass(HOUR + 1);
      expect(await echo(world, browser)).toMatchObject({ status: 200, json: { subject: 'ada' } });
    }
    expect(world.provider.asked['/token']).toBe(4);
    expect((await world.me(browser)).json).toMatchObject({ claims: { name: 'The one called ada' } });
  });

  test('are renewed in passing shortly before they expire: nobody waits', async () => {
    const [world, browser] = await loggedIn();
    const first = tokenOf(await echo(world, browser));
    world.pass(HOUR - 10_000);
    const asked = latch();
    const answer = latch();
    world.provider.beforeToken = () => {
      asked.open();
      return answer.promise;
    };
    expect(tokenOf(await echo(world, browser))).toBe(first);
    await asked.promise;
    answer.open();
    await expect.poll(async () => tokenOf(await echo(world, browser))).not.toBe(first);
    expect(world.provider.asked['/token']).toBe(2);
  });

  test('end the session when the provider renews them no more', async () => {
    const [world, browser] = await loggedIn();
    world.provider.forgetGrants();
    world.pass(HOUR + 1);
    const ended = await echo(world, browser);
    expect(ended).toMatchObject({ status: 401, json: { type: 'urn:headgate:problem:session-ended' } });
    // from then on the browser is nobody's
    expect(await echo(world, browser)).toMatchObject({ status: 200, json: {} });
  });
});

describe('while the provider is unavailable', () => {
  test('sessions go on until their token expires; then they wait for it, and go on', async () => {
    const [world, browser] = await loggedIn();
    world.provider.goDown();
    world.pass(HOUR - 1_000);
    expect(await echo(world, browser)).toMatchObject({ status: 200, json: { subject: 'ada' } });
    world.pass(2_000);
    const unavailable = await echo(world, browser);
    expect(unavailable).toMatchObject({ status: 503, json: { type: 'urn:headgate:problem:login-provider-away' } });
    expect(unavailable.headers.get('retry-after')).toBe('5');
    expect(await world.me(browser)).toMatchObject({ status: 200 });

    world.provider.comeUp();
    world.pass(3_000);
    expect(await echo(world, browser)).toMatchObject({ status: 200, json: { subject: 'ada' } });
  });

  test('nothing hangs: one request waits for the timeout, the next ones are answered at once', async () => {
    const [world, browser] = await loggedIn({ login: { timeout: '5s' } });
    world.pass(HOUR + 1);
    world.provider.goDown('silent');
    expect(await echo(world, browser)).toMatchObject({ status: 503 });
    const asked = world.provider.asked['/token'];
    for (let times = 0; times < 5; times++) expect(await echo(world, browser)).toMatchObject({ status: 503 });
    expect(world.provider.asked['/token']).toBe(asked);
  });

  test('logins fail with a message that says so; logouts work', async () => {
    const [world, browser] = await loggedIn({ login: { timeout: '5s' } });
    const back = await world.cameBack(browser);
    world.provider.goDown();
    const answer = await browser.ask(back);
    expect(answer).toMatchObject({ status: 503, json: { detail: expect.stringContaining('login_provider_away') } });
    const logout = await browser.ask(`${world.origin}/bff/web/logout`, { method: 'POST', headers: { 'x-csrf': '1' } });
    expect(logout.status).toBe(200);
    expect(await world.me(browser)).toMatchObject({ status: 401 });
  });
});

test('a session without a refresh token ends with its access token', async () => {
  const [world, browser] = await loggedIn();
  world.provider.givesRefreshTokens = false;
  await world.logIn(browser);
  world.pass(HOUR - 1_000);
  expect(await echo(world, browser)).toMatchObject({ status: 200, json: { subject: 'ada' } });
  world.pass(2_000);
  const ended = await echo(world, browser);
  expect(ended).toMatchObject({ status: 401, json: { type: 'urn:headgate:problem:session-ended' } });
  expect(ended.headers.get('www-authenticate')).toBe('Session realm="headgate", login="/bff/web/login"');
  expect(await world.me(browser)).toMatchObject({ status: 401 });
});

test('who logs out while a token is renewed stays logged out', async () => {
  const [world, browser] = await loggedIn();
  world.pass(HOUR + 1);
  const asked = latch();
  const answer = latch();
  world.provider.beforeToken = () => {
    asked.open();
    return answer.promise;
  };
  const waiting = echo(world, browser);
  await asked.promise;
  const token = await world.provider.logoutToken({ sub: 'ada' });
  const body = new URLSearchParams({ logout_token: token });
  const ended = await fetch(`${world.origin}/bff/web/backchannel-logout`, { method: 'POST', body });
  expect(ended.status).toBe(200);
  answer.open();
  expect(await waiting).toMatchObject({ status: 401, json: { type: 'urn:headgate:problem:session-ended' } });
  expect(await world.me(browser)).toMatchObject({ status: 401 });
  // the refresh token that came too late was given back
  expect(world.provider.asked['/token/revocation']).toBe(1);
});
