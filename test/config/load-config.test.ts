import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Env } from '../../src/config/expand.ts';
import { ConfigError, type ConfigFlags, loadConfig } from '../../src/config/load-config.ts';
import { OTHER_GATEWAY_KEYS } from '../../src/config/other-gateway-keys.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { ROUTER_KEYS } from '../../src/config/router-keys.ts';
import { includesErrorsOf } from '../../src/config/sections/include-subgraph-errors.ts';
import { subgraphTraffic } from '../../src/config/sections/traffic-shaping.ts';

function fileWith(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'headgate.yaml');
  writeFileSync(file, text);
  return file;
}

const load = (text: string, env: Env = {}, flags: ConfigFlags = {}) => loadConfig({ file: fileWith(text), env, flags });

/** The config in a folder without a file. */
function loadWithoutFile(others: Readonly<Record<string, string>> = {}) {
  const before = process.cwd();
  const dir = mkdtempSync(join(tmpdir(), 'headgate-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  for (const [name, text] of Object.entries(others)) writeFileSync(join(dir, name), text);
  process.chdir(dir);
  try {
    return loadConfig({ env: {} });
  } finally {
    process.chdir(before);
  }
}

/** The problems of a bad file, without its folder. */
function problemsOf(text: string, env: Env = {}): string {
  try {
    load(text, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems
      .map(formatProblem)
      .join('\n')
      .replaceAll(/\S*(?=headgate\.yaml)/g, '');
  }
  throw new Error('expected a ConfigError');
}

test('defaults hold without a file', () => {
  expect(loadWithoutFile()).toMatchObject({
    supergraph: { listen: { host: '127.0.0.1', port: 4000 }, introspection: true },
    traffic_shaping: {
      router: { timeout: 30_000, deduplicate_query: true },
      all: { timeout: 30_000, deduplicate_query: true },
      subgraphs: {},
    },
    limits: { http_max_request_bytes: 2_000_000, parser_max_tokens: 15_000 },
    telemetry: { logging: { level: 'info', format: 'auto' } },
    include_subgraph_errors: { subgraphs: {} },
    subgraphs: {},
    override_labels: { labels: {} },
    contracts: [],
    health_check: { enabled: true },
    store: {},
    production: false,
  });
});

test.each(['', '{}', '# nothing but a comment\n', 'limits:\ntraffic_shaping:\n  all:\n'])('%j says nothing', (text) => {
  expect({ ...load(text), file: undefined }).toEqual(loadWithoutFile());
});

test('flags beat the environment, that beats the file, that beats defaults', () => {
  const file = 'supergraph: { listen: "0.0.0.0:5000" }\ntelemetry: { logging: { level: warn } }';
  expect(load(file).supergraph.listen).toEqual({ host: '0.0.0.0', port: 5000 });
  expect(load(file, { PORT: '6000' }).supergraph.listen).toEqual({ host: '0.0.0.0', port: 6000 });
  expect(load(file, { PORT: '6000', HOST: '::1' }, { port: 0 }).supergraph.listen).toEqual({ host: '::1', port: 0 });
  expect(load(file).telemetry.logging.level).toBe('warn');
  expect(load(file, { LOG_LEVEL: 'debug' }).telemetry.logging.level).toBe('debug');
});

test('HEADGATE_CONFIG names the file; a file that was named must be there', () => {
  const file = fileWith('limits: { parser_max_tokens: 7 }');
  expect(loadConfig({ env: { HEADGATE_CONFIG: file } }).limits.parser_max_tokens).toBe(7);
  expect(() => loadConfig({ env: {}, file: `${file}.gone` })).toThrow(/headgate\.yaml\.gone:1:1 .*File not found/);
});

test('production shows no schema unless it is configured to', () => {
  const env = { NODE_ENV: 'production' };
  expect(load('{}', env)).toMatchObject({ production: true, supergraph: { introspection: false } });
  expect(load('supergraph: { introspection: true }', env).supergraph.introspection).toBe(true);
});

test('variables are expanded in every value, and may become numbers and booleans', () => {
  const config = load(
    [
      'supergraph: { listen: "${BIND:-127.0.0.1}:${P}" }',
      'limits:\n  parser_max_tokens: ${TOKENS:-500}',
      'traffic_shaping:\n  all:\n    deduplicate_query: ${SHARE}',
      'subgraphs: { products: { url: "http://${NAME}/graphql" } }',
    ].join('\n'),
    { P: '4500', SHARE: 'false', NAME: 'shop' },
  );
  expect(config.supergraph.listen).toEqual({ host: '127.0.0.1', port: 4500 });
  expect(config.limits.parser_max_tokens).toBe(500);
  expect(config.traffic_shaping.all.deduplicate_query).toBe(false);
  expect(config.subgraphs.products?.url).toBe('http://shop/graphql');
});

test('settings of one subgraph go over those of all', () => {
  const config = load(`
traffic_shaping:
  all: { timeout: 10s, deduplicate_query: false }
  subgraphs: { slow: { timeout: 1m30s } }
include_subgraph_errors: { all: false, subgraphs: { open: true } }
`);
  expect(subgraphTraffic(config.traffic_shaping, 'slow')).toMatchObject({ timeout: 90_000, deduplicate_query: false });
  expect(subgraphTraffic(config.traffic_shaping, 'toString')).toMatchObject({
    timeout: 10_000,
    deduplicate_query: false,
  });
  expect(includesErrorsOf(config.include_subgraph_errors, 'open', false)).toBe(true);
  expect(includesErrorsOf(config.include_subgraph_errors, 'other', true)).toBe(false);
  expect(includesErrorsOf(load('').include_subgraph_errors, 'other', true)).toBe(true);
  expect(includesErrorsOf(load('').include_subgraph_errors, 'other', false)).toBe(false);
});

test('unknown keys are reported with their place and the nearest known key', () => {
  const problems = problemsOf(`limits:
  parser_max_token: 5
trafic_shaping: {}
subgraphs:
  products: { uri: http://a }
listen: 0.0.0.0:4000
zebra: 1
`);
  expect(problems).toMatchInlineSnapshot(`
    "headgate.yaml:2:3  UNKNOWN_CONFIG_KEY  Unknown key "limits.parser_max_token".
        hint: Did you mean "limits.parser_max_tokens"?
    headgate.yaml:3:1  UNKNOWN_CONFIG_KEY  Unknown key "trafic_shaping".
        hint: Did you mean "traffic_shaping"?
    headgate.yaml:5:15  UNKNOWN_CONFIG_KEY  Unknown key "subgraphs.products.uri".
        hint: Did you mean "subgraphs.products.url"?
    headgate.yaml:6:1  UNKNOWN_CONFIG_KEY  Unknown key "listen".
        hint: Did you mean "supergraph.listen" or "telemetry.exporters.metrics.prometheus.listen" or "telemetry.metrics.prometheus.listen" or "admin.listen"?
    headgate.yaml:7:1  UNKNOWN_CONFIG_KEY  Unknown key "zebra".
        hint: Known keys: supergraph, path_prefix, traffic_shaping, limits, telemetry, admin, include_subgraph_errors, subgraphs, login, override_labels, contracts, connectors, bff, cache_control, response_cache, health_check, shutdown, workers, headers, authentication, authorization, demand_control, debug, api_keys, introspection_endpoints, tls, trusted_proxies, store, rate_limits, persisted_queries, apq, batching, defer, file_upload, csrf, cors, ip_lists, security_headers, plugins, usage, coprocessor, yoga, subscription, websocket, events."
  `);
});

test('lists of addresses for a path that is unknown, or open to everybody, are refused', () => {
  const config = (path: string) => `ip_lists:\n  routes:\n    ${path}: { deny: ["10.0.0.0/8"] }\n`;
  const unknown = problemsOf(config('/grapqhl'));
  expect(unknown).toContain('headgate.yaml:3:15  INVALID_CONFIG  ip_lists.routes./grapqhl: ');
  expect(unknown).toContain('the gateway has no such path; expected "/graphql", "/bff/CLIENT" or what is below them');
  expect(problemsOf(config('/health'))).toContain('this path is open to everybody, so lists for it have no effect');
});

test('wrong values are reported with their place and what was expected', () => {
  const problems = problemsOf(`supergraph:
  listen: 4000
  introspection: maybe
limits:
  http_max_request_bytes: -5
traffic_shaping:
  all: { timeout: 3 weeks }
  router: { timeout: 0s }
telemetry:
  logging: { level: loud }
subgraphs: { a: { url: "ftp://a" } }
health_check: []
`);
  expect(problems).toMatchInlineSnapshot(`
    "headgate.yaml:2:11  INVALID_CONFIG  supergraph.listen: expected "HOST:PORT", for example "0.0.0.0:4000"
    headgate.yaml:3:18  INVALID_CONFIG  supergraph.introspection: expected true or false, received a string
    headgate.yaml:5:27  INVALID_CONFIG  limits.http_max_request_bytes: expected a number above 0
    headgate.yaml:7:19  INVALID_CONFIG  traffic_shaping.all.timeout: expected a duration such as "500ms", "30s" or "1m30s"
    headgate.yaml:8:22  INVALID_CONFIG  traffic_shaping.router.timeout: expected a duration longer than zero
    headgate.yaml:10:21  INVALID_CONFIG  telemetry.logging.level: expected one of "trace", "debug", "info", "warn", "error", "fatal" or "silent"
    headgate.yaml:11:24  INVALID_CONFIG  subgraphs.a.url: expected an http://, https:// or unix:// URL
    headgate.yaml:12:15  INVALID_CONFIG  health_check: expected a section of keys, received a list
        hint: Known keys: enabled."
  `);
});

test('keys of Apollo Router that have another name here are reported with what to write', () => {
  const problems = problemsOf(`
override_subgraph_url: { products: "http://a" }
cors: { origins: ["https://a.example"] }
headers:
  all:
    request:
      - propagate: { name: authorization }
`);
  expect(problems).toMatchInlineSnapshot(`
    "headgate.yaml:2:1  UNKNOWN_CONFIG_KEY  Unknown key "override_subgraph_url".
        hint: Write "subgraphs.NAME.url".
    headgate.yaml:3:9  UNKNOWN_CONFIG_KEY  Unknown key "cors.origins".
        hint: Move it into an entry of "cors.policies".
    headgate.yaml:7:20  INVALID_CONFIG  headers.all.request[0].propagate: expected either \`named\` or \`matching\`
    headgate.yaml:7:22  UNKNOWN_CONFIG_KEY  Unknown key "headers.all.request[0].propagate.name".
        hint: Did you mean "headers.all.request[0].propagate.named"?"
  `);
});

test('values of the wrong type are reported with how to write them', () => {
  const problems = problemsOf(`
cors: { policies: [{ origins: https://a.example }] }
rate_limits: { requests: { limit: 10 } }
traffic_shaping: { router: { compression: true } }
contracts: [{ name: 5 }]
`);
  expect(problems).toMatchInlineSnapshot(`
    "headgate.yaml:2:31  INVALID_CONFIG  cors.policies[0].origins: expected a list, received a string
        hint: Write a list with one entry: origins: ["https://a.example"]
    headgate.yaml:3:26  INVALID_CONFIG  rate_limits.requests: expected a list, received a section of keys
        hint: Begin each entry of the list with "- ".
    headgate.yaml:4:43  INVALID_CONFIG  traffic_shaping.router.compression: expected a section of keys, received true or false
        hint: Known keys: enabled, threshold.
    headgate.yaml:5:13  INVALID_CONFIG  contracts[0].path: it is missing; expected a string
    headgate.yaml:5:21  INVALID_CONFIG  contracts[0].name: expected a string, received a number"
  `);
});

test('an unknown key that is a word of one beside it, or a key of list entries below', () => {
  const problems = problemsOf(`
headers: { all: { request: [{ insert: { name: x-user, value: a, claim: sub } }] } }
authentication: { router: { jwt: { secret: a } } }
`);
  expect(problems).toMatchInlineSnapshot(`
    "headgate.yaml:2:65  UNKNOWN_CONFIG_KEY  Unknown key "headers.all.request[0].insert.claim".
        hint: Did you mean "headers.all.request[0].insert.from_claim"?
    headgate.yaml:3:36  UNKNOWN_CONFIG_KEY  Unknown key "authentication.router.jwt.secret".
        hint: Did you mean "authentication.router.jwt.jwks[0].secret"?"
  `);
});

test('an unknown key in a group that can be false instead', () => {
  expect(problemsOf('traffic_shaping: { all: { retry: { max_attemps: 3 } } }\n')).toMatchInlineSnapshot(`
    "headgate.yaml:1:36  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.all.retry.max_attemps".
        hint: Did you mean "traffic_shaping.all.retry.max_attempts"?"
  `);
});

test('a headgate.yml in the place of headgate.yaml is refused, not ignored', () => {
  expect(() => loadWithoutFile({ 'headgate.yml': 'limits: { max_depth: 5 }' })).toThrow(
    'headgate.yml:1:1  MISNAMED_FILE  The config file is headgate.yaml; this file would be ignored.',
  );
});

test('a key that many sections have is not looked for in all of them', () => {
  expect(problemsOf('csrf: { enabled: true }')).toMatchInlineSnapshot(`
    "headgate.yaml:1:9  UNKNOWN_CONFIG_KEY  Unknown key "csrf.enabled".
        hint: Known keys: unsafe_disabled, required_headers."
  `);
});

test('keys of other gateways, for all subgraphs and for one', () => {
  const problems = problemsOf(`
traffic_shaping:
  all: { dial_timeout: 3s, retry: { enabled: true, interval: 1s }, circuit_breaker: { error_threshold_percentage: 50 } }
  subgraphs: { products: { request_timeout: 3s, experimental_retry: {}, dedupe_enabled: true } }
  max_connections_per_host: 100
upstreamRetry: { maxRetries: 3 }
`);
  expect(problems).toMatchInlineSnapshot(`
    "headgate.yaml:3:10  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.all.dial_timeout".
        hint: Write "traffic_shaping.all.connect_timeout".
    headgate.yaml:3:37  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.all.retry.enabled".
        hint: A group that is there is on: remove the key. To switch it off, write "traffic_shaping.all.retry: false".
    headgate.yaml:3:52  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.all.retry.interval".
        hint: Write "traffic_shaping.all.retry.backoff.base".
    headgate.yaml:3:87  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.all.circuit_breaker.error_threshold_percentage".
        hint: Write "traffic_shaping.all.circuit_breaker.error_threshold", such as 50%.
    headgate.yaml:4:28  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.subgraphs.products.request_timeout".
        hint: Write "traffic_shaping.subgraphs.products.timeout".
    headgate.yaml:4:49  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.subgraphs.products.experimental_retry".
        hint: Write "traffic_shaping.subgraphs.products.retry".
    headgate.yaml:4:73  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.subgraphs.products.dedupe_enabled".
        hint: Write "traffic_shaping.subgraphs.products.deduplicate_query".
    headgate.yaml:5:3  UNKNOWN_CONFIG_KEY  Unknown key "traffic_shaping.max_connections_per_host".
        hint: Write "traffic_shaping.all.pool.connections", for each URL.
    headgate.yaml:6:1  UNKNOWN_CONFIG_KEY  Unknown key "upstreamRetry".
        hint: Write "traffic_shaping.all.retry"."
  `);
});

test('what is said of keys of other gateways is true', () => {
  const text = readFileSync('docs/configuration-keys.md', 'utf8');
  const known = [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, key = '']) => key);
  for (const [key, instead] of [...ROUTER_KEYS, ...OTHER_GATEWAY_KEYS]) {
    expect(known).not.toContain(key);
    for (const [, named = ''] of instead.matchAll(/"([a-z0-9_.A-Z]+)"/g)) {
      expect(known.some((one) => one === named || one.startsWith(`${named}.`))).toBe(true);
    }
  }
});

test('broken YAML, a repeated key, an unset variable, what looks like a variable', () => {
  expect(problemsOf('limits: {')).toMatch(/^headgate\.yaml:1:\d+ {2}INVALID_YAML/);
  expect(problemsOf('limits: {}\nlimits: {}')).toMatch(
    /^headgate\.yaml:2:1 {2}INVALID_YAML {2}Map keys must be unique/,
  );
  expect(problemsOf('limits:\n  parser_max_tokens: ${N}')).toMatchInlineSnapshot(`
    "headgate.yaml:2:22  UNSET_VARIABLE  The environment variable N is not set.
        hint: Set it, or give it a default: \${N:-…}"
  `);
  expect(problemsOf('supergraph: { listen: "localhost:${PORT:4000}" }')).toMatchInlineSnapshot(`
    "headgate.yaml:1:23  INVALID_VARIABLE  \${PORT:4000} is not a valid variable reference.
        hint: Write \${NAME}, or with a default \${NAME:-value}; names have letters, digits and "_"."
  `);
  expect(problemsOf('tls: { supergraph: { key: "${file./etc/key.pem}" } }')).toMatchInlineSnapshot(`
    "headgate.yaml:1:27  INVALID_VARIABLE  \${file./etc/key.pem} is not a valid variable reference.
        hint: Values cannot be read from files. For certificates and keys, write the path of the file."
  `);
  expect(problemsOf('traffic_shaping: { all: { timeout: 30 } }')).toMatchInlineSnapshot(
    `"headgate.yaml:1:36  INVALID_CONFIG  traffic_shaping.all.timeout: expected a duration such as "500ms", "30s" or "1m30s""`,
  );
  expect(problemsOf('just text')).toMatch(
    /^headgate\.yaml:1:1 {2}INVALID_CONFIG {2}expected a section of keys, received a string/,
  );
});

test('bad environment variables are reported together', () => {
  expect(problemsOf('{}', { PORT: '70000', LOG_LEVEL: 'loud' })).toMatchInlineSnapshot(`
    "environment variable PORT  INVALID_VARIABLE  "70000" is not a port.
        hint: Use a whole number from 0 to 65535.
    environment variable LOG_LEVEL  INVALID_VARIABLE  "loud" is not a log level.
        hint: Use one of trace, debug, info, warn, error, fatal, silent."
  `);
});

test('a setting that needs Redis is refused where none is set, with its place', () => {
  const text = `bff: { redis: true }
api_keys: { redis: true }
connectors:
  cache: { enabled: true, redis: true }
rate_limits:
  store: redis
apq: { store: redis }
login:
  web:
    issuer: https://login.example
    client_id: shop
    client_secret: secret
    session: { store: redis, keys: ["${Buffer.alloc(32).toString('base64')}"] }
`;
  expect(problemsOf(text)).toMatchInlineSnapshot(`
    "headgate.yaml:1:8  REDIS_NOT_SET  "bff.redis: true" needs Redis, but "store.redis" is not set.
        hint: Set "store.redis.url" (or the environment variable REDIS_URL), or remove "bff.redis".
    headgate.yaml:2:13  REDIS_NOT_SET  "api_keys.redis: true" needs Redis, but "store.redis" is not set.
        hint: Set "store.redis.url" (or the environment variable REDIS_URL), or remove "api_keys.redis".
    headgate.yaml:4:27  REDIS_NOT_SET  "connectors.cache.redis: true" needs Redis, but "store.redis" is not set.
        hint: Set "store.redis.url" (or the environment variable REDIS_URL), or remove "connectors.cache.redis".
    headgate.yaml:6:3  REDIS_NOT_SET  "rate_limits.store: redis" needs Redis, but "store.redis" is not set.
        hint: Set "store.redis.url" (or the environment variable REDIS_URL), or remove "rate_limits.store".
    headgate.yaml:7:8  REDIS_NOT_SET  "apq.store: redis" needs Redis, but "store.redis" is not set.
        hint: Set "store.redis.url" (or the environment variable REDIS_URL), or remove "apq.store".
    headgate.yaml:13:16  REDIS_NOT_SET  "login.web.session.store: redis" needs Redis, but "store.redis" is not set.
        hint: Set "store.redis.url" (or the environment variable REDIS_URL), or remove "login.web.session.store"."
  `);
  const withRedis = `${text}store: { redis: { url: "redis://127.0.0.1:1" } }`;
  expect(load(withRedis).store.redis?.url).toBe('redis://127.0.0.1:1');
  expect(load(text, { REDIS_URL: 'redis://127.0.0.1:2' }).store.redis?.url).toBe('redis://127.0.0.1:2');
  expect(problemsOf(text, { REDIS_URL: 'http://127.0.0.1' })).toMatch(/^environment variable REDIS_URL.*\n.*$/);
  expect(
    load('rate_limits: { store: memory }\napq: { store: memory }\nbff: { redis: false }').store.redis,
  ).toBeUndefined();
});
