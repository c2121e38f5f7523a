import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRedis, type SharedRedis } from '../../../src/store/redis.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../../store/redis-server.ts';
import { Browser } from './browser.ts';
import { type LoginWorld, loginWorld } from './login-world.ts';

const key = () => randomBytes(32).toString('base64');
const HOUR = 3_600_000;

describe.skipIf(!HAS_REDIS)('sessions in Redis', () => {
  let server: RedisServer;
  let redis: SharedRedis;
  let raw: Redis;

  beforeAll(async () => {
    server = await startRedis();
    const settings = { url: server.url, key_prefix: 'test', timeout: 5_000 };
    redis = await createRedis(settings, createLogger({ level: 'silent' }));
    raw = new Redis(server.url);
  });
  beforeEach(() => raw.flushall());
  afterAll(async () => {
    raw?.disconnect();
    await redis?.close();
    await server?.close();
  });

  const storedIn = (keys: readonly string[], more: object = {}) => ({
    redis,
    login: { session: { store: 'redis', keys, idle_timeout: '6h', ...more } },
  });

  /** Two processes of one gateway, one after the other: the provider knows the first by its address. */
  async function twoProcesses(keys: readonly (readonly string[])[]): Promise<[LoginWorld, LoginWorld]> {
    const clock = { now: Date.now() };
    const first = await loginWorld({ ...storedIn(keys[0] ?? []), clock });
    const second = await loginWorld({ ...storedIn(keys[1] ?? []), clock, provider: first.provider });
    return [first, second];
  }

  const statusAt = async ({ origin }: LoginWorld, browser: Browser) =>
    (await browser.ask(`${origin}/bff/web/me`)).status;

  test('are known to all processes, and ended in all of them', async () => {
    const secret = key();
    const [first, second] = await twoProcesses([[secret], [secret]]);
    const browser = new Browser();
    await first.logIn(browser);
    expect(await statusAt(second, browser)).toBe(200);
    await browser.ask(`${second.origin}/bff/web/logout`, { method: 'POST', headers: { 'x-csrf': '1' } });
    expect(await statusAt(first, browser)).toBe(401);
  });

  test('are encrypted: no name, no token and no id is to be read there', async () => {
    const world = await loginWorld(storedIn([key()]));
    const browser = new Browser();
    // long, for a short name may be in what is encrypted by chance
    const name = 'ada-lovelace-of-london';
    await world.logIn(browser, name);
    const { authorization } = (await browser.ask(`${world.origin}/bff/web/echo`)).json as { authorization: string };
    const id = browser.cookiesOf('localhost').get('headgate-web') ?? '';
    const keys = await raw.keys('*');
    const sessions = await Promise.all(keys.filter((one) => one.includes(':session:')).map((one) => raw.get(one)));
    const lists = keys.filter((one) => one.includes(':by-'));
    const members = await Promise.all(lists.map((one) => raw.zrange(one, '0', '-1')));
    const everything = JSON.stringify([keys, sessions, members]);
    expect(sessions).toHaveLength(1);
    expect(lists).toHaveLength(2);
    for (const secret of [name, authorization.slice('Bearer '.length), id]) expect(everything).not.toContain(secret);
  });

  test('outlive a change of keys, for as long as the old key is there', async () => {
    const [old, next] = [key(), key()];
    const [first, second] = await twoProcesses([[old], [next, old]]);
    const browser = new Browser();
    await first.logIn(browser);
    expect(await statusAt(second, browser)).toBe(200);
    const third = await loginWorld({ ...storedIn([next]), provider: first.provider });
    expect(await statusAt(third, browser)).toBe(401);
  });

  test('cannot be put in the place of others', async () => {
    const world = await loginWorld(storedIn([key()]));
    const [ada, mallory] = [new Browser(), new Browser()];
    await world.logIn(ada, 'ada');
    const [adas = ''] = await raw.keys('*:session:*');
    await world.logIn(mallory, 'mallory');
    const mallorys = (await raw.keys('*:session:*')).find((name) => name !== adas) ?? '';
    await raw.set(mallorys, (await raw.get(adas)) ?? '');
    expect(await statusAt(world, mallory)).toBe(401);
    expect(await statusAt(world, ada)).toBe(200);
  });

  test('end by themselves when nobody uses them, and each use puts that off', async () => {
    const world = await loginWorld(storedIn([key()], { idle_timeout: '10m' }));
    const browser = new Browser();
    await world.logIn(browser);
    const [name = ''] = await raw.keys('*:session:*');
    await raw.pexpire(name, 1_000);
    await browser.ask(`${world.origin}/bff/web/me?slide=false`);
    expect(await raw.pttl(name)).toBeLessThanOrEqual(1_000);
    await world.me(browser);
    expect(await raw.pttl(name)).toBeGreaterThan(9 * 60_000);
    await raw.del(name);
    expect((await world.me(browser)).status).toBe(401);
  });

  test('end after their time, though they are still there', async () => {
    const world = await loginWorld(storedIn([key()], { lifetime: '1h' }));
    const browser = new Browser();
    await world.logIn(browser);
    world.pass(HOUR);
    expect((await world.me(browser)).status).toBe(401);
  });

  test('renew their tokens once, whichever processes are asked', async () => {
    const secret = key();
    const [first, second] = await twoProcesses([[secret], [secret]]);
    const browser = new Browser();
    await first.logIn(browser);
    first.pass(HOUR + 1);
    const asked = Array.from({ length: 8 }, (_, i) => browser.ask(`${(i % 2 ? first : second).origin}/bff/web/echo`));
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(new Set(answers.map(({ json }) => json.authorization)).size).toBe(1);
    expect(first.provider.asked['/token']).toBe(2);
  });

  test('are ended by the provider, by user and by session', async () => {
    const login = { ...storedIn([key()]).login, claims: ['sub', 'sid'] };
    const world = await loginWorld({ redis, login });
    const [desktop, phone, other] = [new Browser(), new Browser(), new Browser()];
    for (const [browser, name] of [
      [desktop, 'ada'],
      [phone, 'ada'],
      [other, 'bob'],
    ] as const)
      await world.logIn(browser, name);
    const tell = async (claims: JWTPayload) => {
      const body = new URLSearchParams({ logout_token: await world.provider.logoutToken(claims) });
      await fetch(`${world.origin}/bff/web/backchannel-logout`, { method: 'POST', body });
      return Promise.all([desktop, phone, other].map(async (browser) => (await world.me(browser)).status));
    };
    const { sid } = (await world.me(desktop)).json.claims as { sid: string };
    expect(await tell({ sub: 'ada', sid })).toEqual([401, 200, 200]);
    expect(await tell({ sub: 'ada' })).toEqual([401, 401, 200]);
  });

  test('a login is used up for all processes', async () => {
    const secret = key();
    const [first, second] = await twoProcesses([[secret], [secret]]);
    const browser = new Browser();
    const back = await first.cameBack(browser);
    const thief = new Browser();
    for (const [name, value] of browser.cookiesOf('localhost')) thief.cookiesOf('localhost').set(name, value);
    expect((await browser.ask(back)).status).toBe(302);
    const elsewhere = new URL(back);
    elsewhere.port = new URL(second.origin).port;
    expect((await thief.ask(elsewhere.href)).json.detail).toContain('login_used');
  });

  test('are unavailable while Redis is, which is logged, and are there again afterwards', async () => {
    const quick = await createRedis(
      { url: server.url, key_prefix: 'test', timeout: 3_000 },
      createLogger({ level: 'silent' }),
    );
    const world = await loginWorld({ ...storedIn([key()]), redis: quick });
    const browser = new Browser();
    await world.logIn(browser);
    server.freeze();
    try {
      const answer = await browser.ask(`${world.origin}/bff/web/echo`);
      expect(answer).toMatchObject({ status: 503, json: { type: 'urn:headgate:problem:sessions-away' } });
      expect(await world.me(browser)).toMatchObject({ status: 503 });
    } finally {
      server.resume();
    }
    await expect.poll(async () => (await world.me(browser)).status).toBe(200);
    await quick.close();
  });
});
