import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { createApiKey, formatApiKeyFile } from '../../src/policy/authentication/api-key-record.ts';
import { Browser } from '../policy/login/browser.ts';
import { CLIENT_ID, CLIENT_SECRET, OpenIdServer } from '../policy/login/openid-provider.ts';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { counted } from './counted.ts';
import { openEvents } from './event-reader.ts';
import { all, openClient, openSocket } from './open-socket.ts';
import { ADDED, review, type SubscriptionWorld, subscriptionWorld } from './subscription-world.ts';

const ENDED = 'SUBSCRIPTION_TOKEN_EXPIRED';
const CHECKED_OFTEN = { subscription: { credential_check_interval: '20ms' } };
/** No check, and no heartbeat, while a test runs. Each client has a subscription of its own at the subgraph. */
const CHECKED_SELDOM = {
  subscription: { credential_check_interval: '1h', heartbeat_interval: '1h', deduplication: { enabled: false } },
};
const prometheus = { enabled: true, listen: '127.0.0.1:0' };
const telemetry = { metrics: { prometheus } };

/** Returns a folder, removed when the test is over. */
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-revoked-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Returns a folder with the endpoint `GET /bff/web/reviews`, which streams events. */
function endpoints(kinds: string): string {
  const dir = folder();
  mkdirSync(join(dir, 'web'));
  writeFileSync(join(dir, 'web/client.yaml'), `auth: { kinds: [${kinds}] }\n`);
  writeFileSync(
    join(dir, 'web/reviews.graphql'),
    'subscription Reviews @endpoint(path: "/reviews") { reviewAdded { body } }',
  );
  return dir;
}

type Headers = Record<string, string>;

/** Subscribes over each transport, and returns the text with which the subscription ends. */
const TRANSPORTS: Record<string, (url: string, headers: Headers) => Promise<unknown>> = {
  'server-sent events': async (url, headers) => (await openEvents(url, ADDED, headers, 'unread')).response.text(),
  multipart: async (url, headers) =>
    (
      await openEvents(url, ADDED, { ...headers, accept: 'multipart/mixed;subscriptionSpec=1.0' }, 'unread')
    ).response.text(),
  endpoint: async (url, headers) =>
    (await openEvents(url.replace('/graphql', '/bff/web/reviews'), undefined, headers, 'unread')).response.text(),
  WebSocket: (url, headers) => {
    class WithHeaders extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { headers });
      }
    }
    return all(openClient(url, { webSocketImpl: WithHeaders }), { query: ADDED }).catch((error) =>
      JSON.stringify(error),
    );
  },
};

/** Subscribes over all transports. Returns, when all of these subscriptions are open, how they will end. */
async function subscribeAll({ server }: Pick<SubscriptionWorld, 'server'>, headers: Headers) {
  const ends = Object.entries(TRANSPORTS).map(async ([name, subscribe]) => [
    name,
    await subscribe(server.url, headers),
  ]);
  const open = async () => Object.values(await counted(server, 'headgate_subscriptions_open'));
  await expect.poll(open).toEqual([ends.length]);
  return { ends: Promise.all(ends).then(Object.fromEntries) };
}

const ALL_ENDED = Object.fromEntries(Object.keys(TRANSPORTS).map((name) => [name, expect.stringContaining(ENDED)]));

