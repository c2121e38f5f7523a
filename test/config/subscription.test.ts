import { describe, expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { upstreamSettings } from '../../src/config/sections/subscription.ts';

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
