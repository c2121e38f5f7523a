import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway, createLogger, defineConfig } from '../src/index.ts';
import { openSocket } from './gateway/open-socket.ts';
import { post } from './gateway/serving.ts';
import { fakeSubgraph } from './sources/fake-subgraph.ts';

/** A folder with one subgraph, which always answers `{"data":{"hello":"hi"}}`. */
async function project(): Promise<string> {
  const { url } = await fakeSubgraph((_req, res) => void res.end('{"data":{"hello":"hi"}}'));
  const dir = mkdtempSync(join(tmpdir(), 'headgate-embed-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'schemas'));
  const schema = `extend schema @subgraph(url: "${url}")\ntype Query { hello: String }\n`;
  writeFileSync(join(dir, 'schemas', 'greeter.graphql'), schema);
  return dir;
}

const logger = createLogger({ level: 'silent' });

describe('a gateway inside another program', () => {
  it('opens a port of its own', async () => {
    const schemas = join(await project(), 'schemas');
    const gateway = await createGateway({ schemas, logger });
    onTestFinished(() => gateway.close());
    const { url, port } = await gateway.listen({ port: 0 });
    expect(url).toBe(`http://127.0.0.1:${port}/graphql`);
    expect(await (await post(url, { query: '{ hello }' })).json()).toEqual({ data: { hello: 'hi' } });
    await gateway.close();
    await expect(post(url, { query: '{ hello }' })).rejects.toThrow();
  });

  it('answers for a server that is there already', async () => {
    const schemas = join(await project(), 'schemas');
    const gateway = await createGateway({ schemas, logger });
    onTestFinished(() => gateway.close());
    const server = createServer(gateway.handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/graphql?query={hello}`);
    expect(await response.json()).toEqual({ data: { hello: 'hi' } });
  });

  it('opens WebSockets for a server that is there already, and closes them when it is closed', async () => {
    const schemas = join(await project(), 'schemas');
    const gateway = await createGateway({ schemas, logger, config: { shutdown: { grace: '1s' } } });
    onTestFinished(() => gateway.close());
    const server = createServer(gateway.handle);
    const passedOn: (string | undefined)[] = [];
    server.on('upgrade', (req, socket, head) => {
      if (gateway.upgrade(req, socket, head)) return;
      passedOn.push(req.url);
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { send, next, closed } = await openSocket(`${url}/graphql`, 'graphql-transport-ws');
    send({ type: 'connection_init' });
    expect(await next()).toEqual({ type: 'connection_ack' });
    send({ id: '1', type: 'subscribe', payload: { query: '{ hello }' } });
    expect(await next()).toEqual({ id: '1', type: 'next', payload: { data: { hello: 'hi' } } });
    await expect(openSocket(`${url}/chat`, 'chat')).rejects.toThrow();
    expect(passedOn).toEqual(['/chat']);
    await gateway.close();
    expect(await closed).toBe(1001);
  });

  it('takes a key with its old name, and logs one warning', async () => {
    const schemas = join(await project(), 'schemas');
    const lines: unknown[] = [];
    const recording = { ...logger, warn: (...line: unknown[]) => void lines.push(line) } as typeof logger;
    // the types know new names only
    const config = { traffic_shaping: { router: { max_answers_in_memory: 5 } } } as object;
    const gateway = await createGateway({ schemas, config, logger: recording });
    onTestFinished(() => gateway.close());
    expect(lines).toEqual([
      [
        { setting: 'traffic_shaping.router.max_answers_in_memory' },
        'This key is now called `traffic_shaping.router.max_response_characters`; the old name still works. Rename it in your config.',
      ],
    ]);
    const both = { traffic_shaping: { router: { max_answers_in_memory: 5, max_response_characters: 5 } } } as object;
    await expect(createGateway({ schemas, config: both, logger })).rejects.toThrow(
      /"traffic_shaping\.router\.max_answers_in_memory" and "traffic_shaping\.router\.max_response_characters"/,
    );
  });

  it('takes a config as an object, and says which key of it is wrong', async () => {
    const schemas = join(await project(), 'schemas');
    const config = defineConfig({ limits: { http_max_request_bytes: 40 } });
    const gateway = await createGateway({ schemas, config, logger });
    onTestFinished(() => gateway.close());
    const { url } = await gateway.listen({ port: 0 });
    expect((await post(url, { query: `{ hello } # ${'x'.repeat(40)}` })).status).toBe(413);
    const wrong = { limits: { http_max_request_bytes: -1 } };
    await expect(createGateway({ schemas, config: wrong, logger })).rejects.toThrow(
      "The gateway's config is not valid:\nlimits.http_max_request_bytes: expected a number above 0",
    );
    const none = { traffic_shaping: { all: { compression: 'lzma' } } } as object;
    await expect(createGateway({ schemas, config: none, logger })).rejects.toThrow(
      'traffic_shaping.all.compression: expected "gzip", "deflate", "br"',
    );
    const shared = { bff: { redis: true } };
    await expect(createGateway({ schemas, config: shared, logger })).rejects.toThrow(
      /"bff\.redis: true" needs Redis.*"store\.redis"/,
    );
  });

  it('fails with the problems of the schemas', async () => {
    const dir = await project();
    writeFileSync(join(dir, 'schemas', 'broken.graphql'), 'type Query {');
    await expect(createGateway({ schemas: join(dir, 'schemas'), logger })).rejects.toThrow(/broken\.graphql:1/);
  });
});
