import { describe, expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { upstreamSettings, usesCallbacks } from '../../src/config/sections/subscription.ts';

const parse = (passthrough: object) => configFileSchema.safeParse({ subscription: { mode: { passthrough } } });

const issuesOf = (passthrough: object) =>
  parse(passthrough).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`);

describe('how a subgraph sends events', () => {
  test('is what its own settings say, and else those of all', () => {
    const all = { protocol: 'sse', path: '/events', idle_timeout: '20s' };
    const { subscription } = configFileSchema.parse({
      subscription: { mode: { passthrough: { all, subgraphs: { reviews: { protocol: 'multipart' } } } } },
    });
    const common = { path: '/events', sendsInitPayload: false, idleMs: 20_000 };
    expect(upstreamSettings(subscription, 'reviews')).toEqual({ ...common, protocol: 'multipart' });
    expect(upstreamSettings(subscription, 'products')).toEqual({ ...common, protocol: 'sse' });
  });

  test.each([
    [{ all: { idle_timeout: '20s' } }, 'all.idle_timeout is only for the protocols sse and multipart'],
    [
      { subgraphs: { a: { protocol: 'sse', connection_init_headers: true } } },
      'subgraphs.a.connection_init_headers is only for the protocols graphql_ws and subscriptions_transport_ws',
    ],
    [
      { all: { protocol: 'sse' }, subgraphs: { a: { protocol: 'graphql_ws', idle_timeout: '20s' } } },
      'subgraphs.a.idle_timeout is only for the protocols sse and multipart',
    ],
  ])('has no keys of another protocol: %j', (passthrough, message) => {
    expect(issuesOf(passthrough)).toEqual([`subscription.mode.passthrough.${message}: remove it, or set \`protocol\``]);
  });

  test.each([
    { all: { idle_timeout: '20s' }, subgraphs: { a: { protocol: 'sse' } } },
    { all: { protocol: 'sse' }, subgraphs: { a: { idle_timeout: '20s' } } },
    { all: { protocol: 'sse', connection_init_headers: true }, subgraphs: { a: { protocol: 'graphql_ws' } } },
  ])('may have a key of all that is for some subgraphs: %j', (passthrough) => {
    expect(issuesOf(passthrough)).toBeUndefined();
  });
});

describe('callbacks', () => {
  const url = 'https://gateway.internal/subscriptions/callback';
  const modeOf = (mode: object) => configFileSchema.safeParse({ subscription: { mode } });
  const callback = (keys: object) => modeOf({ callback: { public_url: url, ...keys } });

  test('are for the subgraphs in the list, or for those without settings of their own', () => {
    const subgraphs = { reviews: { protocol: 'sse' } };
    const all = configFileSchema.parse({
      subscription: { mode: { passthrough: { subgraphs }, callback: { public_url: url } } },
    }).subscription;
    expect(['reviews', 'products'].map((name) => usesCallbacks(all, name))).toEqual([false, true]);
    const some = callback({ subgraphs: ['reviews'] }).data?.subscription;
    expect(some && ['reviews', 'products'].map((name) => usesCallbacks(some, name))).toEqual([true, false]);
    const none = configFileSchema.parse({}).subscription;
    expect(usesCallbacks(none, 'reviews')).toBe(false);
  });

  test('have a path, and an interval of heartbeats', () => {
    const { mode } = callback({}).data?.subscription ?? {};
    expect(mode?.callback).toMatchObject({ path: '/subscriptions/callback', heartbeat_interval: 5_000 });
    const off = callback({ heartbeat_interval: 'disabled' }).data?.subscription;
    expect(off?.mode.callback?.heartbeat_interval).toBe('disabled');
  });

  test.each([
    [{ public_url: 'gateway/callback' }, 'public_url', 'expected a URL with a path'],
    [{ public_url: 'https://gateway.internal' }, 'public_url', 'expected a URL with a path'],
    [{ public_url: `${url}?a=1` }, 'public_url', 'expected a URL with a path'],
    [{ public_url: 'ftp://gateway/callback' }, 'public_url', 'expected a URL with a path'],
    [{ path: 'callback' }, 'path', 'expected a path such as'],
    [{ path: '/graphql' }, 'path', 'expected a path that is not that of another route'],
    [{ path: '/bff/callback' }, 'path', 'expected a path that is not that of another route'],
    [{ heartbeat_interval: 'often' }, 'heartbeat_interval', 'expected a duration such as "5s", or "disabled"'],
  ])('refuse to start with %j', (keys, key, message) => {
    const [issue] = callback(keys).error?.issues ?? [];
    expect(issue?.path).toEqual(['subscription', 'mode', 'callback', key]);
    expect(issue?.message).toContain(message);
  });

  test('and another protocol for the same subgraph are a contradiction', () => {
    const mode = { passthrough: { subgraphs: { reviews: {} } }, callback: { public_url: url, subgraphs: ['reviews'] } };
    expect(modeOf(mode).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`)).toEqual([
      'subscription.mode.callback.subgraphs.0 "reviews" is in subscription.mode.passthrough.subgraphs, too: remove one of them',
    ]);
  });
});
