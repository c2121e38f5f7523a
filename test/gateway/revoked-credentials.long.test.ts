import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { Browser } from '../policy/login/browser.ts';
import { CLIENT_ID, CLIENT_SECRET, OpenIdServer } from '../policy/login/openid-provider.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { openEvents } from './event-reader.ts';
import { ADDED, subscriptionWorld } from './subscription-world.ts';

test.skipIf(!HAS_REDIS)('a logout at one process ends the subscriptions of the session at another one', async () => {
  const redis = await startRedis();
  const provider = await OpenIdServer.start();
  onTestFinished(async () => void (await Promise.all([redis.close(), provider.close()])));
  const client = { issuer: provider.issuer, client_id: CLIENT_ID, client_secret: CLIENT_SECRET, graphql: true };
  const session = { store: 'redis', keys: [randomBytes(32).toString('base64')] };
  const config = {
    store: { redis: { url: redis.url } },
    login: { web: { ...client, session } },
    subscription: { credential_check_interval: '50ms' },
  };
  const [first, second] = [await subscriptionWorld(config), await subscriptionWorld(config)];
  const originOf = ({ server }: typeof first) => `http://localhost:${server.port}`;
  provider.register(originOf(first));
  const browser = new Browser();
  const login = await browser.go(`${originOf(first)}/bff/web/login?returnTo=/bff/web/me`);
  await browser.submit(login, { name: 'ada', choice: 'yes' });
  const cookie = [...browser.cookiesOf('localhost')].map((pair) => pair.join('=')).join('; ');
  const { reader } = await openEvents(`${originOf(second)}/graphql`, ADDED, { cookie, 'x-csrf': '1' });
  await second.topic.hasSubscriptions(1);
  await browser.ask(`${originOf(first)}/bff/web/logout`, { method: 'POST', headers: { 'x-csrf': '1' } });
  expect(await reader.until('\n\n')).toContain('SUBSCRIPTION_TOKEN_EXPIRED');
});
