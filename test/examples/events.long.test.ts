import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startCli } from '../cli/run-cli.ts';
import { PATIENCE } from '../cli/running-gateway.ts';
import { openEvents } from '../gateway/event-reader.ts';
import { HAS_NATS, startNats } from '../sources/events/nats-server.ts';

const FOLDER = join(import.meta.dirname, '../../examples/events');

test.skipIf(!HAS_NATS)('the example of events delivers what is published, and publishes', async () => {
  const server = await startNats();
  onTestFinished(() => server.close());
  const nats = await connect({ servers: server.url });
  onTestFinished(() => nats.close());
  await (await jetstreamManager(nats)).streams.add({ name: 'SHOP', subjects: ['order.>'] });
  const refunds: string[] = [];
  nats.subscribe('order.*.refund', { callback: (_, message) => void refunds.push(message.string()) });

  const cli = startCli(FOLDER, ['start', '--port', '0'], '', [], { NATS_URL: server.url });
  const line = /^Headgate listening on (\S+)$/m;
  await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(line), PATIENCE);
  const url = line.exec(cli.output.stdout)?.[1] ?? '';
  const { reader } = await openEvents(url, 'subscription { orderUpdated(id: 1) { id } }');
  let event = '';
  const first = reader.until('\n\n').then((text) => {
    event = text;
  });
  while (event === '') {
    nats.publish('order.1.updated', '{"id": "1"}');
    await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  expect(event).toMatch(/^id: \d+$/m);
  expect(event).toContain('"data":{"orderUpdated":{"id":"1"}}');

  const headers = { 'content-type': 'application/json' };
  const query = 'mutation { requestRefund(id: 1, reason: "broken") }';
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  expect(await response.json()).toEqual({ data: { requestRefund: true } });
  await expect.poll(() => refunds).toEqual(['{"id":"1","reason":"broken"}']);
});
