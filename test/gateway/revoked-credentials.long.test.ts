import { randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Browser } from '../policy/login/browser.ts';
import { CLIENT_ID, CLIENT_SECRET, OpenIdServer } from '../policy/login/openid-provider.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { openEvents } from './event-reader.ts';
import { ADDED, subscriptionWorld } from './subscription-world.ts';

const ENDED = 'SUBSCRIPTION_TOKEN_EXPIRED';

/** Two processes with sessions in Redis, and the browser of a user who has logged in at the first. */
async function twoProcesses(checkInterval: string) {
  const redis = await startRedis();
  const provider = await OpenIdServer.start();
  onTestFinished(async () => void (await Promise.all([redis.close(), provider.close()])));
  const client = { issuer: provider.issuer, client_id: CLIENT_ID, client_secret: CLIENT_SECRET, graphql: true };
  const session = { store: 'redis', keys: [randomBytes(32).toString('base64')] };
  const config = {
    store: { redis: { url: redis.url } },
    login: { web: { ...client, session } },
    subscription: { credential_check_interval: checkInterval, heartbeat_interval: '1h' },
  };
  const [first, second] = [await subscriptionWorld(config), await subscriptionWorld(config)];
  const originOf = ({ server }: typeof first) => `http://localhost:${server.port}`;
  provider.register(originOf(first));
  const browser = new Browser();
  const login = await browser.go(`${originOf(first)}/bff/web/login?returnTo=/bff/web/me`);
  await browser.submit(login, { name: 'ada', choice: 'yes' });
  const cookie = [...browser.cookiesOf('localhost')].map((pair) => pair.join('=')).join('; ');
  const subscribe = async (at: typeof first) => {
    const { reader } = await openEvents(`${originOf(at)}/graphql`, ADDED, { cookie, 'x-csrf': '1' });
    await at.topic.hasSubscriptions(1);
    return reader;
  };
  const logOut = () => browser.ask(`${originOf(first)}/bff/web/logout`, { method: 'POST', headers: { 'x-csrf': '1' } });
  return { first, second, provider, origin: originOf(first), subscribe, logOut };
}

describe.skipIf(!HAS_REDIS)('with sessions in Redis', () => {
  test('a logout at one process ends the subscriptions of the session at another one', async () => {
    const { second, subscribe, logOut } = await twoProcesses('50ms');
    const reader = await subscribe(second);
    await logOut();
    expect(await reader.until('\n\n')).toContain(ENDED);
  });

  test('a logout ends the subscriptions at the same process at once', async () => {
    const { first, subscribe, logOut } = await twoProcesses('1h');
    const reader = await subscribe(first);
    await logOut();
    expect(await reader.until('\n\n')).toContain(ENDED);
  });

  test('a logout at the provider ends the subscriptions at the process that it tells at once', async () => {
    const { first, provider, origin, subscribe } = await twoProcesses('1h');
    const reader = await subscribe(first);
    const body = new URLSearchParams({ logout_token: await provider.logoutToken({ sub: 'ada' }) });
    await fetch(`${origin}/bff/web/backchannel-logout`, { method: 'POST', body });
    expect(await reader.until('\n\n')).toContain(ENDED);
  });
});
