import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../../src/http/listener.ts';
import { SLICE_MS } from '../../src/shared/steps.ts';
import { doLater } from '../../src/shared/turns.ts';

test('clients that connect at once do not wait for long work, one turn of the event loop each', async () => {
  const clients = 200;
  let resolve = () => {};
  const accepted = new Promise<void>((done) => {
    resolve = done;
  });
  let open = 0;
  const onConnection = () => {
    if (++open === clients) resolve();
  };
  const host = { handle() {}, drain() {} };
  const { port, close } = await listen(host, { host: '127.0.0.1', port: 0, lingerMs: 1, onConnection });
  let worked = 0;
  const work = () => {
    worked += 1;
    for (const end = performance.now() + SLICE_MS; performance.now() < end; );
    if (open < clients) doLater(work);
    return true;
  };
  doLater(work);
  const sockets = Array.from({ length: clients }, () => connect(port, '127.0.0.1').on('error', () => {}));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    return close();
  });
  await accepted;
  // Node accepts one connection in a turn
  expect(worked).toBeLessThan(clients / 4);
});
