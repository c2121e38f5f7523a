import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { project, startCli } from './run-cli.ts';

const PATIENCE = 120_000;

/** A subgraph that answers everything with one text, once `release` says so. */
async function subgraph(answer: object) {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const server = createServer(async (request, response) => {
    request.resume();
    await released;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, release };
}

const HEAD = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])';

test(
  'the built gateway sends a fragment with @defer after the rest',
  async () => {
    const users = await subgraph({ data: { me: { __typename: 'User', id: '1', name: 'Ada' } } });
    const orders = await subgraph({ data: { _entities: [{ __typename: 'User', orders: ['a book'] }] } });
    const dir = await project({
      'schemas/users.graphql': `${HEAD} @subgraph(url: "${users.url}")
      type Query { me: User } type User @key(fields: "id") { id: ID! name: String }`,
      'schemas/orders.graphql': `${HEAD} @subgraph(url: "${orders.url}")
      type User @key(fields: "id") { id: ID! orders: [String!] }`,
    });
    const cli = startCli(dir, ['start', '--port', '0']);
    const line = /^Headgate listening on (http:\/\/127\.0\.0\.1:\d+\/graphql)$/m;
    await vi.waitFor(() => expect(cli.output.stdout).toMatch(line), PATIENCE);
    users.release();
    const response = await fetch(line.exec(cli.output.stdout)?.[1] ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'accept-encoding': 'gzip' },
      body: JSON.stringify({ query: '{ me { name ... @defer { orders } } }' }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream() as never).getReader();
    const first = await reader?.read();
    expect(first?.value).toBe('event: next\ndata: {"data":{"me":{"name":"Ada"}},"hasNext":true}\n\n');
    orders.release();
    let rest = '';
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) rest += next.value;
    const part = '{"incremental":[{"data":{"orders":["a book"]},"path":["me"]}],"hasNext":false}';
    expect(rest).toBe(`event: next\ndata: ${part}\n\nevent: complete\ndata:\n\n`);
  },
  PATIENCE,
);
