import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { startWorld, type WorldOptions } from '../plugins/world.ts';

const FOLDER = join(import.meta.dirname, '../../examples/plugins');
const tested = new Set<string>();

/** A gateway with one of the examples. */
function withExample(name: string, settings: object | undefined, options: WorldOptions = {}) {
  tested.add(name);
  const plugins = [{ path: join(FOLDER, `${name}.ts`), ...(settings && { config: settings }) }];
  return startWorld({ ...options, config: { ...options.config, plugins } });
}

const ADA = { name: 'Ada', email: 'ada@example.com', card: { number: '4111' } };

it('tenant from subdomain', async () => {
  const { origin, subgraph } = await withExample(
    'tenant-from-subdomain',
    { domain: 'shop.example' },
    {
      data: (headers) => ({ hello: `hello ${headers['x-tenant']}` }),
    },
  );
  const send = (host: string) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      httpRequest(`${origin}/bff/web/hello`, { headers: { host } }, async (response) =>
        resolve({ status: response.statusCode, body: await text(response) }),
      )
        .on('error', reject)
        .end();
    });
  const [acme, other] = await Promise.all([send('acme.shop.example'), send('other.shop.example:80')]);
  expect([acme.body, other.body]).toEqual(['{"hello":"hello acme"}', '{"hello":"hello other"}']);
  expect((await send('shop.example')).status).toBe(404);
  expect((await send('acme.example')).status).toBe(404);
  expect(subgraph.calls).toHaveLength(2);
});

it('request signing', async () => {
  const secret = 'a secret of both sides';
  const { post, subgraph } = await withExample('request-signing', { secret });
  await post('{ hello }');
  const [call] = subgraph.calls;
  if (call === undefined) throw new Error('The subgraph was not called.');
  const { headers, body } = call;
  const signed = `${headers['x-signed-at']}.${body}`;
  expect(headers['x-signature']).toBe(createHmac('sha256', secret).update(signed).digest('hex'));
});

it('response redaction, also under an alias and at endpoints', async () => {
  const { post, get } = await withExample(
    'response-redaction',
    { fields: ['email', 'number'] },
    { data: () => ({ user: { ...ADA, contact: ADA.email } }) },
  );
  const query = '{ user { name contact: email card { number } } }';
  expect(await (await post(query)).json()).toEqual({
    data: { user: { name: 'Ada', contact: '***', card: { number: '***' } } },
  });
  expect(await (await get('/bff/web/user')).json()).toMatchObject({ user: { name: 'Ada', email: '***' } });
});

it('custom rate-limit identity', async () => {
  const { post } = await withExample('rate-limit-identity', undefined, {
    config: { rate_limits: { requests: [{ limit: 1, window: '1h', by: ['header:x-device'] }] } },
  });
  const statuses: number[] = [];
  for (const cookie of ['device=a', 'device=a', 'device=b', 'other=1', 'other=2'])
    statuses.push((await post('{ hello }', { cookie, 'x-device': cookie })).status);
  expect(statuses).toEqual([200, 429, 200, 200, 429]);
});

it('operation blocklist', async () => {
  const text = '{ user { name } }';
  const blocked = ['SlowReport', createHash('sha256').update(text).digest('hex')];
  const { post } = await withExample('operation-blocklist', { blocked });
  const statuses = await Promise.all(
    ['query SlowReport { hello }', text, 'query FastReport { hello }'].map(async (query) => (await post(query)).status),
  );
  expect(statuses).toEqual([403, 403, 200]);
});

it.each([
  [0, 'A'],
  [1, 'B'],
])('A/B header: with a share of %d all are in group %s', async (share, group) => {
  const { post, subgraph } = await withExample('ab-header', { experiment: 'checkout', share });
  expect((await post('{ hello }')).headers.get('x-group')).toBe(group);
  expect(subgraph.calls[0]?.headers['x-group']).toBe(group);
});

