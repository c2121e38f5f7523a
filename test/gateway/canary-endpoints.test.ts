import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { project } from '../cli/run-cli.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';
import { admin, TOKEN } from './admin-client.ts';

const CLIENTS = Array.from({ length: 24 }, (_, at) => `192.0.2.${at}`);

/** A subgraph that answers with its name, and counts its requests. */
async function named(name: string) {
  let requests = 0;
  const { url } = await fakeSubgraph((request, response) => {
    requests++;
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: { hello: name, buy: name } }));
    });
  });
  return { url, requests: () => requests };
}

const schema = (url: string, field = 'hello') =>
  `extend schema @subgraph(url: "${url}")\ntype Query { ${field}: String }\ntype Mutation { buy(id: ID): String }`;

/** A gateway with a cached endpoint and a mutation, and a canary for half of the clients, once `change` was called. */
async function world() {
  const [old, next] = [await named('old'), await named('next')];
  const bffDir = join(
    await project({
      'bff/web/hello.graphql': 'query Hello @endpoint(path: "/hello", cache: {maxAge: "1h"}) { hello }',
      'bff/web/buy.graphql': 'mutation Buy($id: ID) @endpoint(path: "/buy", method: POST) { buy(id: $id) }',
    }),
    'bff',
  );
  const gateway = await gatewayOver(
    { hello: schema(old.url) },
    {
      admin: { listen: '127.0.0.1:0', token: TOKEN },
      trusted_proxies: ['127.0.0.1'],
      supergraph: { listen: '127.0.0.1:0', canary: { share: '50%', duration: '1h', volume_threshold: 5 } },
    },
    bffDir,
  );
  const base = gateway.url.replace('/graphql', '/bff/web');
  const get = async (client: string) => {
    const response = await fetch(`${base}/hello`, { headers: { 'x-forwarded-for': client } });
    const { hello } = (await response.json()) as { hello?: string };
    return { status: response.status, hello, cacheControl: response.headers.get('cache-control') };
  };
  const buy = async (client: string, key: string) => {
    const headers = { 'x-forwarded-for': client, 'idempotency-key': key, 'content-type': 'application/json' };
    const response = await fetch(`${base}/buy`, { method: 'POST', headers, body: '{"id":"1"}' });
    const replayed = response.headers.get('idempotency-replayed');
    return { ...((await response.json()) as { buy?: string }), replayed };
  };
  const status = async () => (await admin(gateway.adminUrl, '/canary')).body;
  const change = async (url: string, field?: string) => {
    await writeFile(join(gateway.dir, 'hello.graphql'), schema(url, field));
    await expect.poll(async () => (await status()).canary).not.toBeNull();
  };
  return { ...gateway, old, next, get, buy, status, change };
}

it('cached responses of the two supergraphs do not mix, and those of the canary are private', async () => {
  const { old, next, get, change } = await world();
  await Promise.all(CLIENTS.map(get));
  await change(next.url);
  const first = await Promise.all(CLIENTS.map(get));
  const fetched = [old.requests(), next.requests()];
  expect(await Promise.all(CLIENTS.map(get))).toEqual(first);
  // all of these came from the caches
  expect([old.requests(), next.requests()]).toEqual(fetched);
  const audiences = new Set(first.map(({ hello, cacheControl }) => `${hello} ${cacheControl?.split(',')[0]}`));
  expect(audiences).toEqual(new Set(['old public', 'next private']));
});

it('an Idempotency-Key that a client has used with the canary is used after the rollback, too', async () => {
  const { next, buy, change, adminUrl } = await world();
  await change(next.url);
  const first = await Promise.all(CLIENTS.map((client) => buy(client, `"key-${client}"`)));
  expect(new Set(first.map((one) => one.buy))).toEqual(new Set(['old', 'next']));
  await admin(adminUrl, '/canary/roll-back', {});
  const second = await Promise.all(CLIENTS.map((client) => buy(client, `"key-${client}"`)));
  expect(second).toEqual(first.map((one) => ({ ...one, replayed: 'true' })));
});

it('an endpoint that is not valid for the new supergraph counts as failed', async () => {
  const { old, get, change, status } = await world();
  await Promise.all(CLIENTS.map(get));
  await change(old.url, 'other');
  for (const client of CLIENTS) await get(client);
  expect((await status()).last).toMatchObject({ outcome: 'rolled_back' });
  expect(new Set((await Promise.all(CLIENTS.map(get))).map((one) => one.status))).toEqual(new Set([200]));
});
