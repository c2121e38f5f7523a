import { describe, expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { adminListen } from '../../src/config/sections/admin.ts';

const listenOf = (config: object) => adminListen(configFileSchema.parse(config));
const metrics = (prometheus: object) => ({ telemetry: { metrics: { prometheus } } });
const KEY = '0123456789abcdef';
const DEFAULT = { host: '127.0.0.1', port: 9090 };

describe('the admin listener', () => {
  it('is off by default', () => expect(listenOf({})).toBeUndefined());

  it('is off with a key of the invalidation API of a cache that is off', () => {
    expect(listenOf({ response_cache: { enabled: false, invalidation: { shared_key: KEY } } })).toBeUndefined();
  });

  it.each([
    ['metrics', metrics({ enabled: true }), DEFAULT],
    ['a token', { admin: { token: '0123456789abcdef' } }, DEFAULT],
    [
      'a key of the invalidation API',
      { response_cache: { enabled: true, invalidation: { shared_key: KEY } } },
      DEFAULT,
    ],
    ['an address', { admin: { listen: '10.0.0.1:1' } }, { host: '10.0.0.1', port: 1 }],
    [
      'metrics with the other name of the address',
      metrics({ enabled: true, listen: '10.0.0.1:2' }),
      { host: '10.0.0.1', port: 2 },
    ],
    [
      'a token with the other name',
      { admin: { token: '0123456789abcdef' }, ...metrics({ listen: '10.0.0.1:2' }) },
      { host: '10.0.0.1', port: 2 },
    ],
  ])('is on with %s', (_, config, address) => expect(listenOf(config)?.address).toEqual(address));

  it('names the setting of its port', () => {
    expect(listenOf(metrics({ enabled: true }))?.setting).toBe('telemetry.metrics.prometheus.listen');
    expect(listenOf({ ...metrics({ enabled: true }), admin: { listen: '10.0.0.1:1' } })?.setting).toBe('admin.listen');
  });
});

describe('refused:', () => {
  const messages = (config: object) =>
    configFileSchema.safeParse(config).error?.issues.map(({ path, message }) => [path.join('.'), message]);

  it('both names of the address', () => {
    expect(messages({ admin: { listen: '10.0.0.1:1' }, ...metrics({ listen: '10.0.0.1:1' }) })).toEqual([
      ['admin.listen', expect.stringContaining('`telemetry.metrics.prometheus.listen`')],
    ]);
  });

  it.each([
    ['short', 'expected at least 16 characters'],
    ['a token with spaces', 'expected printable ASCII characters without spaces'],
  ])('the token "%s"', (token, message) => expect(messages({ admin: { token } })).toEqual([['admin.token', message]]));
});
