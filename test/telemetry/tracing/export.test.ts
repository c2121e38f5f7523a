import { expect, it, vi } from 'vitest';
import { httpWorld } from '../../gateway/http-world.ts';
import { type LogLine, latch, post } from '../../gateway/serving.ts';
import { deadUrl } from '../../sources/fake-subgraph.ts';
import { startCollector } from './collector.ts';
import { shop, tracedWorld, tracing } from './traced-world.ts';

const { loaded } = vi.hoisted(() => ({ loaded: vi.fn() }));
vi.mock('../../../src/telemetry/tracing/open-tracer.ts', (original) => {
  loaded();
  return original();
});

const NAME = { query: '{ product { name } }' };
const isLost = ({ msg }: LogLine) => msg.startsWith('traces could not be sent');

it('the code for traces is loaded only where they are on', async () => {
  const { server } = await httpWorld(shop);
  expect((await post(server.url, NAME)).status).toBe(200);
  expect(loaded).not.toHaveBeenCalled();
  await tracedWorld();
  expect(loaded).toHaveBeenCalledOnce();
});

it('spans are sent to /v1/traces with the configured headers and resource', async () => {
  const otlp = { http: { headers: { 'x-vendor-key': 'k1' } } };
  const common = {
    service_name: 'shop',
    service_namespace: 'eu',
    service_version: '7',
    resource: { 'deployment.environment.name': 'test' },
  };
  const { url, collector } = await tracedWorld({ common });
  await post(url, NAME);
  const { root } = await collector.trace();
  expect(collector.requests[0]).toMatchObject({
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf' },
  });
  expect(root.resource).toEqual({
    'service.name': 'shop',
    'service.namespace': 'eu',
    'service.version': '7',
    'service.instance.id': expect.stringMatching(/^[\da-f-]{36}$/),
    'deployment.environment.name': 'test',
  });
  const other = await startCollector();
  const settings = tracing(other, { otlp: { ...otlp, endpoint: `${other.url}/base/` } });
  const world = await httpWorld(shop, { config: { telemetry: { exporters: { tracing: settings } } } });
  await post(world.server.url, NAME);
  await world.server.close();
  expect(other.requests[0]).toMatchObject({ path: '/base/v1/traces', headers: { 'x-vendor-key': 'k1' } });
});

it('spans that wait are sent when the gateway stops', async () => {
  const { url, collector, server } = await tracedWorld({ otlp: { batch_processor: { scheduled_delay: '1h' } } });
  await post(url, NAME);
  expect(collector.spans).toEqual([]);
  await server.close();
  expect((await collector.trace()).root.name).toBe('POST /graphql');
});

it('a collector that is down costs no request, and is logged once', async () => {
  const { url, lines, server } = await tracedWorld({
    otlp: { endpoint: await deadUrl(), batch_processor: { scheduled_delay: '5ms', max_export_timeout: '50ms' } },
  });
  for (let i = 0; i < 20; i++)
    expect(await (await post(url, NAME)).json()).toEqual({ data: { product: { name: 'Lamp' } } });
  await expect.poll(() => lines.filter(isLost)).toHaveLength(1);
  expect(lines.find(isLost)).toMatchObject({
    level: 'warn',
    endpoint: expect.stringMatching(/^http:/),
    spans: expect.any(Number),
  });
  await server.close();
});

it('a collector that answers 500 is logged with the status, and its text is not', async () => {
  const { url, lines, collector, server } = await tracedWorld();
  collector.behave((_req, res) => res.writeHead(500).end('text of the collector'));
  await post(url, NAME);
  await expect.poll(() => lines.find(isLost)?.reason).toBe('HTTP status 500');
  expect(JSON.stringify(lines)).not.toContain('text of the collector');
  collector.behave(undefined);
  await post(url, NAME);
  await expect.poll(() => lines.some(({ msg }) => msg === 'traces are sent again')).toBe(true);
  await server.close();
});

