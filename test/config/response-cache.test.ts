import { expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';

const messages = (response_cache: object) =>
  configFileSchema.safeParse({ response_cache }).error?.issues.map(({ path, message }) => [path.join('.'), message]);

it.each([
  ['subgraph.all.ttl', { subgraph: { all: { ttl: '3s' } } }],
  ['subgraph.all.negative_ttl', { subgraph: { all: { negative_ttl: '3s' } } }],
  ['subgraph.all.private_id', { subgraph: { all: { private_id: 'claim:sub' } } }],
  ['subgraph.all.stale_if_error', { subgraph: { all: { stale_if_error: '3s' } } }],
  ['subgraph.subgraphs.products', { subgraph: { subgraphs: { products: { ttl: '3s' } } } }],
  ['tag_header', { tag_header: 'cache-tag' }],
  ['redis.enabled', { redis: { enabled: true } }],
  ['invalidation.shared_key', { invalidation: { shared_key: '0123456789abcdef' } }],
])('response_cache.%s is refused where nothing says that the cache is on', (key, settings) => {
  const message = 'has no effect without `response_cache.enabled: true`';
  expect(messages(settings)).toEqual([[`response_cache.${key}`, message]]);
  expect(messages({ enabled: true, ...settings })).toBeUndefined();
  // switched off for a while
  expect(messages({ enabled: false, ...settings })).toBeUndefined();
});

it('a response cache without settings is off, and accepted', () => {
  expect(configFileSchema.parse({}).response_cache.enabled).toBeFalsy();
  expect(messages({ subgraph: { all: { enabled: true } } })).toBeUndefined();
});
