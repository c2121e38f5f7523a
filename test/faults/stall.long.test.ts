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

const gateway = (subgraphUrl: string) =>
  gatewayOf(`extend schema @subgraph(url: "${subgraphUrl}")\ntype Query { hello(n: Int): String }`);

/** A gateway whose source has to respond within `TIMEOUT_MS`. */
async function gatewayOf(schema: string) {
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

const ask = (url: string, n: number) => post(url, `{ hello(n: ${n}) }`);

async function post(url: string, query: string): Promise<unknown> {
  const body = JSON.stringify({ query });
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

test('calls of a REST API that follow one another have the rest of their time after a stall', async () => {
  let received = 0;
  const api = createServer(async (request, response) => {
    received++;
    await sleep(request.url === '/books/1' ? TIMEOUT_MS / 4 : 0);
    response.setHeader('content-type', 'application/json').end('{"id":"1","author":"a1","name":"Ada"}');
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void api.close());
  const { url, kill } = await gatewayOf(`
    extend schema @source(name: "api", http: {baseURL: "http://127.0.0.1:${(api.address() as AddressInfo).port}"})
    type Query { book: Book @connect(source: "api", http: {GET: "/books/1"}, selection: "id author: { id: author }") }
    type Book { id: ID! author: Author }
    type Author { id: ID! name: String @connect(source: "api", http: {GET: "/authors/{$this.id}"}, selection: "$.name") }`);
  const result = post(url, '{ book { author { name } } }');
  await vi.waitFor(() => expect(received).toBe(1));
  kill('SIGSTOP');
  await sleep(STALL_MS);
  kill('SIGCONT');
  expect(await result).toEqual({ data: { book: { author: { name: 'Ada' } } } });
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
