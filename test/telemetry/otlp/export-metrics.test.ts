import { describe, expect, onTestFinished, test } from 'vitest';
import { configFileSchema } from '../../../src/config/config.ts';
import { openCollectorPool } from '../../../src/gateway/open-collector-pool.ts';
import { startMetricsExport } from '../../../src/telemetry/otlp/export-metrics.ts';
import { otlpName } from '../../../src/telemetry/otlp/metrics-request.ts';
import { createMetrics } from '../../../src/telemetry/registry.ts';
import { metricOf, resourceOf, startCollector, valuesOf } from './collector.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

/** A process that counts searches, and sends its metrics to a collector when the test says so. */
async function searching(settings: Record<string, unknown> = {}, statuses: number[] = []) {
  const { origin, received } = await startCollector((res) => res.writeHead(statuses.shift() ?? 200).end());
  const metrics = createMetrics();
  const count = metrics.counter({ name: 'headgate_searches_total', help: 'Searches', labels: ['place'] });
  const took = metrics.histogram({ name: 'headgate_took_seconds', help: 'Time', labels: ['place'], buckets: [0.5, 1] });
  metrics.gauge({ name: 'headgate_held_bytes', help: 'Held', together: 'sum' }, () => 1024);
  const config = configFileSchema.parse({
    telemetry: { exporters: { metrics: { otlp: { enabled: true, endpoint: origin, interval: '1h', ...settings } } } },
  });
  const warnings: string[] = [];
  const exporter = startMetricsExport({
    openPool: openCollectorPool,
    settings: config.telemetry.exporters.metrics.otlp,
    attributes: { 'service.name': 'headgate', 'service.instance.id': 'i1' },
    snapshot: () => metrics.snapshot(),
    logger: { info: (_, message) => warnings.push(message ?? ''), warn: (_, message) => warnings.push(message ?? '') },
  });
  onTestFinished(() => exporter.close());
  return { count, took, exporter, received, warnings };
}

describe.each(['http/protobuf', 'http/json'])('%s', (protocol) => {
  test.each(['none', 'gzip'])('counters, gauges, histograms and exemplars, compressed with %s', async (compression) => {
    const { count, took, exporter, received } = await searching({ protocol, compression, headers: { 'X-Key': 'k' } });
    count('garden');
    count('garden');
    count('cellar');
    took.series('garden').observe(0.7, TRACE);
    took.series('garden').observe(7);
    await exporter.flush();
    const [first] = received;
    expect(first).toMatchObject({ path: '/v1/metrics', headers: { 'x-key': 'k' } });
    if (first === undefined) return;
    expect(resourceOf(first)).toEqual({ 'service.name': 'headgate', 'service.instance.id': 'i1' });
    expect(metricOf(first, 'headgate.searches')).toMatchObject({
      description: 'Searches',
      sum: { aggregationTemporality: 2 },
    });
    expect(valuesOf(metricOf(first, 'headgate.searches'))).toEqual({ garden: 2, cellar: 1 });
    expect(metricOf(first, 'headgate.held')).toMatchObject({ unit: 'By', gauge: { dataPoints: [{ asDouble: 1024 }] } });
    expect(metricOf(first, 'headgate.took')).toMatchObject({
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            count: '2',
            sum: 7.7,
            bucketCounts: ['0', '1', '1'],
            explicitBounds: [0.5, 1],
            exemplars: [{ traceId: TRACE, asDouble: 0.7, timeUnixNano: expect.stringMatching(/^\d{19}$/) }],
            attributes: [{ key: 'place', value: { stringValue: 'garden' } }],
          },
        ],
      },
    });
    expect(metricOf(first, 'process.cpu')).toMatchObject({ unit: 's', sum: {} });
  });
});

test('cumulative counts grow; their start time stays', async () => {
  const { count, exporter, received } = await searching();
  for (let i = 0; i < 2; i++) {
    count('garden');
    await exporter.flush();
  }
  expect(received.map((one) => valuesOf(metricOf(one, 'headgate.searches')))).toEqual([{ garden: 1 }, { garden: 2 }]);
  const starts = received.map((one) => metricOf(one, 'headgate.searches')?.sum?.dataPoints[0]?.startTimeUnixNano);
  expect(new Set(starts).size).toBe(1);
});

test('deltas have what was counted since the last request that succeeded: none is lost, and none counts twice', async () => {
  const { count, took, exporter, received, warnings } = await searching(
    { temporality: 'delta' },
    [200, 503, 503, 200, 200],
  );
  for (const place of ['garden', 'garden', 'cellar', 'garden']) {
    count(place);
    took(0.1, place);
    await exporter.flush();
  }
  await exporter.flush();
  const counts = received.map((one) => valuesOf(metricOf(one, 'headgate.searches')));
  expect(counts).toEqual([{ garden: 1 }, { garden: 1 }, { garden: 1, cellar: 1 }, { garden: 2, cellar: 1 }, {}]);
  const [, , , fourth] = received;
  if (fourth) expect(metricOf(fourth, 'headgate.took')).toMatchObject({ histogram: { aggregationTemporality: 1 } });
  const times = received.map((one) => metricOf(one, 'headgate.searches')?.sum?.dataPoints[0]);
  expect(times[3]?.startTimeUnixNano).toBe(times[0]?.timeUnixNano);
  expect(warnings).toEqual([
    'metrics cannot be sent to the collector; trying again',
    'metrics are sent to the collector again',
  ]);
});

test('metrics are sent at regular times, and a last time at the end', async () => {
  const { count, exporter, received } = await searching({ interval: '20ms' });
  await expect.poll(() => received.length).toBeGreaterThan(1);
  count('garden');
  await exporter.close();
  const last = received.at(-1);
  expect(last && valuesOf(metricOf(last, 'headgate.searches'))).toEqual({ garden: 1 });
});

test.each([
  ['headgate_http_requests_total', 'headgate.http_requests', ''],
  ['headgate_http_sent_bytes_total', 'headgate.http_sent', 'By'],
  ['process_cpu_seconds_total', 'process.cpu', 's'],
  ['nodejs_eventloop_lag_p99_seconds', 'nodejs.eventloop_lag_p99', 's'],
])('%s is %s in OTLP', (name, otlp, unit) => {
  expect(otlpName(name)).toEqual({ name: otlp, unit });
});
