import { describe, expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { adminListen } from '../../src/config/sections/admin.ts';

const KEY = 'a-shared-key-for-tests';
const CACHE = 'response_cache';
const WITH_CLAIMS = { authentication: { router: { jwt: { jwks: [{ url: 'https://a.test/keys' }] } } } };

const parse = (cache: object, config: object = {}) =>
  configFileSchema.safeParse({ response_cache: { enabled: true, ...cache }, ...config });

describe('settings of the response cache that cannot be honoured are refused', () => {
  const at = (path: string) => ({ invalidation: { path, shared_key: KEY } });
  const metrics = { telemetry: { exporters: { metrics: { prometheus: { enabled: true } } } } };

  it.each([
    ['the path of metrics', at('/metrics'), metrics, `${CACHE}.invalidation.path`],
    ['the path of the admin API', at('/admin'), {}, `${CACHE}.invalidation.path`],
    ['a path of the admin API', at('/admin/cache'), {}, `${CACHE}.invalidation.path`],
    ['the path of purging', at('/bff/purge'), {}, `${CACHE}.invalidation.path`],
    ['tags without responses', { tag_header: 'cache-tag', responses: false }, {}, `${CACHE}.tag_header`],
    [
      'tags with plugins of Yoga',
      { tag_header: 'cache-tag' },
      { yoga: { plugins: ['./a.ts'] } },
      `${CACHE}.tag_header`,
    ],
    [
      'a claim where nobody has claims',
      { subgraph: { all: { private_id: 'claim:sub' } } },
      {},
      `${CACHE}.subgraph.all.private_id`,
    ],
    [
      'a header that cannot be',
      { subgraph: { subgraphs: { a: { private_id: 'header:x/y' } } } },
      {},
      `${CACHE}.subgraph.subgraphs.a.private_id`,
    ],
  ])('%s', (_, cache, config, path) => {
    const { error } = parse(cache, config);
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  it('and others are not', () => {
    for (const [cache, config] of [
      [at('/metrics'), {}],
      [at('/purge-cache'), metrics],
      [{ tag_header: 'cache-tag' }, {}],
      [{ subgraph: { all: { private_id: 'claim:https://a.test/tenant' } } }, WITH_CLAIMS],
      [{ subgraph: { all: { private_id: 'header:X-Tenant' } } }, {}],
      [{ enabled: false, tag_header: 'cache-tag', responses: false }, {}],
    ] as const)
      expect(parse(cache, config).error?.issues).toBe(undefined);
  });
});

it('a shared key opens the admin listener, which has the invalidation API', () => {
  const config = configFileSchema.parse({ response_cache: { enabled: true, invalidation: { shared_key: KEY } } });
  expect(adminListen(config)?.address).toEqual({ host: '127.0.0.1', port: 9090 });
  expect(adminListen(configFileSchema.parse({}))).toBe(undefined);
});

const problems = (response_cache: object) =>
  configFileSchema
    .safeParse({ response_cache, ...WITH_CLAIMS })
    .error?.issues.map(({ path, message }) => [path.join('.'), message]);

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
  expect(problems(settings)).toEqual([[`response_cache.${key}`, message]]);
  expect(problems({ enabled: true, ...settings })).toBeUndefined();
  // switched off for a while
  expect(problems({ enabled: false, ...settings })).toBeUndefined();
});

it('a response cache without settings is off, and accepted', () => {
  expect(configFileSchema.parse({}).response_cache.enabled).toBeFalsy();
  expect(problems({ subgraph: { all: { enabled: true } } })).toBeUndefined();
});

describe('memory of caches that are one with the response cache', () => {
  const MESSAGE =
    'has no effect with `response_cache.enabled: true`, where all share one memory; set `response_cache.max_bytes` instead';
  const problems = (config: object) =>
    (configFileSchema.safeParse(config).error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]);

  it.each([
    ['bff.cache.max_bytes', { bff: { cache: { max_bytes: 1_000 } } }],
    ['connectors.cache.max_bytes', { connectors: { cache: { max_bytes: 1_000 } } }],
  ])('%s is refused, and works without the response cache', (key, config) => {
    expect(problems({ ...config, response_cache: { enabled: true } })).toEqual([[key, MESSAGE]]);
    expect(problems(config)).toEqual([]);
  });

  it('Redis for responses of APIs alone is refused, since nothing would invalidate them there', () => {
    const config = { connectors: { cache: { redis: true } } };
    const message =
      'has no effect with `response_cache.enabled: true`, where responses of APIs are in the response cache; set `response_cache.redis.enabled: true` instead';
    expect(problems({ ...config, response_cache: { enabled: true } })).toEqual([['connectors.cache.redis', message]]);
    expect(problems({ ...config, response_cache: { enabled: true, redis: { enabled: true } } })).toEqual([]);
    expect(problems(config)).toEqual([]);
  });
});
