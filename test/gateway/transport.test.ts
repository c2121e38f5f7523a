import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeHttp2Subgraph, respond } from '../sources/fake-http2-subgraph.ts';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  products: {
    typeDefs: 'type Query { title: String } type Mutation { rename: String }',
    resolvers: { Query: { title: () => 'one' }, Mutation: { rename: () => 'two' } },
  },
};

describe('traffic_shaping.subgraphs.NAME.http2', () => {
  it('sends the fetches of many clients over one connection, and health checks over HTTP/2, too', async () => {
    const checked = new Set<unknown>();
    const used = new Set<number>();
    const { url } = await fakeHttp2Subgraph((stream, headers, session) => {
      if (headers[':path'] === '/health') {
        checked.add(headers[':method']);
        respond(stream, 'fine');
        return;
      }
      used.add(session);
      respond(stream, '{"data":{"title":"over h2"}}');
    });
    const { server, lines } = await httpWorld(shop, {
      config: {
        traffic_shaping: { all: { deduplicate_query: false }, subgraphs: { products: { http2: 'http2only' } } },
        subgraphs: {
          products: {
            urls: [{ url }, { url: `${url}?second` }],
            health_check: { path: '/health', interval: '10ms', unhealthy: 1 },
          },
        },
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await post(server.url, { query: '{ title }' })).json()),
    );
    expect(answers).toEqual(answers.map(() => ({ data: { title: 'over h2' } })));
    await expect.poll(() => [...checked]).toEqual(['GET']);
    expect(used.size).toBe(1);
    expect(lines.filter(({ msg }) => msg?.includes('unhealthy'))).toEqual([]);
  });

  it('completes the rest of a response when a subgraph has no HTTP/2, and says why', async () => {
    const { server } = await httpWorld(shop, {
      config: { traffic_shaping: { subgraphs: { products: { http2: 'http2only' } } } },
    });
    const { data, errors } = await (await post(server.url, { query: '{ title }' })).json();
    expect(data).toEqual({ title: null });
    expect(errors[0].message).toBe('Subgraph "products" did not answer: the server has no HTTP/2.');
  });
});

describe('a Unix domain socket', () => {
  async function onSocket(): Promise<string> {
    const dir = mkdtempSync(join(tmpdir(), 'headgate-socket-'));
    const server = createServer(async (request, response) => {
      const { query } = JSON.parse(await bodyOf(request));
      const title = `${request.url} ${request.headers.host} ${query.includes('title') ? 'title' : query}`;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data: { title } }));
    });
    const path = join(dir, 'products.sock');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
      rmSync(dir, { recursive: true, force: true });
    });
    return path;
  }

  it('serves a subgraph: the path of requests is in the query of its URL', async () => {
    const path = await onSocket();
    const { server } = await httpWorld(shop, {
      config: { subgraphs: { products: { url: `unix://${path}?path=/graphql` } } },
    });
    const response = await post(server.url, { query: '{ title }' });
    expect(await response.json()).toEqual({ data: { title: '/graphql localhost title' } });
  });

  it('is one of several URLs: another one takes over while the socket does not exist', async () => {
    const path = await onSocket();
    const { server } = await httpWorld(shop, {
      config: {
        subgraphs: {
          products: {
            urls: [{ url: 'unix:///tmp/headgate-no-such.sock?path=/graphql' }, { url: `unix://${path}` }],
            health_check: { interval: '1h' },
          },
        },
      },
    });
    for (let round = 0; round < 4; round++) {
      const response = await post(server.url, { query: '{ title }' });
      expect(await response.json()).toEqual({ data: { title: '/ localhost title' } });
    }
  });

  it('serves a subgraph with HTTP/2, too', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'headgate-socket-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const path = join(dir, 'h2.sock');
    await fakeHttp2Subgraph((stream, headers) => respond(stream, `{"data":{"title":"${headers[':path']}"}}`), { path });
    const { server } = await httpWorld(shop, {
      config: {
        traffic_shaping: { all: { http2: 'http2only' } },
        subgraphs: { products: { url: `unix://${path}?path=/graphql` } },
      },
    });
    expect(await (await post(server.url, { query: '{ title }' })).json()).toEqual({ data: { title: '/graphql' } });
  });

  it('that does not exist is an error which says so, without its path', async () => {
    const { server } = await httpWorld(shop, {
      config: { subgraphs: { products: { url: 'unix:///tmp/headgate-no-such.sock' } } },
    });
    const { errors } = await (await post(server.url, { query: '{ title }' })).json();
    expect(errors[0].message).toBe('Subgraph "products" did not answer: socket not found.');
  });
});

it('load_balancing.slow_start: a URL whose health checks succeed again gets a small share first', async () => {
  const counts = [0, 0];
  let isHealthy = true;
  const urls = await Promise.all(
    counts.map((_, at) =>
      fakeSubgraph((request, response) => {
        if (request.url === '/health') return void response.writeHead(at === 0 && !isHealthy ? 500 : 200).end();
        counts[at] = (counts[at] ?? 0) + 1;
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"title":"one"}}');
      }),
    ),
  );
  const { server, lines } = await httpWorld(shop, {
    config: {
      subgraphs: {
        products: {
          urls: urls.map(({ url }) => ({ url })),
          // so long that the share does not rise while the test runs
          load_balancing: { slow_start: '1d' },
          health_check: { path: '/health', interval: '10ms', unhealthy: 1, healthy: 1, timeout: '60s' },
        },
      },
    },
  });
  const ask = async (requests: number) => {
    counts.fill(0);
    for (let at = 0; at < requests; at++) await post(server.url, { query: '{ title }' });
    return counts[0];
  };
  const logged = () => lines.map(({ msg }) => msg);
  expect(await ask(20)).toBe(10);
  isHealthy = false;
  await expect.poll(logged).toContain('endpoint unhealthy: its health checks fail');
  expect(await ask(20)).toBe(0);
  isHealthy = true;
  await expect.poll(logged).toContain('endpoint healthy again');
  // a tenth of its weight: one of eleven
  expect(await ask(44)).toBe(4);
});
