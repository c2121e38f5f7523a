import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openReady } from './ready-websocket.ts';
import { subscriptionWorld } from './subscription-world.ts';

test('a client that reads nothing with a flood of pings is not answered without end', async () => {
  const { server } = await subscriptionWorld({ limits: { client_write_timeout: '60s' } });
  const { socket, send } = await openReady(server.url);
  let pongs = 0;
  socket.on('message', () => void pongs++);
  socket.pause();
  const count = 400_000;
  for (let n = 0; n < count; n++) send({ type: 'ping' });
  await sleep(500);
  // the gateway has stopped reading: its own side takes no more
  expect(socket.bufferedAmount).toBeGreaterThan(0);
  socket.resume();
  await expect.poll(() => pongs).toBe(count);
});
