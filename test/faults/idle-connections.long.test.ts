import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpSource } from '../../src/sources/http/http-source.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { LOST_CONNECTIONS, retryReads } from '../../src/traffic/retry.ts';
import { DEFAULT_BUDGET, RetryBudget } from '../../src/traffic/retry-budget.ts';

/** A subgraph that closes a connection when it has been idle for a time, and never says so in a header. */
async function impatientSubgraph(idleMs: number): Promise<{ url: string; server: Server; sockets: Set<Socket> }> {
  const timers = new Map<Socket, NodeJS.Timeout>();
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { socket } = request;
    clearTimeout(timers.get(socket));
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json').end('{"data":{}}');
      timers.set(
        socket,
        setTimeout(() => socket.destroy(), idleMs),
      );
    });
  });
  server.keepAliveTimeout = 0;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, server, sockets };
}

function sourceOf(url: string): Source {
  const source = createHttpSource({ name: 'products', url, timeoutMs: 20_000 });
  onTestFinished(() => source.close());
  return retryReads(source, { ...LOST_CONNECTIONS, timeoutMs: 20_000, budget: new RetryBudget(DEFAULT_BUDGET) });
}

function send(source: Source, operationType: SourceRequest['operationType']): Promise<SubgraphResponse> {
  const request = { body: '{"query":"{ name }"}', operationType, client: { requestId: 'r', headers: {} } };
  return new Promise((resolve) => source.send(request, resolve));
}

/** Sends requests in rounds of 50, with pauses around the time after which the subgraph closes connections. */
async function failuresOf(source: Source, operationType: SourceRequest['operationType'], count: number) {
  const failures: SubgraphResponse[] = [];
  for (let sent = 0; sent < count; sent += 50) {
    const responses = await Promise.all(Array.from({ length: 50 }, () => send(source, operationType)));
    failures.push(...responses.filter(({ kind }) => kind === 'failure'));
    await sleep(45 + ((sent / 50) % 10));
  }
  return failures;
}

test('no query fails when the subgraph closes idle connections after 50 ms', async () => {
  const { url } = await impatientSubgraph(50);
  expect(await failuresOf(sourceOf(url), 'query', 5_000)).toEqual([]);
});

test('no mutation fails, once it is known how long the subgraph keeps idle connections', async () => {
  const { url } = await impatientSubgraph(50);
  const source = sourceOf(url);
  for (let round = 0; round < 3; round++) {
    await send(source, 'query');
    await sleep(100);
  }
  expect(await failuresOf(source, 'mutation', 4_000)).toEqual([]);
});

test('a query gets a new connection when all idle connections are closed at once', async () => {
  const { url, sockets } = await impatientSubgraph(60_000);
  const source = sourceOf(url);
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 60 }, () => send(source, 'query')));
    for (const socket of sockets) socket.destroy();
    const responses = await Promise.all(Array.from({ length: 60 }, () => send(source, 'query')));
    expect(responses.filter(({ kind }) => kind === 'failure')).toEqual([]);
  }
});
