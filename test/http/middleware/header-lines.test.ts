import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { configFileSchema } from '../../../src/config/config.ts';
import { openAdmin } from '../../../src/gateway/admin.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { plainEngine } from '../../gateway/plain-engine.ts';
import { serve } from '../../gateway/serving.ts';

const BODY = '{"query":"{ hello }"}';

/** Sends these header lines with a query, and gives status and body of the answer. */
async function ask(port: number, lines: readonly string[], target = '/graphql', version = '1.1') {
  const socket = connect(port, '127.0.0.1');
  const always = ['accept: application/json', 'connection: close', `content-length: ${BODY.length}`];
  socket.write(`POST ${target} HTTP/${version}\r\n${[...lines, ...always].join('\r\n')}\r\n\r\n${BODY}`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return { status: Number(answer.split(' ')[1]), body: answer.slice(answer.indexOf('\r\n\r\n') + 4) };
}

async function start() {
  const asked: string[] = [];
  const engine = plainEngine('type Query { hello: String }', {
    hello(_, { query }) {
      asked.push(query);
      return 'you';
    },
  });
  const { port } = await serve({ engine: () => engine });
  return { port, asked };
}

const JSON_TYPE = 'content-type: application/json';

it.each([
  ['host', ['host: shop.example', 'Host: evil.example', JSON_TYPE]],
  ['host', ['Host: shop.example', JSON_TYPE, 'HOST: shop.example']],
  ['authorization', ['host: shop.example', 'Authorization: Bearer a', 'authorization: Bearer b', JSON_TYPE]],
  ['content-type', ['host: shop.example', JSON_TYPE, 'Content-Type: text/plain']],
  ['idempotency-key', ['host: shop.example', JSON_TYPE, 'idempotency-key: a', 'Idempotency-Key: b']],
  ['origin', ['host: shop.example', JSON_TYPE, 'origin: https://a.example', 'origin: https://b.example']],
  ['x-csrf', ['host: shop.example', JSON_TYPE, 'x-csrf: 1', 'X-Csrf: 1']],
])('a request with two lines of "%s" is refused', async (name, lines) => {
  const { port, asked } = await start();
  const { status, body } = await ask(port, lines);
  expect({ status, body: JSON.parse(body) }).toEqual({
    status: 400,
    body: {
      errors: [
        { message: `The request has more than one "${name}" header. Send one.`, extensions: { code: 'BAD_REQUEST' } },
      ],
    },
  });
  expect(asked).toEqual([]);
});

it('under /bff it is refused with problem details', async () => {
  const { port } = await start();
  const { status, body } = await ask(port, ['host: a', 'host: b'], '/bff/web/orders');
  expect({ status, body: JSON.parse(body) }).toMatchObject({
    status: 400,
    body: { type: 'urn:headgate:problem:bad-request', status: 400 },
  });
});

it.each([
  'shop.example/a',
  'a b',
  'user@shop.example',
  'shop.example:port',
  'shop.example:1:2',
  '[::1',
  'a\\b',
  'shöp',
])('the host "%s" is refused', async (host) => {
  const { port, asked } = await start();
  const { status, body } = await ask(port, [`host: ${host}`, JSON_TYPE]);
  expect({ status, body }).toEqual({ status: 400, body: expect.stringContaining('host') });
  expect(asked).toEqual([]);
});

it('without a host HTTP/1.1 is refused, and HTTP/1.0 is answered', async () => {
  const { port } = await start();
  expect((await ask(port, [JSON_TYPE])).status).toBe(400);
  expect((await ask(port, [JSON_TYPE], '/graphql', '1.0')).status).toBe(200);
});

it.each(['shop.example', 'SHOP.example:4000', 'localhost:', '[::1]:4000', '10.0.0.1', 'my_service.internal'])(
  'the host "%s" is answered',
  async (host) => {
    const { port } = await start();
    expect(await ask(port, [`host: ${host}`, JSON_TYPE])).toEqual({ status: 200, body: '{"data":{"hello":"you"}}' });
  },
);

it('headers that are lists may have several lines', async () => {
  const { port } = await start();
  const lines = ['host: a', JSON_TYPE, 'accept: */*', 'x-forwarded-for: 192.0.2.1', 'X-Forwarded-For: 192.0.2.2'];
  expect((await ask(port, [...lines, 'cookie: a=1', 'cookie: b=2'])).status).toBe(200);
});

it('the admin listener refuses the same', async () => {
  const config = configFileSchema.parse({
    telemetry: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } },
  });
  const admin = await openAdmin(
    { ...config, supergraph: { ...config.supergraph, introspection: false }, production: false },
    { metrics: async () => [], purge: async () => 0, send: async () => ({ processes: 0, replies: [] }) },
    createLogger({ level: 'silent', format: 'json' }),
  );
  const port = Number(new URL(admin?.metricsUrl ?? '').port);
  const { status, body } = await ask(port, ['host: a', 'host: b'], '/metrics');
  expect({ status, body: JSON.parse(body) }).toMatchObject({
    status: 400,
    body: { detail: expect.stringMatching(/"host"/) },
  });
  await admin?.close();
});
