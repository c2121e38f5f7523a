import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deadUrl, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';
import { admin, TOKEN } from './admin-client.ts';

const schema = (fields = '') =>
  `extend schema @subgraph(url: "http://127.0.0.1:1/graphql")\ntype Query { hello(n: Int): String ${fields} }`;

/** A subgraph that counts its requests. */
async function counted() {
  let requests = 0;
  const listener: RequestListener = (request, response) => {
    requests++;
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json').end('{"data":{"hello":"hi"}}');
    });
  };
  const { url } = await fakeSubgraph(listener);
  return { url, requests: () => requests };
}

const BREAKER = { traffic_shaping: { all: { circuit_breaker: { reset_timeout: '1ms', consecutive_failures: 1 } } } };

/** A gateway over two URLs of the subgraph `stock`, with an admin API. */
async function world(config: object = BREAKER) {
  const [a, b] = [await counted(), await counted()];
  const gateway = await gatewayOver(
    { stock: schema() },
    {
      admin: { listen: '127.0.0.1:0', token: TOKEN },
      telemetry: { metrics: { prometheus: { enabled: true } } },
      subgraphs: { stock: { urls: [{ url: a.url }, { url: b.url }] } },
      ...config,
    },
  );
  let n = 0;
  const send = async (count: number) => {
    for (let i = 0; i < count; i++) await gateway.ask(`{ hello(n: ${n++}) }`);
  };
  const act = (action: string, body: object) =>
    admin(gateway.adminUrl, `/endpoints/${action}`, { subgraph: 'stock', ...body });
  return { ...gateway, a, b, send, act };
}

it('lists the endpoints with their state', async () => {
  const { adminUrl, a, b, send } = await world();
  await send(2);
  const { status, body } = await admin(adminUrl, '/endpoints');
  const state = [{ ejected: false, ejections: 0, circuit_breaker: 'closed', requests_in_progress: 0 }];
  const common = { subgraph: 'stock', priority: 0, weight: 1, configured_weight: 1, drained: false, tripped: false };
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      processes: 1,
      responded: 1,
      endpoints: [a, b].map(({ url }) => ({ ...common, url, requests_in_progress: 0, state })),
    },
  });
});

it('a drained URL gets no requests, until it is undrained', async () => {
  const { a, b, send, act } = await world();
  expect(await act('drain', { url: a.url })).toMatchObject({ status: 200, body: { applied: 1, processes: 1 } });
  await send(6);
  expect([a.requests(), b.requests()]).toEqual([0, 6]);
  await act('undrain', { url: a.url });
  await send(6);
  expect([a.requests(), b.requests()]).toEqual([3, 9]);
});

it('a drained URL gets no requests either when all others fail', async () => {
  const { a, b, send, act } = await world();
  await act('drain', { url: a.url });
  await act('trip', { url: b.url });
  await send(3);
  expect([a.requests(), b.requests()]).toEqual([0, 0]);
});

it('a request fails when the URLs that are not drained refuse connections, instead of trying forever', async () => {
  const [a, dead] = [await counted(), await deadUrl()];
  const { act, ask } = await world({ subgraphs: { stock: { urls: [{ url: a.url }, { url: dead }] } } });
  await act('drain', { url: a.url });
  expect((await ask('{ hello }')).errors?.[0]?.extensions.code).toBe('SUBREQUEST_HTTP_ERROR');
  expect(a.requests()).toBe(0);
});

it('a refused action changes nothing, also where URLs differ in their query only', async () => {
  const { url } = await counted();
  const { act, adminUrl } = await world({ subgraphs: { stock: { urls: [{ url: `${url}?a` }, { url: `${url}?b` }] } } });
  expect(await act('drain', { url })).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('drained') },
  });
  const { body } = await admin(adminUrl, '/endpoints');
  expect(body.endpoints).toMatchObject([{ drained: false }]);
});

it('the last URL cannot be drained', async () => {
  const { a, b, act } = await world();
  await act('drain', { url: a.url });
  expect(await act('drain', { url: b.url })).toMatchObject({
    status: 409,
    body: { type: 'urn:headgate:problem:only-endpoint', detail: expect.stringContaining('trip') },
  });
});

