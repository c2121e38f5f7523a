import { expect, test } from 'vitest';
import { metricOf, resourceOf, startCollector, valuesOf } from '../telemetry/otlp/collector.ts';
import { counted } from './counted.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = { shop: { typeDefs: 'type Query { hello: String }', resolvers: { Query: { hello: () => 'hi' } } } };

test('a collector gets the same counts that Prometheus reads; the last ones when the gateway stops', async () => {
  const { origin, received } = await startCollector();
  const { server } = await httpWorld(shop, {
    config: {
      telemetry: {
        exporters: {
          metrics: {
            common: { service_name: 'shop-gateway', resource: { 'deployment.environment.name': 'test' } },
            prometheus: { enabled: true, listen: '127.0.0.1:0' },
            otlp: { enabled: true, endpoint: origin, interval: '1h' },
          },
        },
      },
    },
  });
  for (let i = 0; i < 3; i++) await post(server.url, { query: 'query Hello { hello }' });
  await expect.poll(() => counted(server, 'headgate_http_requests_total')).toEqual({ 'graphql 200': 3 });
  const read = await counted(server, 'headgate_operation_requests_total');
  await server.close();
  expect(received).toHaveLength(1);
  const [last] = received;
  if (last === undefined) return;
  expect(valuesOf(metricOf(last, 'headgate.operation_requests'))).toEqual(read);
  expect(valuesOf(metricOf(last, 'headgate.http_requests'))).toEqual({ 'graphql 200': 3 });
  expect(resourceOf(last)).toMatchObject({
    'service.name': 'shop-gateway',
    'deployment.environment.name': 'test',
    'service.instance.id': expect.any(String),
  });
});

test('metrics for a collector need no admin listener', async () => {
  const { origin, received } = await startCollector();
  const otlp = { enabled: true, endpoint: `${origin}/v1/metrics`, interval: '20ms' };
  const { server } = await httpWorld(shop, { config: { telemetry: { exporters: { metrics: { otlp } } } } });
  expect(server.metricsUrl).toBeUndefined();
  await expect.poll(() => received.length).toBeGreaterThan(0);
});
