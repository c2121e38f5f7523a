import { expect, it } from 'vitest';
import { createEndpointInstruments } from '../../src/telemetry/endpoint-instruments.ts';
import { metricsText } from '../../src/telemetry/prometheus.ts';
import { createMetrics } from '../../src/telemetry/registry.ts';

it('counts the requests and ejections of each URL, and shows which are in use', async () => {
  const metrics = createMetrics();
  const instruments = createEndpointInstruments(metrics, [0.1, 1]);
  let isAvailable = true;
  instruments.watch('stock', 'http://a/graphql', () => isAvailable);
  instruments.watch('stock', 'http://b/graphql', () => true);
  instruments.ended('stock', 'http://a/graphql', true, 0.05);
  instruments.ended('stock', 'http://a/graphql', false, 2);
  instruments.ejected('stock', 'http://a/graphql');
  const lines = async () =>
    metricsText(await metrics.snapshot())
      .split('\n')
      .filter((line) => line.startsWith('headgate_endpoint'));
  expect(await lines()).toEqual([
    'headgate_endpoint_requests_total{subgraph="stock",endpoint="http://a/graphql",result="good"} 1',
    'headgate_endpoint_requests_total{subgraph="stock",endpoint="http://a/graphql",result="failed"} 1',
    'headgate_endpoint_request_duration_seconds_bucket{le="0.1",subgraph="stock",endpoint="http://a/graphql"} 1',
    'headgate_endpoint_request_duration_seconds_bucket{le="1",subgraph="stock",endpoint="http://a/graphql"} 1',
    'headgate_endpoint_request_duration_seconds_bucket{le="+Inf",subgraph="stock",endpoint="http://a/graphql"} 2',
    'headgate_endpoint_request_duration_seconds_sum{subgraph="stock",endpoint="http://a/graphql"} 2.05',
    'headgate_endpoint_request_duration_seconds_count{subgraph="stock",endpoint="http://a/graphql"} 2',
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
