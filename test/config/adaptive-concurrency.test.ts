import { expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { checkSettings } from '../../src/gateway/check-settings.ts';

const parse = (adaptive_concurrency: object, rest: object = {}) =>
  configFileSchema.safeParse({ traffic_shaping: { router: { adaptive_concurrency } }, ...rest });

it('is off by default; an empty section switches it on with defaults', () => {
  expect(configFileSchema.parse({}).traffic_shaping.router.adaptive_concurrency).toBeUndefined();
  expect(parse({}).data?.traffic_shaping.router.adaptive_concurrency).toEqual({
    ...{ enabled: true, target_delay: 20, min: 20, max: 10_000 },
    priority: { share: 0.2, clients: [], plans: [], scopes: [] },
  });
});

it.each<[object, string, RegExp]>([
  [{ min: 100, max: 50 }, 'max', /expected at least `min`/],
  [{ max: 10 }, 'max', /`min`, which is 20 by default/],
  [{ min: 0 }, 'min', /./],
  [{ target_delay: '0s' }, 'target_delay', /longer than zero/],
  [{ priority: { share: '100%' } }, 'priority.share', /less than "100%"/],
  [{ priority: { header: 'x-priority' } }, 'priority', /header/],
])('%j is refused, with its key', (settings, key, message) => {
  const { error } = parse(settings);
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([
    `traffic_shaping.router.adaptive_concurrency.${key}`,
  ]);
  expect(error?.issues[0]?.message).toMatch(message);
});

it.each<[object, object, string[]]>([
  [{ clients: ['checkout'] }, {}, ['priority.clients: no client can have priority by it without api_keys']],
  [{ scopes: ['orders'] }, {}, ['priority.scopes: no client can have priority by it without api_keys, auth']],
  [{ plans: ['gold'] }, { introspection_endpoints: [endpoint()] }, ['priority.plans: no client']],
  [{ clients: ['checkout'], scopes: ['orders'] }, { introspection_endpoints: [endpoint()] }, []],
  [{ clients: ['checkout'], plans: ['gold'] }, { api_keys: { redis: true } }, []],
  [{}, {}, []],
])('priority %j needs credentials that tell it', async (priority, rest, problems) => {
  const { data: file } = parse({ priority }, rest);
  if (file === undefined) throw new Error('not a valid config');
  const found = await checkSettings({
    ...file,
    supergraph: { ...file.supergraph, introspection: true },
    production: false,
  });
  expect(found).toEqual(
    problems.map((problem) => expect.stringContaining(`traffic_shaping.router.adaptive_concurrency.${problem}`)),
  );
});

function endpoint() {
  return { url: 'http://127.0.0.1:9/introspect', client_id: 'gateway', client_secret: 'secret' };
}