it('a tripped circuit stays open longer than its reset_timeout, until it is reset', async () => {
  const { a, b, send, act, adminUrl } = await world();
  await act('trip', { url: a.url });
  await send(5);
  expect([a.requests(), b.requests()]).toEqual([0, 5]);
  expect((await admin(adminUrl, '/endpoints')).body.endpoints[0]).toMatchObject({
    tripped: true,
    state: [{ circuit_breaker: 'open' }],
  });
  await act('reset', { url: a.url });
  await send(4);
  expect([a.requests(), b.requests()]).toEqual([2, 7]);
});

it('a changed weight changes the shares', async () => {
  const { a, b, send, act } = await world();
  expect((await act('weight', { url: a.url, weight: 3 })).status).toBe(200);
  await send(8);
  expect([a.requests(), b.requests()]).toEqual([6, 2]);
});

it('a new schema keeps what operators have changed', async () => {
  const { a, b, send, act, adminUrl, dir, lines } = await world();
  await act('drain', { url: a.url });
  await act('weight', { url: a.url, weight: 7 });
  await act('trip', { url: a.url });
  await writeFile(join(dir, 'stock.graphql'), schema('more: String'));
  await expect.poll(() => lines.map(({ msg }) => msg)).toContain('serving a new schema');
  await send(4);
  expect([a.requests(), b.requests()]).toEqual([0, 4]);
  expect((await admin(adminUrl, '/endpoints')).body.endpoints[0]).toMatchObject({
    ...{ url: a.url, drained: true, weight: 7, configured_weight: 1, tripped: true },
  });
});

it('a single URL is listed with its requests in progress, and can be tripped, but not drained', async () => {
  const held: (() => void)[] = [];
  const { url } = await fakeSubgraph((request, response) => {
    request.resume();
    held.push(() => response.setHeader('content-type', 'application/json').end('{"data":{"hello":"hi"}}'));
  });
  const { adminUrl, ask, act } = await world({ subgraphs: { stock: { url } }, ...BREAKER });
  const asked = ask('{ hello }');
  await expect.poll(() => held.length).toBe(1);
  expect((await admin(adminUrl, '/endpoints')).body.endpoints).toEqual([
    {
      subgraph: 'stock',
      url,
      tripped: false,
      requests_in_progress: 1,
      state: [{ circuit_breaker: 'closed', requests_in_progress: 1 }],
    },
  ]);
  held[0]?.();
  await asked;
  expect((await act('drain', { url })).body.detail).toContain('is the only URL of "stock"');
  expect((await act('trip', { url })).status).toBe(200);
  expect((await ask('{ hello }')).errors?.[0]?.extensions.code).toBe('SUBGRAPH_CIRCUIT_BREAKER_REJECTED');
});

it('without a circuit breaker, trip names the key to set', async () => {
  const { a, act } = await world({});
  expect(await act('trip', { url: a.url })).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('traffic_shaping.subgraphs.stock.circuit_breaker') },
  });
});

it('an unknown endpoint is 404, and names the route that lists them', async () => {
  const { act } = await world();
  expect(await act('drain', { url: 'http://elsewhere:1/' })).toMatchObject({
    status: 404,
    body: { type: 'urn:headgate:problem:unknown-endpoint', detail: expect.stringContaining('/admin/endpoints') },
  });
});

it.each([
  ['drain', { url: 1 }, '"url" is missing or no text'],
  ['drain', { url: 'http://a', wieght: 2 }, '"wieght" is unknown'],
  ['weight', { url: 'http://a', weight: 0 }, '"weight" must be a whole number from 1 to 1000000'],
  ['weight', { url: 'http://a', weight: '2' }, '"weight" must be a whole number'],
  ['drain', { url: 'http://a', weight: 2 }, '"weight" is for /admin/endpoints/weight only'],
])('%s with %j is refused', async (action, body, detail) => {
  const { act } = await world();
  expect(await act(action, body)).toMatchObject({ status: 400, body: { detail: expect.stringContaining(detail) } });
});

it('actions are logged with the address, and counted', async () => {
  const { a, act, lines, metricsUrl } = await world();
  await act('drain', { url: a.url });
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'admin action',
      path: '/admin/endpoints/drain',
      request: { subgraph: 'stock', url: a.url },
      status: 200,
      address: '127.0.0.1',
    }),
  );
  const metrics = await (await fetch(metricsUrl ?? '')).text();
  expect(metrics).toContain('headgate_admin_actions_total{action="drain"} 1');
  expect(metrics).toMatch(/headgate_endpoint_up\{subgraph="stock",endpoint="[^"]+"\} 0/);
});