it('a collector that is busy for a moment gets the spans later, and nothing is logged', async () => {
  const { url, lines, collector, server } = await tracedWorld();
  let refusals = 0;
  collector.behave((req, res) => {
    if (++refusals === 2) collector.behave(undefined);
    req.resume();
    res.writeHead(503, { 'retry-after': '0' }).end();
  });
  await post(url, NAME);
  const { traceId } = (await collector.trace()).root;
  expect(traceId).toMatch(/^[\da-f]{32}$/);
  expect(refusals).toBe(2);
  await server.close();
  expect(lines.filter(isLost)).toEqual([]);
});

it('exports are compressed where that is configured', async () => {
  const { url, collector } = await tracedWorld({ otlp: { compression: 'gzip' } });
  await post(url, NAME);
  expect((await collector.trace()).root.name).toBe('POST /graphql');
  expect(collector.requests[0]?.headers).toMatchObject({ 'content-encoding': 'gzip' });
});

it('while a collector is slow, the queue has a bound, and further spans are dropped', async () => {
  const { url, lines, collector, server } = await tracedWorld({
    otlp: { batch_processor: { scheduled_delay: '5ms', max_queue_size: 10, max_export_batch_size: 5 } },
  });
  const { promise, open } = latch();
  collector.behave(async (_req, res) => {
    await promise;
    res.end();
  });
  for (let i = 0; i < 10; i++) expect((await post(url, NAME)).status).toBe(200);
  await expect.poll(() => lines.find(isLost)?.reason).toBe('the queue is full');
  open();
  await server.close();
  const lost = lines.filter(isLost).reduce((sum, { spans }) => sum + Number(spans), 0);
  expect(lost).toBeGreaterThan(10);
});

it('a collector that never answers does not keep the gateway from stopping', async () => {
  const { url, collector, server, lines } = await tracedWorld({}, { config: { shutdown: { grace: '100ms' } } });
  collector.behave(() => {});
  await post(url, NAME);
  await server.close();
  expect(lines.some(({ level }) => level === 'error')).toBe(false);
  expect(lines.filter(isLost)).toEqual([
    expect.objectContaining({
      reason: 'the gateway stopped before the collector responded',
      spans: expect.any(Number),
    }),
  ]);
});

it('spans that a collector which is down has not got when the gateway stops are logged once, with their number', async () => {
  const { url, server, lines } = await tracedWorld(
    { otlp: { endpoint: await deadUrl() } },
    { config: { shutdown: { grace: '100ms' } } },
  );
  await post(url, NAME);
  await server.close();
  expect(lines.filter(isLost)).toHaveLength(1);
  expect(lines.find(isLost)?.spans).toBeGreaterThan(1);
});

it('no span has a token, a key, a variable or a value of a URL', async () => {
  const { url, origin, collector, server } = await tracedWorld(
    { common: { graphql_document: true } },
    { config: { api_keys: undefined, telemetry: { client_awareness: {} } } },
  );
  const headers = { authorization: 'Bearer s3cret-token', cookie: 'session=s3cret-cookie', 'x-api-key': 's3cret-key' };
  const query = 'query Q($token: String) { product(id: "s3cret-literal", token: $token) { name } }';
  await post(url, { query, variables: { token: 's3cret-variable' } }, headers);
  await post(url, { query, variables: { token: { s3cret: 'variable' } } }, headers);
  await post(url, { query: 'query { s3cretField }' }, headers);
  await fetch(`${url}?query=${encodeURIComponent(query)}&variables={"token":"s3cret-url"}&key=s3cret-key`, { headers });
  await fetch(`${origin}/s3cret-path?token=s3cret-query`, { headers });
  await fetch(url, { method: 'DELETE', headers });
  await collector.trace(6);
  await server.close();
  expect(collector.spans.length).toBeGreaterThan(10);
  expect(Buffer.concat(collector.bodies).toString('latin1')).not.toMatch(/s3cret/);
});
