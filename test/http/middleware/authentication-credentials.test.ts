import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey, formatApiKeyFile } from '../../../src/policy/authentication/api-key-record.ts';
import { folderOf } from '../../bff/support.ts';
import { httpWorld } from '../../gateway/http-world.ts';
import { latch, post } from '../../gateway/serving.ts';
import { IdentityProvider } from '../../policy/authentication/identity-provider.ts';
import { PROGRAMS } from '../../programs.ts';

const shop = {
  orders: { typeDefs: 'type Query { orders: [String!] }', resolvers: { Query: { orders: () => ['o1'] } } },
};
const QUERY = { query: '{ orders }' };

/** The subgraph receives all that is known about the client. */
const headers = {
  all: {
    request: ['subject', 'scopes', 'client_id', 'plan', 'kind', 'ip'].map((name) => ({
      insert: { name: `x-${name}`, from_context: name },
    })),
  },
};

function received(sent: NodeJS.Dict<string | string[]> | undefined) {
  const names = ['x-subject', 'x-scopes', 'x-client_id', 'x-plan', 'x-kind'];
  return names.map((name) => sent?.[name]);
}

let provider: IdentityProvider;

beforeAll(async () => {
  provider = await IdentityProvider.start();
});

afterAll(() => provider.stop());

describe('API keys', () => {
  const now = new Date();
  const gold = createApiKey({ owner: 'acme', scopes: ['read:orders'], plan: 'gold' }, now);
  const old = createApiKey({ owner: 'old', scopes: [], expires: new Date(now.getTime() - 1_000) }, now);
  const gone = createApiKey({ owner: 'gone', scopes: [] }, now);
  const records = [gold.record, old.record, { ...gone.record, active: false }];
  const keyFile = () => join(folderOf({ 'keys.json': formatApiKeyFile(records) }), 'keys.json');

  it('say who asks, with which scopes and plan', async () => {
    const file = keyFile();
    const { server, seen } = await httpWorld(shop, { config: { api_keys: { file }, headers } });
    expect((await post(server.url, QUERY, { 'x-api-key': gold.key })).status).toBe(200);
    expect(received(seen.orders?.[0])).toEqual(['acme', 'read:orders', 'acme', 'gold', 'api_key']);
    expect(readFileSync(file, 'utf8')).not.toContain(gold.key);
  });

  it('are refused when they are unknown, expired, revoked, too long, or cut short', async () => {
    const { server, calls, lines } = await httpWorld(shop, { config: { api_keys: { file: keyFile() } } });
    const bad = ['hg_x', old.key, gone.key, `${gold.key}${'x'.repeat(600)}`, gold.key.slice(0, -1), gold.record.hash];
    for (const key of bad) {
      const response = await post(server.url, QUERY, { 'x-api-key': key });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'ApiKey realm="headgate"']);
    }
    expect(calls.orders).toBe(0);
    expect(lines.flatMap(({ reason }) => reason ?? [])).toEqual([
      'unknown API key',
      expect.stringContaining('expired at'),
      `the API key ${gone.record.id} is revoked`,
      'the API key is longer than 512 characters',
      'unknown API key',
      'unknown API key',
    ]);
  });

  it('are reloaded while the gateway runs, and a broken file changes nothing', async () => {
    const file = keyFile();
    const { server, lines } = await httpWorld(shop, { config: { api_keys: { file } } });
    const status = async () => (await post(server.url, QUERY, { 'x-api-key': gold.key })).status;
    expect(await status()).toBe(200);
    writeFileSync(file, '{"keys": [{]}');
    await expect.poll(() => lines.some(({ msg }) => String(msg).startsWith('cannot be reloaded'))).toBe(true);
    expect(await status()).toBe(200);
    writeFileSync(file, formatApiKeyFile([{ ...gold.record, active: false }]));
    await expect.poll(status).toBe(401);
  });

  it('beside a token say for which client its bearer asks; both must hold', async () => {
    const jwks = [{ url: provider.keySetUrl }];
    const config = { authentication: { router: { jwt: { jwks } } }, api_keys: { file: keyFile() }, headers };
    const { server, seen } = await httpWorld(shop, { config });
    const authorization = `Bearer ${await provider.token('ada', 'write:orders')}`;
    await post(server.url, QUERY, { authorization, 'x-api-key': gold.key });
    expect(received(seen.orders?.[0])).toEqual(['ada', 'write:orders', 'acme', 'gold', 'jwt']);
    for (const pair of [
      { authorization, 'x-api-key': 'wrong' },
      { authorization: 'Bearer wrong', 'x-api-key': gold.key },
      { authorization: `Bearer ${await provider.sign({ exp: 1 })}`, 'x-api-key': 'wrong' },
    ]) {
      expect((await post(server.url, QUERY, pair)).status).toBe(401);
    }
  });
});

