import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeHttp2Subgraph, respond } from '../sources/fake-http2-subgraph.ts';
import { bodyOf } from '../sources/fake-subgraph.ts';
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
    const { url, sessions } = await fakeHttp2Subgraph((stream, headers) => {
      if (headers[':path'] === '/health') {
        checked.add(headers[':method']);
        respond(stream, 'fine');
      } else respond(stream, '{"data":{"title":"over h2"}}');
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
    const served = sessions.length;
    expect(served).toBeGreaterThan(0);
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
