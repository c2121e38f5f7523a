import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
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
    expect.stringMatching(/^api_keys\.file: .*keys\.json: [\s\S]*hash/),
    expect.stringMatching(/none: the manifest cannot be read: ENOENT/),
    expect.stringMatching(/none\.ts, cannot be loaded/),
    expect.stringMatching(/^authentication\.router\.jwt\.jwks\[0\]\.file: .*set\.json: .*expected a JWK set/),
    expect.stringMatching(/^authentication\.router\.jwt\.jwks\[1\]\.url: .*none\.json: ENOENT/),
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

describe('the credentials for NATS', () => {
  const checkNats = (settings: object) =>
    check({ events: { shop: { nats: { servers: 'nats://127.0.0.1:4222', ...settings } } } });
  const seed = () => new TextDecoder().decode(nkeys.createUser().getSeed());
  const credentials = (text: string) =>
    `-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${text}\n------END USER NKEY SEED------\n`;

  it('are good', async () => {
    const dir = folderOf({ 'user.creds': credentials(seed()) });
    expect(await checkNats({ credentials_file: join(dir, 'user.creds') })).toEqual([]);
    expect(await checkNats({ nkey_seed: seed() })).toEqual([]);
  });

  it.each([
    ['a file that does not exist', 'none.creds', /none\.creds cannot be read \(ENOENT\); expected a \.creds file/],
    ['a folder', '.', /cannot be read \(EISDIR\); expected a \.creds file/],
    ['a file without credentials', 'notes.txt', /notes\.txt is no file of credentials; expected a \.creds file/],
    ['a file with a broken seed', 'broken.creds', /broken\.creds is no file of credentials/],
  ])('are reported with their key: %s', async (_, name, message) => {
    const dir = folderOf({ 'notes.txt': 'no credentials', 'broken.creds': credentials('SUBROKEN') });
    const problems = await checkNats({ credentials_file: join(dir, name) });
    expect(problems).toEqual([expect.stringMatching(message)]);
    expect(problems[0]).toMatch(/^events\.shop\.nats\.credentials_file: /);
    expect(problems[0]).not.toContain('SUBROKEN');
  });

  it('are reported where the seed is none', async () => {
    const problems = await checkNats({ nkey_seed: 'SUBROKEN' });
    expect(problems).toEqual([expect.stringMatching(/^events\.shop\.nats\.nkey_seed: it is not the seed of a user/)]);
    expect(problems[0]).not.toContain('SUBROKEN');
  });
});

it('certificates for brokers that cannot be used are reported, with their key', async () => {
  const tls = { certificate_authorities: '/nowhere/ca.pem' };
  const events = { a: { nats: { servers: 'tls://127.0.0.1', tls } }, b: { redis: { url: 'rediss://127.0.0.1', tls } } };
  expect(await check({ events })).toEqual([
    expect.stringMatching(/^events\.a\.nats\.tls\.certificate_authorities: .*ca\.pem cannot be read \(ENOENT\)/),
    expect.stringMatching(/^events\.b\.redis\.tls\.certificate_authorities: .*ca\.pem cannot be read \(ENOENT\)/),
  ]);
});