describe('audit log of mutations', () => {
  it('has each mutation, with its outcome', async () => {
    const file = join(folderOf({}), 'audit.jsonl');
    const { post, get, origin } = await withExample('audit-log', { file });
    await post('mutation Order { order }');
    await post('{ hello }');
    await get('/bff/web/hello');
    await fetch(`${origin}/bff/web/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'begin', who: 'anonymous', ip: '127.0.0.1', operation: 'Order' },
      { event: 'end', errors: 0 },
      { event: 'begin' },
      { event: 'end', errors: 0 },
    ]);
  });

  it('does not execute a mutation that cannot be written down', async () => {
    const { post, subgraph } = await withExample('audit-log', { file: join(folderOf({}), 'missing/audit.jsonl') });
    expect((await post('mutation { order }')).status).toBe(500);
    expect((await post('{ hello }')).status).toBe(200);
    expect(subgraph.calls).toHaveLength(1);
  });
});

it('error classification', async () => {
  // without the field that is asked for
  const { post } = await withExample('error-classification', undefined, { data: () => ({}) });
  const codes = async (query: string) => {
    const { errors } = await (await post(query)).json();
    return [errors[0].extensions.code, errors[0].extensions.class];
  };
  expect(await codes('{ nothing }')).toEqual(['GRAPHQL_VALIDATION_FAILED', 'client']);
  expect(await codes('{ hello }')).toEqual(['SUBREQUEST_MALFORMED_RESPONSE', 'server']);
});

it('feature flags', async () => {
  const file = join(folderOf({}), 'flags.json');
  writeFileSync(file, '["secret"]');
  const { post } = await withExample('feature-flags', { file });
  await expect.poll(async () => (await post('{ secret }')).status).toBe(503);
  expect((await post('{ ...off } fragment off on Query { secret }')).status).toBe(503);
  expect((await post('{ hello }')).status).toBe(200);
});

it('Basic auth', async () => {
  const users = { ada: createHash('sha256').update('pass:word').digest('hex') };
  const { post, subgraph } = await withExample(
    'basic-auth',
    { users },
    {
      config: {
        headers: {
          all: {
            request: [
              { propagate: { named: 'authorization' } },
              { insert: { name: 'x-user', from_context: 'subject' } },
            ],
          },
        },
      },
    },
  );
  const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  });
  for (const wrong of [{}, basic('ada', 'guess'), basic('bob', 'pass:word'), { authorization: 'Bearer pass:word' }]) {
    const refused = await post('{ hello }', wrong);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="shop", charset="UTF-8"',
    ]);
  }
  expect((await post('{ hello }', basic('ada', 'pass:word'))).status).toBe(200);
  expect(subgraph.calls).toHaveLength(1);
  expect(subgraph.calls[0]?.headers).toMatchObject({ 'x-user': 'ada' });
  expect(subgraph.calls[0]?.headers).not.toHaveProperty('authorization');
});

it('input patterns', async () => {
  const { post } = await withExample('input-patterns', { patterns: ['(?i)union\\s+select', '<script'] });
  const send = async (id: unknown) => (await post('mutation ($id: ID) { order(id: $id) }', {}, { id })).status;
  expect([await send('7'), await send('1 UNION  SELECT *'), await send('<script>')]).toEqual([200, 400, 400]);
  expect((await post('{ hello } # <script>')).status).toBe(400);
  const tested = withExample('input-patterns', { patterns: ['(a)\\1'] });
  await expect(tested).rejects.toThrow(/^plugins\[0\]\.config: /);
});

it('cost header, also where requests share an execution', async () => {
  const { post } = await withExample('cost-header', { prices: { shop: 3 } });
  const responses = await Promise.all(Array.from({ length: 5 }, () => post('{ hello }')));
  expect(responses.map(({ headers }) => headers.get('x-cost'))).toEqual(['3', '3', '3', '3', '3']);
});

describe('tenant quota', () => {
  const secret = 'a secret of thirty-two characters';
  const config = { authentication: { router: { jwt: { jwks: [{ secret }] } } } };
  const tokenOf = async (claims: Record<string, unknown>) => ({
    authorization: `Bearer ${await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(Buffer.from(secret))}`,
  });

  it('refuses a tenant that has used its units up, at endpoints too, and says so once in the log', async () => {
    const { post, get, lines } = await withExample('tenant-quota', { units: 4, seconds: 3_600 }, { config });
    const acme = await tokenOf({ tenant: 'acme' });
    const left = async (response: Promise<Response>) => {
      const { status, headers } = await response;
      return [status, headers.get('x-quota-remaining')];
    };
    expect(await left(post('{ hello }', acme))).toEqual([200, '2']);
    expect(await left(get('/bff/web/hello', acme))).toEqual([200, '0']);
    const refused = await post('{ hello }', acme);
    expect([refused.status, refused.headers.get('x-quota-remaining')]).toEqual([429, '0']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await refused.json()).errors[0].extensions.code).toBe('QUOTA_EXCEEDED');
    expect(await left(get('/bff/web/hello', acme))).toEqual([429, '0']);
    expect(await left(post('{ hello }', await tokenOf({ tenant: 'other' })))).toEqual([200, '2']);
    const warnings = lines.filter(({ msg }) => msg === 'quota used up');
    expect(warnings).toMatchObject([{ level: 'warn', plugin: 'tenant-quota', tenant: 'acme' }]);
  });

  it('counts each request that shares an execution', async () => {
    const { post } = await withExample('tenant-quota', { units: 100, seconds: 3_600 }, { config });
    const token = await tokenOf({ tenant: 'shared' });
    const responses = await Promise.all(Array.from({ length: 5 }, () => post('{ hello }', token)));
    const left = responses.map(({ headers }) => Number(headers.get('x-quota-remaining')));
    expect(Math.min(...left)).toBe(90);
  });

  it('refuses a token without the claim, and settings that are no quota', async () => {
    const { post } = await withExample('tenant-quota', { units: 4, seconds: 3_600 }, { config });
    expect((await post('{ hello }', await tokenOf({}))).status).toBe(403);
    expect((await post('{ hello }')).status).toBe(403);
    const wrong = withExample('tenant-quota', { units: '4' });
    await expect(wrong).rejects.toThrow('plugins[0].config: expected { units: 1000, seconds: 3600 }');
  });
});

it('every example is tested', () => {
  const names = readdirSync(FOLDER).map((file) => file.replace(/\.ts$/, ''));
  expect(names).toHaveLength(13);
  expect([...tested].sort()).toEqual(names.sort());
});
