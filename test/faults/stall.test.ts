import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { project, startCli } from '../cli/run-cli.ts';

const TIMEOUT_MS = 1_000;
const STALL_MS = 2_000;

/** A subgraph that takes `ms` for each response. */
async function subgraph(ms: number): Promise<{ url: string; readonly received: number }> {
  let received = 0;
  const server = createServer(async (request, response) => {
    request.resume();
    received++;
    await sleep(ms);
    response.setHeader('content-type', 'application/json').end('{"data":{"hello":"from the subgraph"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    get received() {
      return received;
    },
  };
}

/** A gateway whose subgraph has to respond within `TIMEOUT_MS`. */
async function gateway(subgraphUrl: string) {
  const schema = `extend schema @subgraph(url: "${subgraphUrl}")\ntype Query { hello(n: Int): String }`;
  const config = `traffic_shaping: {all: {timeout: ${TIMEOUT_MS}ms}, router: {timeout: ${2 * TIMEOUT_MS}ms}}`;
  const cli = startCli(await project({ 'schemas/hello.graphql': schema, 'headgate.yaml': config }), [
    'start',
    '--port',
    '0',
  ]);
  const line = /^Headgate listening on (\S+)$/m;
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(line));
  return { ...cli, url: line.exec(cli.output.stdout)?.[1] ?? '' };
}

async function ask(url: string, n: number): Promise<unknown> {
  const body = JSON.stringify({ query: `{ hello(n: ${n}) }` });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return response.json();
}

test('a gateway that stands still for longer than its timeouts fails no healthy request', async () => {
  const slow = await subgraph(TIMEOUT_MS / 4);
  const { url, kill } = await gateway(slow.url);
  const before = Array.from({ length: 100 }, (_, n) => ask(url, n));
  await vi.waitFor(() => expect(slow.received).toBe(100));

  kill('SIGSTOP');
  const during = Array.from({ length: 100 }, (_, n) => ask(url, 100 + n));
  await sleep(STALL_MS);
  kill('SIGCONT');

  const results = await Promise.all([...before, ...during]);
  expect(results).toEqual(results.map(() => ({ data: { hello: 'from the subgraph' } })));
});

test('a subgraph that is slower than its timeout is still reported after a stall', async () => {
  const { url, kill } = await gateway((await subgraph(60_000)).url);
  const result = ask(url, 1);
  kill('SIGSTOP');
  await sleep(STALL_MS);
  kill('SIGCONT');
  expect(await result).toMatchObject({
    data: { hello: null },
    errors: [{ extensions: { code: 'SUBREQUEST_TIMEOUT' } }],
  });
});