describe('the limit of a client with an API key', () => {
  const { key, record } = createApiKey({ owner: 'acme', scopes: [] }, new Date());
  const other = createApiKey({ owner: 'umbrella', scopes: [] }, new Date());

  it('is one, however many tokens come along', async () => {
    const file = join(folderOf({ 'keys.json': formatApiKeyFile([record, other.record]) }), 'keys.json');
    const config = {
      authentication: { router: { jwt: { jwks: [{ url: provider.keySetUrl }] } } },
      introspection_endpoints: [
        { url: provider.introspectionUrl, client_id: 'bob', client_secret: 'the secret of bob' },
      ],
      api_keys: { file },
      rate_limits: { requests: [{ limit: 3, window: '1h' }] },
    };
    const { server } = await httpWorld(shop, { config });
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const ask = async (sent: Record<string, string>) => (await post(server.url, QUERY, sent)).status;
    const withKey = { 'x-api-key': key };
    expect(await ask(withKey)).toBe(200);
    expect(await ask({ ...withKey, ...bearer(await provider.sign({ sub: 'ada' })) })).toBe(200);
    expect(await ask({ ...withKey, ...bearer(await provider.token('ada', 'read:orders', 'opaque')) })).toBe(200);
    for (const claims of [{ sub: 'ada' }, { sub: 'bob' }, { sub: undefined }, { sub: 7 }, { client_id: 'x' }])
      expect(await ask({ ...withKey, ...bearer(await provider.sign(claims)) })).toBe(429);
    expect(await ask(withKey)).toBe(429);
    expect(await ask(bearer(await provider.sign({ sub: 'ada' })))).toBe(200);
    expect(await ask({ 'x-api-key': other.key, ...bearer(await provider.sign({ sub: 'ada' })) })).toBe(200);
  });
});

describe('opaque tokens', () => {
  const endpoint = (more: object = {}) => ({
    url: provider.introspectionUrl,
    client_id: 'bob',
    client_secret: 'the secret of bob',
    ...more,
  });

  it('are looked up at the provider, once for all who ask at the same time', async () => {
    const { server, seen } = await httpWorld(shop, { config: { introspection_endpoints: [endpoint()], headers } });
    const token = await provider.token('ada', 'read:orders write:orders', 'opaque');
    const before = provider.introspections;
    const ask = async () => (await post(server.url, QUERY, { authorization: `Bearer ${token}` })).status;
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([200, 200, 200]);
    expect(await ask()).toBe(200);
    expect(provider.introspections - before).toBe(1);
    // a client that asks for itself is no subject
    expect(received(seen.orders?.[0])).toEqual([undefined, 'read:orders write:orders', 'ada', undefined, 'opaque']);
  });

  it('that are revoked are refused once what is remembered of them is too old', async () => {
    const short = endpoint({ cache: '50ms' });
    const { server } = await httpWorld(shop, { config: { introspection_endpoints: [short] } });
    const token = await provider.token('ada', 'read:orders', 'opaque');
    const ask = async () => (await post(server.url, QUERY, { authorization: `Bearer ${token}` })).status;
    expect(await ask()).toBe(200);
    await provider.revoke('ada', token);
    await expect.poll(ask).toBe(401);
  });

  it('that are unknown are asked for once, and refused', async () => {
    const { server } = await httpWorld(shop, { config: { introspection_endpoints: [endpoint()] } });
    const before = provider.introspections;
    for (const token of ['invented', 'invented', 'a token', '{"alg":"none"}']) {
      expect((await post(server.url, QUERY, { authorization: `Bearer ${token}` })).status).toBe(401);
    }
    expect(provider.introspections - before).toBe(1);
  });

  it('for another audience are refused', async () => {
    const other = endpoint({ audience: 'https://other.example' });
    const { server } = await httpWorld(shop, { config: { introspection_endpoints: [other] } });
    const token = await provider.token('ada', 'read:orders', 'opaque');
    expect((await post(server.url, QUERY, { authorization: `Bearer ${token}` })).status).toBe(401);
  });

  it('cannot be checked while the provider is down', async () => {
    const { server } = await httpWorld(shop, { config: { introspection_endpoints: [endpoint()] } });
    const token = await provider.token('ada', 'read:orders', 'opaque');
    const ask = () => post(server.url, QUERY, { authorization: `Bearer ${token}` });
    provider.goDown();
    const refused = await ask();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    provider.comeUp();
    expect((await ask()).status).toBe(200);
  });
});

