import { expect, it } from 'vitest';
import { gatewayOver } from '../sources/stitched/gateway.ts';
import { admin, TOKEN } from './admin-client.ts';

const SCHEMA = 'extend schema @subgraph(url: "http://127.0.0.1:1/graphql")\ntype Query { hello: String }';
const METRICS = { telemetry: { metrics: { prometheus: { enabled: true } } } };

const gateway = (config: object) => gatewayOver({ hello: SCHEMA }, config);
const withToken = (more: object = {}) => gateway({ admin: { listen: '127.0.0.1:0', token: TOKEN }, ...more });

it('without admin.token, every route of the API is 403 and names the key', async () => {
  const { metricsUrl = '', adminUrl } = await gateway({ admin: { listen: '127.0.0.1:0' }, ...METRICS });
  expect(adminUrl).toBeUndefined();
  const base = metricsUrl.replace('/metrics', '/admin');
  for (const path of ['/endpoints', '/endpoints/drain', '/nothing', '']) {
    expect(await admin(base, path)).toMatchObject({
      status: 403,
      body: { type: 'urn:headgate:problem:admin-token-not-set', detail: expect.stringContaining('admin.token') },
    });
  }
  expect((await fetch(metricsUrl)).status).toBe(200);
});

it('reads and actions need the token', async () => {
  const { adminUrl } = await withToken();
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: TOKEN }]) {
    const refused = await admin(adminUrl, '/endpoints', undefined, headers as Record<string, string>);
    expect(refused).toMatchObject({ status: 401, body: { type: 'urn:headgate:problem:unauthenticated' } });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
  }
  expect((await admin(adminUrl, '/endpoints')).status).toBe(200);
});

it('after too many wrong tokens, an address gets 429, whatever it sends, and the log says so', async () => {
  const { adminUrl, lines } = await withToken({ authentication: { failed_attempts: { limit: 3, window: '1h' } } });
  const guess = () => admin(adminUrl, '/endpoints', undefined, { authorization: 'Bearer guess' });
  expect([(await guess()).status, (await guess()).status, (await guess()).status]).toEqual([401, 401, 401]);
  const limited = await admin(adminUrl, '/endpoints');
  expect(limited.status).toBe(429);
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', address: '127.0.0.1' }));
});

it('guesses of the purge token count, too', async () => {
  const { adminUrl = '' } = await withToken({
    bff: { purge_token: 'another token, to purge' },
    authentication: { failed_attempts: { limit: 2, window: '1h' } },
  });
  const purge = async () => {
    const headers = { authorization: 'Bearer guess' };
    return (await fetch(adminUrl.replace('/admin', '/bff/purge'), { method: 'POST', headers })).status;
  };
  expect([await purge(), await purge(), await purge()]).toEqual([401, 401, 429]);
});

it('works without metrics', async () => {
  const { adminUrl = '', metricsUrl } = await withToken();
  expect(metricsUrl).toBeUndefined();
  expect((await admin(adminUrl, '/endpoints')).status).toBe(200);
  expect((await fetch(adminUrl.replace('/admin', '/metrics'))).status).toBe(404);
});

it('no page of another origin may read or act', async () => {
  const { adminUrl = '' } = await withToken();
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
  const preflight = await fetch(`${adminUrl}/endpoints/drain`, { method: 'OPTIONS', headers });
  expect(preflight.status).toBe(401);
  expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
});

it('another method is 405, and an unknown path 404 lists the routes', async () => {
  const { adminUrl } = await withToken();
  const get = await admin(adminUrl, '/endpoints/drain');
  expect(get).toMatchObject({ status: 405, body: { detail: '/admin/endpoints/drain supports POST only.' } });
  expect(get.headers.get('allow')).toBe('POST');
  expect((await admin(adminUrl, '/nothing')).body.detail).toContain('/admin/endpoints/drain');
});
