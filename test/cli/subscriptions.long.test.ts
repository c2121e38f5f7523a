import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { expect, onTestFinished, test, vi } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { project, startCli } from './run-cli.ts';
import { PATIENCE } from './running-gateway.ts';

const TYPES = 'type Query { hello: String } type Subscription { ticks(to: Int!): Int }';

/** A subgraph of GraphQL Yoga and graphql-ws that counts, and is silent after the last number. */
async function countingSubgraph(): Promise<string> {
  const schema = createSchema({
    typeDefs: TYPES,
    resolvers: {
      Subscription: {
        ticks: {
          async *subscribe(_: unknown, { to }: { to: number }) {
            for (let ticks = 1; ticks <= to; ticks++) yield { ticks };
            await new Promise(() => {});
          },
        },
      },
    },
  });
  const server = createServer(createYoga({ schema }));
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  useServer({ schema }, sockets);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

test('the built gateway serves subscriptions over WebSockets and server-sent events, and ends them at SIGTERM', async () => {
  const subgraph = await countingSubgraph();
  const dir = await project({
    'schemas/counter.graphql': `extend schema @subgraph(url: "${subgraph}")\n${TYPES}`,
    'headgate.yaml': 'shutdown: { delay: 0s, grace: 5s }',
  });
  const cli = startCli(dir, ['start', '--port', '0']);
  const line = /^Headgate listening on (\S+)$/m;
  await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(line), PATIENCE);
  const url = line.exec(cli.output.stdout)?.[1] ?? '';
  const query = 'subscription { ticks(to: 2) }';

  const closed = new Promise((resolve) => {
    const client = createClient({
      ...{ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0, lazy: false },
      on: { closed: (event) => resolve((event as { code: number }).code) },
      onNonLazyError: () => {},
    });
    const events = client.iterate({ query });
    void (async () => {
      for await (const { data } of events) seen.push(data?.ticks);
    })().catch(() => {});
  });
  const seen: unknown[] = [];
  await expect.poll(() => seen, PATIENCE).toEqual([1, 2]);

  const events = createSseClient({ url, retryAttempts: 0 }).iterate({ query: 'subscription { ticks(to: 1) }' });
  expect((await events.next()).value).toEqual({ data: { ticks: 1 } });

  cli.kill('SIGTERM');
  // the client would connect again if it were allowed to
  await expect(events.next()).rejects.toThrow('Connection closed while having active streams');
  expect(await closed).toBe(1001);
  expect((await cli.ended).code).toBe(0);
});
