import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-sse';
import { expect, onTestFinished, test } from 'vitest';
import { partsOf } from '../graphql-http/incremental/read-parts.ts';
import { openSocket } from './open-socket.ts';
import { post } from './serving.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

const query = '{ reviews { body product { id ... @defer { name } } } }';
const FIRST = { data: { reviews: [{ body: 'good', product: { id: '7' } }] }, hasNext: true };
const FAILURE = { message: 'A plugin of the gateway failed.', extensions: { code: 'PLUGIN_FAILED' } };

/** A gateway with a plugin that fails when a result comes in parts: for the first one, or for later ones. */
async function failingWorld(part = 'later') {
  return pluginWorld(
    `({ payload }) => { if (payload.ofStream === '${part}') throw new Error('secret of the plugin'); }`,
  );
}

async function pluginWorld(hook: string) {
  const path = join(await mkdtemp(join(tmpdir(), 'headgate-')), 'failing.mjs');
  const plugin = new URL('../../src/plugins/plugin.ts', import.meta.url).href;
  const text = `import { GatewayError } from ${JSON.stringify(plugin)};\nexport default { name: 'failing', hooks: { onPayload: ${hook} } };\n`;
  await writeFile(path, text);
  const world = await subscriptionWorld({ plugins: [{ path }] });
  world.behave('reviews', (_, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ data: { reviews: [{ __typename: 'Review', ...review('good', '7') }] } }));
  });
  return world;
}

test.each([
  ['graphql-transport-ws', 'subscribe', 'next', [FAILURE]],
  ['graphql-ws', 'start', 'data', FAILURE],
])(
  'on a WebSocket with %s, a part that fails ends its operation with the error',
  async (name, start, next, failure) => {
    const { server, lines } = await failingWorld();
    const socket = await openSocket(server.url, name);
    socket.send({ type: 'connection_init', payload: { deferSpec: '20220824' } });
    expect(await socket.next()).toEqual({ type: 'connection_ack' });
    socket.send({ id: '1', type: start, payload: { query } });
    expect(await socket.next()).toEqual({ id: '1', type: next, payload: FIRST });
    expect(await socket.next()).toEqual({ id: '1', type: 'error', payload: failure });
    // its id can be used again
    socket.send({ id: '1', type: start, payload: { query: '{ product(id: 0) { name } }' } });
    expect(await socket.next()).toEqual({ id: '1', type: next, payload: { data: { product: null } } });
    await expect.poll(() => lines.map(({ errorCodes }) => errorCodes)).toContainEqual(['PLUGIN_FAILED']);
  },
);

test('on a single connection of server-sent events, it does, too', async () => {
  const { server } = await failingWorld();
  const headers = { accept: 'multipart/mixed;deferSpec=20220824, text/event-stream, application/json' };
  const client = createClient({ url: `${server.url}/stream`, singleConnection: true, retryAttempts: 0, headers });
  onTestFinished(() => client.dispose());
  const results: unknown[] = [];
  for await (const result of client.iterate({ query })) results.push(result);
  expect(results).toEqual([FIRST, { errors: [FAILURE], hasNext: false }]);
});

const TYPES = ['multipart/mixed;deferSpec=20220824', 'multipart/mixed;incrementalSpec=v0.2', 'text/event-stream'];

test.each(TYPES)('over HTTP with %s, the response is the error where the first part fails', async (accept) => {
  const { server, lines } = await failingWorld('first');
  const response = await post(server.url, { query }, { accept });
  expect(response.status).toBe(500);
  expect(response.headers.get('content-type')).toMatch('application/json');
  expect(await response.json()).toEqual({ errors: [FAILURE] });
  expect(lines.map(({ errorCodes }) => errorCodes)).toContainEqual(['PLUGIN_FAILED']);
});

test.each([
  ['deferSpec=20220824', FIRST, { errors: [FAILURE], hasNext: false }],
  [
    'incrementalSpec=v0.2',
    { ...FIRST, pending: [{ id: '0', path: ['reviews', 0, 'product'] }] },
    { completed: [{ id: '0', errors: [FAILURE] }], hasNext: false },
  ],
])('over HTTP with %s, a later part that fails is the last one, with the error', async (parameter, first, last) => {
  const { server, lines } = await failingWorld();
  const response = await post(server.url, { query }, { accept: `multipart/mixed;${parameter}` });
  const parts = [];
  for await (const part of partsOf(response)) parts.push(part);
  expect(parts).toEqual([first, last]);
  await expect.poll(() => lines.map(({ errorCodes }) => errorCodes)).toContainEqual(['PLUGIN_FAILED']);
});

test('a first part from which a plugin removes the data is the only one', async () => {
  const errors = [{ message: 'hidden' }];
  const change = "Object.assign(payload, { data: undefined, errors: [{ message: 'hidden' }] })";
  const { server } = await pluginWorld(`({ payload }) => { ${change}; }`);
  const response = await post(server.url, { query }, { accept: 'multipart/mixed;deferSpec=20220824' });
  const parts = [];
  for await (const part of partsOf(response)) parts.push(part);
  expect(parts).toEqual([{ errors, hasNext: false }]);
});

test.each([
  [
    'deferSpec=20220824',
    { incremental: [{ data: null, path: ['reviews', 0, 'product'], errors: [{ message: 'hidden' }] }] },
  ],
  [
    'incrementalSpec=v0.2',
    { incremental: [{ id: '0', data: null, errors: [{ message: 'hidden' }] }], completed: [{ id: '0' }] },
  ],
])('a later part from which a plugin removes the data is null, with %s', async (parameter, last) => {
  const change = "Object.assign(payload, { data: undefined, errors: [{ message: 'hidden' }] })";
  const { server } = await pluginWorld(`({ payload }) => { if (payload.ofStream === 'later') ${change}; }`);
  const response = await post(server.url, { query }, { accept: `multipart/mixed;${parameter}` });
  const parts = [];
  for await (const part of partsOf(response)) parts.push(part);
  expect(parts.at(-1)).toEqual({ ...last, hasNext: false });
});

test.each([
  ['an error', "throw new Error('secret of the plugin')", FAILURE],
  [
    'a refusal',
    "throw new GatewayError(403, 'HIDDEN', 'Not for you.')",
    { message: 'Not for you.', extensions: { code: 'HIDDEN' } },
  ],
])(
  'the event of a subscription for which a plugin throws %s is the last one, with that error',
  async (_, statement, error) => {
    const { server, topic } = await pluginWorld(`() => { ${statement}; }`);
    const events = createClient({ url: server.url, retryAttempts: 0 }).iterate({ query: ADDED });
    const first = events.next();
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    expect((await first).value).toEqual({ errors: [error] });
    expect((await events.next()).done).toBe(true);
  },
);
