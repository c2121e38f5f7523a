import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-sse';
import { expect, onTestFinished, test } from 'vitest';
import { openSocket } from './open-socket.ts';
import { review, subscriptionWorld } from './subscription-world.ts';

const query = '{ reviews { body product { id ... @defer { name } } } }';
const FIRST = { data: { reviews: [{ body: 'good', product: { id: '7' } }] }, hasNext: true };
const FAILURE = { message: 'A plugin of the gateway failed.', extensions: { code: 'PLUGIN_FAILED' } };

/** A gateway with a plugin that fails when a result has a part after the first. */
async function failingWorld() {
  const path = join(await mkdtemp(join(tmpdir(), 'headgate-')), 'failing.mjs');
  const hook = "({ payload }) => { if (payload.ofStream === 'later') throw new Error('secret of the plugin'); }";
  await writeFile(path, `export default { name: 'failing', hooks: { onPayload: ${hook} } };\n`);
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
