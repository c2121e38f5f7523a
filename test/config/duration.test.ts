import { expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';

/** A config with a value at a key, such as `a.b`. */
function configWith(key: string, value: unknown): unknown {
  return key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
}

const urls = [{ url: 'http://a.test/' }, { url: 'http://b.test/' }];
const NEVER = '25d';

it.each<[string, unknown, string]>([
  ['shutdown.grace', NEVER, 'grace'],
  ['shutdown.delay', NEVER, 'delay'],
  ['supergraph.canary.duration', NEVER, 'duration'],
  ['telemetry.logging.summary_interval', NEVER, 'summary_interval'],
  [
    'authentication.router.jwt.jwks',
    [{ url: 'http://a.test/', poll_interval: NEVER, max_age: '99d' }],
    'poll_interval',
  ],
  ['subgraphs.shop', { urls, health_check: { interval: NEVER } }, 'interval'],
  ['subgraphs.shop', { urls, health_check: { timeout: NEVER } }, 'timeout'],
  ['traffic_shaping.all', { timeout: '99d', connect_timeout: NEVER }, 'connect_timeout'],
  ['traffic_shaping.all', { timeout: '99d', hedge: { after: NEVER } }, 'after'],
  ['traffic_shaping.all', { retry: { backoff: { max: NEVER } } }, 'max'],
  ['traffic_shaping.all', { pool: { keep_alive: NEVER } }, 'keep_alive'],
])('%s: %j is refused: a timer of Node would fire at once', (key, value, last) => {
  const { error } = configFileSchema.safeParse(configWith(key, value));
  const text = JSON.stringify(error?.issues);
  expect(text).toContain('expected at most 24d');
  expect(text).toContain(last);
  expect(
    configFileSchema.safeParse(JSON.parse(JSON.stringify(configWith(key, value)).replaceAll(NEVER, '24d'))).success,
  ).toBe(true);
});