/** A server for the introspection of tokens, which says what the test says. */
async function introspectionServer() {
  const behaviour = { status: 200, revoked: '', scope: 'read write', asked: 0 };
  const server = createServer(async (req, res) => {
    const { status, revoked, scope } = behaviour;
    behaviour.asked++;
    const active = new URLSearchParams(await bodyOf(req)).get('token') !== revoked;
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ active, scope, sub: 'ann' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { behaviour, settings: [{ url, client_id: 'gateway', cache: '1ms', negative_cache: '1ms' }] };
}

describe('running subscriptions end', () => {
  test('when their API key is removed', async () => {
    const file = join(folder(), 'keys.json');
    const { key, record } = createApiKey({ owner: 'ann', scopes: [] }, new Date());
    writeFileSync(file, formatApiKeyFile([record]));
    const config = { ...CHECKED_OFTEN, telemetry, api_keys: { file } };
    const world = await subscriptionWorld(config, undefined, { bffDir: endpoints('api_key') });
    const { ends } = await subscribeAll(world, { 'x-api-key': key });
    writeFileSync(file, formatApiKeyFile([]));
    expect(await ends).toEqual(ALL_ENDED);
    expect(await counted(world.server, 'headgate_subscriptions_ended_total')).toMatchObject({ token_expired: 4 });
  });

  test('at once when the file of API keys is read without theirs', async () => {
    const file = join(folder(), 'keys.json');
    const [ann, bob] = ['ann', 'bob'].map((owner) => createApiKey({ owner, scopes: [] }, new Date()));
    if (!ann || !bob) throw new Error('no keys');
    writeFileSync(file, formatApiKeyFile([ann.record, bob.record]));
    const { server, topic } = await subscriptionWorld({ ...CHECKED_SELDOM, api_keys: { file } });
    const others = await openEvents(server.url, ADDED, { 'x-api-key': bob.key });
    const { reader } = await openEvents(server.url, ADDED, { 'x-api-key': ann.key });
    await topic.hasSubscriptions(2);
    writeFileSync(file, formatApiKeyFile([bob.record]));
    await server.reload();
    expect(await reader.until('\n\n')).toContain(ENDED);
    topic.publish(review('good'));
    expect(await others.reader.until('\n\n')).toContain('good');
  });

  test('when their token is no longer active', async () => {
    const { behaviour, settings } = await introspectionServer();
    const config = { ...CHECKED_OFTEN, telemetry, introspection_endpoints: settings };
    const world = await subscriptionWorld(config, undefined, { bffDir: endpoints('opaque') });
    const { ends } = await subscribeAll(world, { authorization: 'Bearer opaque' });
    behaviour.revoked = 'opaque';
    expect(await ends).toEqual(ALL_ENDED);
  });

  test('when their token loses a scope', async () => {
    const { behaviour, settings } = await introspectionServer();
    const { server, topic } = await subscriptionWorld({ ...CHECKED_OFTEN, introspection_endpoints: settings });
    const { reader } = await openEvents(server.url, ADDED, { authorization: 'Bearer opaque' });
    await topic.hasSubscriptions(1);
    behaviour.scope = 'read';
    expect(await reader.until('\n\n')).toContain(ENDED);
  });
});

test('subscriptions go on while nobody can say whether their token is active, and the log says so', async () => {
  const { behaviour, settings } = await introspectionServer();
  const { server, topic, lines } = await subscriptionWorld({ ...CHECKED_OFTEN, introspection_endpoints: settings });
  const { reader } = await openEvents(server.url, ADDED, { authorization: 'Bearer opaque' });
  await topic.hasSubscriptions(1);
  behaviour.status = 500;
  await expect
    .poll(() => lines.find(({ msg }) => msg.startsWith('credentials of subscriptions could not be checked')))
    .toMatchObject({
      level: 'warn',
      subscriptions: 1,
      reason: expect.stringContaining('no response from http://127.0.0.1'),
    });
  topic.publish(review('good'));
  expect(await reader.until('\n\n')).toContain('good');
});

test('a token that a plugin has replaced since is not checked in its place', async () => {
  const path = join(folder(), 'exchange.mjs');
  writeFileSync(
    path,
    `export default { name: 'exchange', reads: { headers: ['authorization'] }, hooks: {
      onAuthenticate: ({ request }) => request.headers.set('authorization', 'Bearer internal') } };`,
  );
  const { behaviour, settings } = await introspectionServer();
  const config = { ...CHECKED_OFTEN, introspection_endpoints: settings, plugins: [{ path }] };
  const { server, topic } = await subscriptionWorld(config);
  behaviour.revoked = 'internal';
  const { reader } = await openEvents(server.url, ADDED, { authorization: 'Bearer opaque' });
  await topic.hasSubscriptions(1);
  const before = behaviour.asked;
  await expect.poll(() => behaviour.asked).toBeGreaterThan(before + 2);
  topic.publish(review('good'));
  expect(await reader.until('\n\n')).toContain('good');
});

test('after a renewal, the new token is the one that is checked', async () => {
  const { behaviour, settings } = await introspectionServer();
  const { server, topic } = await subscriptionWorld({ ...CHECKED_OFTEN, introspection_endpoints: settings });
  const { send, next } = await openSocket(server.url, 'graphql-transport-ws');
  send({ type: 'connection_init', payload: { authorization: 'Bearer first' } });
  await next();
  send({ id: '1', type: 'subscribe', payload: { query: ADDED } });
  await topic.hasSubscriptions(1);
  send({ type: 'ping', payload: { authorization: 'Bearer second' } });
  expect(await next()).toEqual({ type: 'pong' });
  behaviour.revoked = 'first';
  // another subscription with it shows when that was noticed
  const other = await openEvents(server.url, ADDED, { authorization: 'Bearer first' }, 'unread');
  expect(other.response.status).toBe(401);
  topic.publish(review('good'));
  expect(await next()).toMatchObject({ id: '1', type: 'next' });
  behaviour.revoked = 'second';
  expect(await next()).toMatchObject({ id: '1', type: 'error', payload: [{ extensions: { code: ENDED } }] });
});

/** A gateway with a login, whose sessions count at /graphql, too, and the browser of a user who is logged in. */
async function loggedIn(login: object = {}, config: object = {}, accessTokenSeconds = 3_600) {
  const provider = await OpenIdServer.start();
  onTestFinished(() => provider.close());
  const web = { issuer: provider.issuer, client_id: CLIENT_ID, client_secret: CLIENT_SECRET, graphql: true };
  const world = await subscriptionWorld(
    {
      ...{ ...CHECKED_OFTEN, telemetry, websocket: { headers: ['x-csrf'] } },
      login: { web: { ...web, ...login } },
      authentication: { require_authentication: true },
      ...config,
    },
    undefined,
    { bffDir: endpoints('session') },
  );
  const origin = `http://localhost:${world.server.port}`;
  provider.accessTokenSeconds = accessTokenSeconds;
  provider.register(origin);
  const logIn = async (name: string, browser = new Browser()) => {
    // the provider knows the user from before
    browser.cookiesOf('127.0.0.1').clear();
    await browser.submit(await browser.go(`${origin}/bff/web/login?returnTo=/bff/web/me`), { name, choice: 'yes' });
    return browser;
  };
  const headersOf = (browser: Browser) => {
    const cookie = [...browser.cookiesOf('localhost')].map((pair) => pair.join('=')).join('; ');
    return { cookie, 'x-csrf': '1', host: `localhost:${world.server.port}` };
  };
  const browser = await logIn('ada');
  return { world, origin, browser, provider, logIn, headersOf, headers: headersOf(browser) };
}

describe('subscriptions of a login session end', () => {
  test('when the user logs out', async () => {
    const { world, origin, browser, headers } = await loggedIn();
    const { ends } = await subscribeAll({ ...world, server: { ...world.server, url: `${origin}/graphql` } }, headers);
    await browser.ask(`${origin}/bff/web/logout`, { method: 'POST', headers: { 'x-csrf': '1' } });
    expect(await ends).toEqual(ALL_ENDED);
  });

  test('at once when the user logs out in the same process; those of other users go on', async () => {
    const { world, origin, browser, logIn, headersOf } = await loggedIn({}, CHECKED_SELDOM);
    const other = await openEvents(`${origin}/graphql`, ADDED, headersOf(await logIn('bob')));
    const { reader } = await openEvents(`${origin}/graphql`, ADDED, headersOf(browser));
    await world.topic.hasSubscriptions(2);
    await browser.ask(`${origin}/bff/web/logout`, { method: 'POST', headers: { 'x-csrf': '1' } });
    expect(await reader.until('\n\n')).toContain(ENDED);
    world.topic.publish(review('good'));
    expect(await other.reader.until('\n\n')).toContain('good');
  });

  test('at once when the provider says that the user has logged out', async () => {
    const { origin, headers, provider } = await loggedIn({}, CHECKED_SELDOM);
    const { reader } = await openEvents(`${origin}/graphql`, ADDED, headers);
    const body = new URLSearchParams({ logout_token: await provider.logoutToken({ sub: 'ada' }) });
    await fetch(`${origin}/bff/web/backchannel-logout`, { method: 'POST', body });
    expect(await reader.until('\n\n')).toContain(ENDED);
  });

  test('at once when the browser logs in again', async () => {
    const { origin, browser, headers, logIn } = await loggedIn({}, CHECKED_SELDOM);
    const { reader } = await openEvents(`${origin}/graphql`, ADDED, headers);
    await logIn('bob', browser);
    expect(await reader.until('\n\n')).toContain(ENDED);
  });

  test('at once when too many others have logged in since', async () => {
    const { origin, headers, logIn } = await loggedIn({ session: { max_sessions: 1 } }, CHECKED_SELDOM);
    const { reader } = await openEvents(`${origin}/graphql`, ADDED, headers);
    await logIn('bob');
    expect(await reader.until('\n\n')).toContain(ENDED);
  });

  test('when the session is idle for too long: events are no use of it', async () => {
    const { world, origin, headers } = await loggedIn({ session: { idle_timeout: '3s' } });
    const { reader } = await openEvents(`${origin}/graphql`, ADDED, headers);
    await world.topic.hasSubscriptions(1);
    expect(await reader.until('\n\n')).toContain(ENDED);
  });
  test('when the provider does not renew it', async () => {
    const { world, origin, provider, headers } = await loggedIn({}, {}, 2);
    const { reader } = await openEvents(`${origin}/graphql`, ADDED, headers);
    provider.forgetGrants();
    expect(await reader.until('\n\n')).toContain(ENDED);
    await world.topic.hasSubscriptions(0);
  });
});

test('the events of a login session are fetched with its access token of that time', async () => {
  const propagate = { all: { request: [{ propagate: { named: 'authorization' } }] } };
  const { world, origin, headers } = await loggedIn({}, { headers: propagate }, 2);
  const { reader } = await openEvents(`${origin}/graphql`, ADDED, headers);
  await world.topic.hasSubscriptions(1);
  const tokens = new Set<string | undefined>();
  await expect
    .poll(async () => {
      world.topic.publish(review('good'));
      expect(await reader.until('\n\n')).toContain('good');
      return tokens.add(world.seen.products?.at(-1)?.authorization).size;
    })
    .toBe(2);
});