describe.skipIf(!PROGRAMS.openssl)('client certificates', () => {
  let dir: string;

  /** An authority, the server's certificate, one of ada's by it, and one of mallory's that she signed herself. */
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'headgate-certificates-'));
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2');
    for (const [name, subject, alternative] of [
      ['server', '/CN=localhost', 'DNS:localhost'],
      ['ada', '/O=Shop/CN=ada', 'URI:spiffe://shop/ada,DNS:ada.example'],
      ['bob', '/O=Shop/CN=bob', 'URI:spiffe://shop/bob'],
    ] as const) {
      writeFileSync(join(dir, `${name}.ext`), `subjectAltName=${alternative}\n`);
      openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by);
    }
    const self = ['-keyout', 'mallory.key', '-out', 'mallory.pem', '-subj', '/O=Shop/CN=ada', '-days', '2'];
    openssl('req', '-x509', ...key, ...self);
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const read = (name: string) => readFileSync(join(dir, name), 'utf8');
  const tls = (required: boolean) => ({
    supergraph: {
      certificate: join(dir, 'server.pem'),
      key: join(dir, 'server.key'),
      client_ca: read('ca.pem'),
      require_client_certificate: required,
    },
  });

  /** Posts over HTTPS, with the certificate of that name. */
  function askTls(url: string, name: string | undefined): Promise<{ status: number; text: string }> {
    const own = name === undefined ? {} : { cert: read(`${name}.pem`), key: read(`${name}.key`) };
    const options = { method: 'POST', ca: read('ca.pem'), servername: 'localhost', agent: false, ...own };
    return new Promise((resolve, reject) => {
      const sending = httpsRequest(url, { ...options, headers: { 'content-type': 'application/json' } });
      sending.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sending.on('error', reject).end(JSON.stringify(QUERY));
    });
  }

  const postTls = async (url: string, name: string | undefined) => (await askTls(url, name)).status;

  it('say who asks; without a good one a client is anonymous', async () => {
    const authentication = { client_certificate: { identity: 'san_uri' } };
    const { server, seen } = await httpWorld(shop, { config: { tls: tls(false), authentication, headers } });
    expect(server.url).toMatch(/^https:/);
    for (const name of ['ada', 'mallory', undefined]) expect(await postTls(server.url, name)).toBe(200);
    expect(seen.orders?.map((sent) => [sent['x-subject'], sent['x-kind']])).toEqual([
      ['spiffe://shop/ada', 'certificate'],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it('keep requests apart that are the same for all that their headers say', async () => {
    const authentication = { client_certificate: { identity: 'common_name' } };
    const { server, behave, calls } = await httpWorld(shop, { config: { tls: tls(true), authentication, headers } });
    const gate = latch();
    behave('orders', async (req, res) => {
      await gate.promise;
      res.end(JSON.stringify({ data: { orders: [req.headers['x-subject']] } }));
    });
    const asked = ['ada', 'bob', 'ada'].map((name) => askTls(server.url, name));
    await expect.poll(() => calls.orders).toBe(2);
    gate.open();
    const orders = (await Promise.all(asked)).map(({ text }) => JSON.parse(text).data.orders);
    expect(orders).toEqual([['ada'], ['bob'], ['ada']]);
  });

  it('may be required of every connection', async () => {
    const { server, seen } = await httpWorld(shop, {
      config: { tls: tls(true), authentication: { client_certificate: {} }, headers },
    });
    expect(await postTls(server.url, 'ada')).toBe(200);
    expect(seen.orders?.[0]?.['x-subject']).toBe('O=Shop,CN=ada');
    await expect(postTls(server.url, 'mallory')).rejects.toThrow();
    await expect(postTls(server.url, undefined)).rejects.toThrow();
  });

  it('are taken from a header of a trusted proxy, and from nobody else', async () => {
    const authentication = { client_certificate: { identity: 'common_name', header: 'client-cert' } };
    const pem = read('ada.pem');
    const der = `:${pem.replace(/-----[^-]+-----|\s/g, '')}:`;
    const trusting = { trusted_proxies: ['127.0.0.1'], authentication, headers };
    const behind = await httpWorld(shop, { config: trusting });
    for (const value of [der, encodeURIComponent(pem)]) await post(behind.server.url, QUERY, { 'client-cert': value });
    expect(behind.seen.orders?.map((sent) => sent['x-subject'])).toEqual(['ada', 'ada']);
    for (const value of [':AAAA:', '%', 'no certificate']) {
      expect((await post(behind.server.url, QUERY, { 'client-cert': value })).status).toBe(401);
    }
    const open = await httpWorld(shop, { config: { authentication, headers } });
    expect((await post(open.server.url, QUERY, { 'client-cert': der })).status).toBe(200);
    expect(open.seen.orders?.[0]).not.toHaveProperty('x-subject');
  });
});

describe('an address with too many bad credentials', () => {
  it('waits, while those behind it who are known go on, and so do other addresses', async () => {
    const jwks = [{ url: provider.keySetUrl }];
    const authentication = { router: { jwt: { jwks } }, failed_attempts: { limit: 3, window: '1h' } };
    const config = { authentication, trusted_proxies: ['127.0.0.1'] };
    const { server } = await httpWorld(shop, { config });
    const ask = (token: string, ip: string) =>
      post(server.url, QUERY, { authorization: `Bearer ${token}`, 'x-forwarded-for': ip });
    const known = await provider.token('ada');
    expect((await ask(known, '2001:db8::1')).status).toBe(200);
    const statuses = [];
    for (const last of [1, 2, 3, 4]) statuses.push((await ask(`bad-${last}`, `2001:db8::${last}`)).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    const refused = await ask(await provider.token('bob'), '2001:db8::9');
    expect(refused.status).toBe(429);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(3_000);
    expect(await refused.json()).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: 'RATE_LIMITED', retryAfter: wait } }],
    });
    expect((await ask(known, '2001:db8::1')).status).toBe(200);
    expect((await ask(await provider.token('bob'), '2001:db8:0:1::9')).status).toBe(200);
  });

  it('goes on with tokens that have expired; of those that are made up no more are looked at, however many at once', async () => {
    const secret = 'a secret of thirty-two characters';
    const authentication = { router: { jwt: { jwks: [{ secret }] } }, failed_attempts: { limit: 2, window: '1h' } };
    const { server } = await httpWorld(shop, { config: { authentication } });
    const token = (lifetime: string) =>
      new SignJWT().setProtectedHeader({ alg: 'HS256' }).setExpirationTime(lifetime).sign(Buffer.from(secret));
    const ask = (bearer: string) => post(server.url, QUERY, { authorization: `Bearer ${bearer}` });
    const expired = await token('1 minute ago');
    for (let i = 0; i < 5; i++) expect((await ask(expired)).status).toBe(401);
    expect((await ask(await token('1 hour'))).status).toBe(200);
    const [head, body] = expired.split('.');
    const guesses = Array.from({ length: 20 }, (_, i) => ask(`${head}.${body}.${i}${i}${i}${i}`));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([401, 401, ...Array(18).fill(429)]);
  });
});
