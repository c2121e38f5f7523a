import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { verifySignature } from '../sources/signing/verify-signature.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  products: {
    typeDefs: 'type Query { title: String } type Mutation { rename: String }',
    resolvers: { Query: { title: () => 'one' }, Mutation: { rename: () => 'two' } },
  },
};

const FIRST = 'the first secret, longer than thirty-two bytes';
const SECOND = 'the second secret, longer than thirty-two bytes';
const COVERS = ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest', 'x-user'];

/** A subgraph that answers only requests with a good signature by one of the keys. It names the key, and fails every other request. */
async function strictSubgraph(keys: Record<string, Buffer>) {
  const problems: (string | undefined)[] = [];
  let calls = 0;
  const verify = (request: IncomingMessage, body: Buffer) => {
    for (const [id, key] of Object.entries(keys)) {
      const now = Math.floor(Date.now() / 1_000);
      const covers = body.includes('__typename }"') ? COVERS.filter((name) => name !== 'x-user') : COVERS;
      const problem = verifySignature(request, body, { keys: { gateway: key }, covers, now });
      if (problem === undefined) return id;
      problems.push(problem);
    }
    return undefined;
  };
  const { url } = await fakeSubgraph(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signer = verify(request, Buffer.concat(chunks));
    if (signer === undefined) return void response.writeHead(401).end();
    calls++;
    if (calls % 2 === 1) return void response.writeHead(503).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"data":{"title":"${signer}"}}`);
  });
  return { url, problems, answered: () => calls };
}

it('each try of a fetch has a signature of its own, and a changed key file is used', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-signing-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'key');
  writeFileSync(file, `${FIRST}\n`);
  const { url } = await strictSubgraph({ first: Buffer.from(FIRST), second: Buffer.from(SECOND) });
  const { server } = await httpWorld(shop, {
    config: {
      headers: { all: { request: [{ propagate: { named: 'x-user' } }] } },
      subgraphs: { products: { url } },
      traffic_shaping: { all: { retry: { on: ['gateway_error'], backoff: { base: '0s', max: '0s' } } } },
      authentication: {
        subgraph: { all: { http_message_signature: { key_file: file, key_id: 'gateway', components: COVERS } } },
      },
    },
  });
  const ask = async () => (await post(server.url, { query: '{ title }' }, { 'x-user': 'ada' })).json();
  expect(await ask()).toEqual({ data: { title: 'first' } });
  writeFileSync(file, SECOND);
  await expect.poll(ask, { timeout: 20_000, interval: 100 }).toEqual({ data: { title: 'second' } });
});

it('health checks that send a query are signed, too', async () => {
  const { url, problems, answered } = await strictSubgraph({ gateway: Buffer.from(FIRST) });
  await httpWorld(shop, {
    config: {
      subgraphs: {
        products: { urls: [{ url }, { url: `${url}?two` }], health_check: { interval: '10ms', unhealthy: 1_000 } },
      },
      authentication: {
        subgraph: { subgraphs: { products: { http_message_signature: { key: FIRST, key_id: 'gateway' } } } },
      },
    },
  });
  await expect.poll(() => answered()).toBeGreaterThan(4);
  expect(problems).toEqual([]);
});

it('requests over a Unix domain socket are signed, for the host of their header', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-signing-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'products.sock');
  const covers = COVERS.filter((name) => name !== 'x-user');
  const seen: unknown[] = [];
  const subgraph = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const now = Math.floor(Date.now() / 1_000);
    const problem = verifySignature(request, body, { keys: { gateway: Buffer.from(FIRST) }, covers, now });
    seen.push([request.headers.host, problem]);
    response.setHeader('content-type', 'application/json').end('{"data":{"title":"signed"}}');
  });
  await new Promise<void>((resolve) => subgraph.listen(path, resolve));
  onTestFinished(() => {
    subgraph.close();
    subgraph.closeAllConnections();
  });
  const { server } = await httpWorld(shop, {
    config: {
      subgraphs: { products: { url: `unix://${path}?path=/graphql` } },
      authentication: {
        subgraph: { all: { http_message_signature: { key: FIRST, key_id: 'gateway', components: covers } } },
      },
    },
  });
  expect(await (await post(server.url, { query: '{ title }' })).json()).toEqual({ data: { title: 'signed' } });
  expect(seen).toEqual([['localhost', undefined]]);
});
