import { expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { settingWarnings } from '../../src/gateway/setting-warnings.ts';
import { httpWorld } from './http-world.ts';

function warnings(config: object): string[] {
  const file = configFileSchema.parse(config);
  const parsed = { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false };
  return settingWarnings(parsed).map(({ key, message, hint }) => `${key.join('.')}: ${message} ${hint}`);
}

it.each(['yes', '1', 'no'])('warns that OTEL_SDK_DISABLED=%s counts as false', (value) => {
  const { supergraph, ...file } = configFileSchema.parse({});
  const config = { ...file, supergraph: { ...supergraph, introspection: true }, production: false };
  const [warning] = settingWarnings(config, { OTEL_SDK_DISABLED: value });
  expect(warning).toMatchObject({ key: ['OTEL_SDK_DISABLED'], hint: 'Use true, or false.' });
  expect(warning?.message).toContain(`"${value}" counts as false`);
  for (const known of ['', 'true', 'FALSE']) expect(settingWarnings(config, { OTEL_SDK_DISABLED: known })).toEqual([]);
});

const jwks = (...entries: object[]) => ({ authentication: { router: { jwt: { jwks: entries } } } });

it('warns of a key set over plain http, with more words where nothing else is checked', () => {
  const url = 'http://keys.example:8080/jwks';
  expect(warnings(jwks({ url }))).toEqual([
    'authentication.router.jwt.jwks.0.url: The key set comes from keys.example:8080 over plain http://: an attacker who changes it on ' +
      'the way can sign tokens for any user. Neither `issuer` nor `audience` is set, so that nothing but these keys is checked. ' +
      'Use https://. Set `issuer` and `audience` to what the tokens for this gateway have.',
  ]);
  for (const more of [{ issuer: 'a' }, { issuers: ['a'] }, { audience: 'a' }, { audiences: ['a'] }])
    expect(warnings(jwks({ url: 'https://keys.example' }, { url, ...more }))).toEqual([
      expect.stringMatching(/^authentication\.router\.jwt\.jwks\.1\.url: .* for any user\. Use https:\/\/\.$/),
    ]);
});

it.each([
  'https://keys.example/jwks',
  'http://localhost:1/jwks',
  'http://127.0.0.2/jwks',
  'http://[::1]/',
  'file:///k.json',
])('%s is no reason for a warning', (url) => {
  expect(warnings(jwks({ url }))).toEqual([]);
});

it('so are other places that credentials are decided by', () => {
  const login = { web: { issuer: 'http://login.example', client_id: 'c', client_secret: 's' } };
  const introspection_endpoints = [{ url: 'http://login.example/introspect', client_id: 'c', client_secret: 's' }];
  expect(warnings({ login, introspection_endpoints })).toEqual([
    expect.stringMatching(/^introspection_endpoints\.0\.url: Tokens and the client's secret go to login\.example/),
    expect.stringMatching(/^login\.web\.issuer: The login provider at login\.example/),
  ]);
});

it('they are in the log when the gateway starts', async () => {
  const orders = { orders: { typeDefs: 'type Query { orders: [String!] }' } };
  // what answers there is nobody: addresses for documentation lead nowhere
  const { lines } = await httpWorld(orders, { config: jwks({ url: 'http://192.0.2.1/jwks', timeout: '100ms' }) });
  expect(lines.filter(({ setting }) => setting !== undefined)).toEqual([
    expect.objectContaining({
      setting: 'authentication.router.jwt.jwks.0.url',
      msg: expect.stringContaining('192.0.2.1'),
    }),
  ]);
});
