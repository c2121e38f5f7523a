import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { checkSettings } from '../../src/gateway/check-settings.ts';
import { folderOf } from '../bff/support.ts';

function check(config: object): Promise<string[]> {
  const file = configFileSchema.parse(config);
  return checkSettings({ ...file, supergraph: { ...file.supergraph, introspection: true }, production: false });
}

const jwks = (...entries: object[]) => ({ authentication: { router: { jwt: { jwks: entries } } } });

it('files and rules that the gateway could not start with are all reported', async () => {
  const dir = folderOf({ 'keys.json': '{"keys": [{"id": "k1"}]}', 'set.json': '[]' });
  const problems = await check({
    ...jwks({ file: join(dir, 'set.json') }, { url: `file://${join(dir, 'none.json')}` }),
    api_keys: { file: join(dir, 'keys.json') },
    persisted_queries: { enabled: true, manifest: [join(dir, 'none')] },
    authorization: { policies: { module: join(dir, 'none.ts') } },
    tls: {
      supergraph: { certificate: join(dir, 'none.pem'), key: '-----BEGIN PRIVATE KEY-----' },
      subgraph: { subgraphs: { stock: { certificate_authorities: join(dir, 'none.pem') } } },
    },
    headers: {
      all: { request: [{ propagate: { named: 'a', rename: 'b' } }, { insert: { name: 'b', from_claim: 'sub' } }] },
    },
  });
  expect(problems).toEqual([
    expect.stringMatching(/^headers: a rule renames .* "b"/),
    expect.stringMatching(/^tls\.supergraph\.certificate: .*none\.pem cannot be read \(ENOENT\)/),
    expect.stringMatching(/^tls\.subgraph\.subgraphs\.stock\.certificate_authorities: .*none\.pem cannot be read/),
    expect.stringMatching(/^API keys, .*keys\.json: [\s\S]*hash/),
    expect.stringMatching(/none: the manifest cannot be read: ENOENT/),
    expect.stringMatching(/none\.ts, cannot be loaded/),
    expect.stringMatching(/set\.json: .*expected a JWK set/),
    expect.stringMatching(/none\.json: ENOENT/),
  ]);
});

it('a signing key that cannot be used is reported, with its key', async () => {
  const http_message_signature = { key: 'short' };
  const subgraph = { all: { http_message_signature }, subgraphs: { stock: {}, reviews: { http_message_signature } } };
  expect(await check({ authentication: { subgraph } })).toEqual([
    expect.stringMatching(/^authentication\.subgraph\.all\.http_message_signature\.key: the key has 5 bytes/),
    expect.stringMatching(/^authentication\.subgraph\.subgraphs\.reviews\.http_message_signature\.key: the key has 5/),
  ]);
});

it('a header that could hold either a token or an API key is reported; prefixes that differ tell them apart', async () => {
  const places = (sources: object[], api_keys: object) => {
    const jwt = { jwks: [{ secret: 'a secret of thirty-two characters' }], sources };
    return check({ authentication: { router: { jwt } }, api_keys: { redis: true, ...api_keys } });
  };
  const source = { type: 'header', name: 'x-api-key' };
  const clash = [
    expect.stringMatching(
      /^The header x-api-key is configured for both API keys \(.*\) and tokens \(.*\), so the gateway cannot tell/,
    ),
  ];
  expect(await places([source], {})).toEqual(clash);
  expect(await places([{ ...source, value_prefix: '' }], { header_value_prefix: 'Key' })).toEqual(clash);
  expect(await places([{ ...source, value_prefix: 'key' }], { header_value_prefix: 'Key' })).toEqual(clash);
  expect(await places([], { header_name: 'authorization' })).toEqual([
    expect.stringMatching(/^The header authorization/),
  ]);
  expect(await places([source], { header_value_prefix: 'Key' })).toEqual([]);
  expect(await places([{ type: 'cookie', name: 'x-api-key' }], {})).toEqual([]);
});

it('nothing is reported for a config without them', async () => {
  expect(await check({})).toEqual([]);
});

it.each([
  [jwks({}), 'expected one of `url`, `file`, `keys` and `secret`'],
  [jwks({ url: 'https://a.example', secret: 'x'.repeat(32) }), 'expected one of `url`'],
  [jwks({ secret: 'short' }), '32 characters or more'],
  [jwks({ secret: 'x'.repeat(32), algorithms: ['RS256'] }), 'a public key is no secret'],
  [jwks({ url: 'https://a.example', algorithms: ['HS256'] }), 'a public key is no secret'],
  [jwks({ url: 'https://a.example', algorithms: ['none'] }), 'Invalid option'],
  [jwks({ url: 'ftp://a.example' }), 'expected an http://'],
  [jwks({ url: 'https://a.example', issuer: 'a', issuers: ['b'] }), '`issuer` or `issuers`'],
  [{ api_keys: {} }, 'expected either `file` or `redis: true`'],
  [{ trusted_proxies: ['10.0.0.0/33'] }, '10.0.0.0/8'],
  [{ trusted_proxies: ['proxy.example'] }, '10.0.0.0/8'],
  [{ tls: { supergraph: { certificate: 'a', key: 'b', require_client_certificate: true } } }, 'needs `client_ca`'],
  [{ introspection_endpoints: [{ url: 'login.example', client_id: 'a' }] }, 'expected an http://'],
])('%j is refused as soon as it is read', (config, message) => {
  const { error } = configFileSchema.safeParse(config);
  expect(error?.issues.map((issue) => issue.message).join()).toContain(message);
});
