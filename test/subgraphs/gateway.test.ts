import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { type RunningServer, startServer } from '../../src/gateway/server.ts';
import { type Demo, startDemo } from '../../subgraphs/start.ts';
import { recordingLogger } from '../gateway/serving.ts';
import { callGraphQL, freePorts } from './call.ts';

const SCHEMAS = new URL('../../schemas', import.meta.url).pathname;

let demo: Demo;
let gateway: RunningServer;

beforeAll(async () => {
  demo = await startDemo({ ports: freePorts });
  for (const [name, { url }] of Object.entries(demo.services)) vi.stubEnv(`${name.toUpperCase()}_URL`, url);
  const file = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' } });
  gateway = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir: SCHEMAS }),
    logger: recordingLogger().logger,
  });
});

afterAll(async () => {
  await gateway?.close();
  await demo?.close();
  vi.unstubAllEnvs();
});

test('a REST API, a plain GraphQL service and federation subgraphs are joined in one query', async () => {
  const { data, errors } = await callGraphQL(
    gateway.url,
    `{ product(id: "p7") {
         name
         recommendations { product { name reviews(first: 1) { author { name notifications(first: 1) { title user { id } } } } } }
       } }`,
  );
  expect(errors).toBeUndefined();
  expect(data.product.recommendations.length).toBeGreaterThan(0);
  for (const { product } of data.product.recommendations) {
    const { name, reviews } = product;
    expect(name).toEqual(expect.any(String));
    for (const { author } of reviews) expect(author.notifications[0]).toMatchObject({ title: expect.any(String) });
  }
});

test('a mutation of the plain service leads on to its user', async () => {
  const query = 'mutation { markRead(id: "n1") { read user { name } } refused: markRead(id: "n0") { id } }';
  expect(await callGraphQL(gateway.url, query)).toMatchObject({
    data: null,
    errors: [
      { message: 'There is no notification "n0".', path: ['refused'], extensions: { service: 'notifications' } },
    ],
  });
  const { data } = await callGraphQL(gateway.url, 'mutation { markRead(id: "n1") { read user { name } } }');
  expect(data.markRead).toMatchObject({ read: true, user: { name: expect.any(String) } });
});

test('without the plain service, its fields alone are missing', async () => {
  await demo.services.notifications.stop();
  const { data, errors } = await callGraphQL(gateway.url, '{ users(first: 2) { name notifications { title } } }');
  expect(data.users).toMatchObject([{ name: expect.any(String), notifications: null }, { notifications: null }]);
  expect(errors).toMatchObject([
    { path: ['users', 0, 'notifications'], extensions: { code: 'SUBREQUEST_HTTP_ERROR' } },
  ]);
  await demo.services.notifications.start();
});
