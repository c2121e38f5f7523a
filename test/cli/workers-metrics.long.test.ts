import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { metricOf, type Received, resourceOf, startCollector, valuesOf } from '../telemetry/otlp/collector.ts';
import { project, startCli } from './run-cli.ts';

const PATIENCE = { timeout: 120_000, interval: 50 };

async function subgraph(): Promise<string> {
  const server = createServer((_req, res) => {
    res.setHeader('content-type', 'application/json').end('{"data":{"hello":"hi"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

test('with workers, the first process sends the sums of all of them to the collector, and none sends its own', async () => {
  const { origin, received } = await startCollector();
  const dir = await project({
    'schemas/hello.graphql': `extend schema @subgraph(url: "${await subgraph()}")\ntype Query { hello: String }`,
    'headgate.yaml': `telemetry: { exporters: { metrics: { otlp: { enabled: true, interval: 50ms, endpoint: "${origin}" } } } }`,
  });
  const cli = startCli(dir, ['start', '--port', '0', '--workers', '2']);
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(/^Headgate listening on /m), PATIENCE);
  const [, url = ''] = /^Headgate listening on (\S+)$/m.exec(cli.output.stdout) ?? [];
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const body = JSON.stringify({ query: 'query Hello { hello }' });
  // each on a connection of its own, so that both workers get some
  for (let i = 0; i < 20; i++) expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200);
  const requests = (one: Received | undefined) => one && valuesOf(metricOf(one, 'headgate.http_requests'));
  await vi.waitFor(() => expect(requests(received.at(-1))).toEqual({ 'graphql 200': 20 }), PATIENCE);
  expect(valuesOf(metricOf(received.at(-1) as Received, 'headgate.workers'))).toMatchObject({ responsive: 2 });
  expect(new Set(received.map((one) => resourceOf(one)['service.instance.id'])).size).toBe(1);
  expect(new Set(received.map((one) => resourceOf(one)['process.pid']))).toEqual(new Set([String(cli.pid)]));
});
