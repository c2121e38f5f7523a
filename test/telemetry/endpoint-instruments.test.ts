import { expect, it } from 'vitest';
import { createEndpointInstruments } from '../../src/telemetry/endpoint-instruments.ts';
import { createPrometheusMetrics } from '../../src/telemetry/prometheus.ts';

it('counts the requests and ejections of each URL, and shows which are in use', async () => {
  const metrics = createPrometheusMetrics();
  const instruments = createEndpointInstruments(metrics);
  let isAvailable = true;
  instruments.watch('stock', 'http://a/graphql', () => isAvailable);
  instruments.watch('stock', 'http://b/graphql', () => true);
  instruments.ended('stock', 'http://a/graphql', true);
  instruments.ended('stock', 'http://a/graphql', false);
  instruments.ejected('stock', 'http://a/graphql');
  const lines = async () => (await metrics.text()).split('\n').filter((line) => line.startsWith('headgate_endpoint'));
  expect(await lines()).toEqual([
    'headgate_endpoint_requests_total{subgraph="stock",endpoint="http://a/graphql",result="good"} 1',
    'headgate_endpoint_requests_total{subgraph="stock",endpoint="http://a/graphql",result="failed"} 1',
    'headgate_endpoint_ejections_total{subgraph="stock",endpoint="http://a/graphql"} 1',
    'headgate_endpoint_up{subgraph="stock",endpoint="http://a/graphql"} 1',
    'headgate_endpoint_up{subgraph="stock",endpoint="http://b/graphql"} 1',
  ]);
  isAvailable = false;
  expect((await lines()).filter((line) => line.includes('_up'))).toEqual([
    'headgate_endpoint_up{subgraph="stock",endpoint="http://a/graphql"} 0',
    'headgate_endpoint_up{subgraph="stock",endpoint="http://b/graphql"} 1',
  ]);
});
