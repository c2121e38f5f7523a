import { describe, expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { errorCodes, labelOf } from '../../src/shared/error-codes.ts';
import { createInstruments, type Instruments } from '../../src/telemetry/instruments.ts';
import type { Metrics, SnapshotMetric } from '../../src/telemetry/metrics.ts';
import { createMetrics } from '../../src/telemetry/registry.ts';

const MANY = 10_000;

/** @param metrics by default without a bound of a whole metric, which must not be what helps */
function started(
  settings: object = {},
  metrics = createMetrics({ mostSeries: 1_000_000 }),
): { metrics: Metrics; instruments: Instruments } {
  const on = { enabled: true, max: 20 };
  const labels = { operation_names: on, client_names: on, client_versions: on, consumers: on, ...settings };
  const { telemetry } = configFileSchema.parse({ telemetry: { metrics: labels } });
  return { metrics, instruments: createInstruments(metrics, { labels: telemetry.metrics, buckets: [1] }) };
}

async function metricOf(metrics: Metrics, name: string): Promise<SnapshotMetric> {
  const metric = (await metrics.snapshot()).find((one) => one.name === name);
  if (metric === undefined) throw new Error(`there is no metric ${name}`);
  return metric;
}

async function seriesOf(metrics: Metrics, name: string): Promise<SnapshotMetric['series']> {
  return (await metricOf(metrics, name)).series;
}

/** The values of a label that a metric has. */
async function valuesOf(metrics: Metrics, name: string, label: string): Promise<Set<string | undefined>> {
  const metric = await metricOf(metrics, name);
  return new Set(metric.series.map(({ labels }) => labels[metric.labels.indexOf(label)]));
}

const SECOND = 1;

describe(`of ${MANY} different values, the first ones have series of their own, and the rest is "other"`, () => {
  test.each<[string, string, number, (instruments: Instruments, at: number) => void]>([
    [
      'headgate_subgraph_errors_total',
      'code',
      51,
      ({ fetchesOf }, at) => fetchesOf('reviews').finished(undefined, `CODE_${at}`, SECOND, undefined),
    ],
    ['headgate_subgraph_errors_total', 'code', 51, ({ fetchMalformed }, at) => fetchMalformed('reviews', `CODE_${at}`)],
    [
      'headgate_subgraph_requests_total',
      'status',
      41,
      ({ fetchesOf }, at) => fetchesOf('reviews').finished(at, undefined, SECOND, undefined),
    ],
    [
      'headgate_http_requests_total',
      'status',
      41,
      ({ requests }, at) => requests.http.finished('bff', at, SECOND, undefined),
    ],
    [
      'headgate_bff_requests_total',
      'status',
      41,
      ({ requests }, at) => requests.endpoints.finished('web/home', at, SECOND, undefined),
    ],
    [
      'headgate_operation_requests_total',
      'operation',
      21,
      ({ requests }, at) => requests.operations.finished({ name: `Q${at}`, type: 'query' }, 'ok', SECOND, undefined),
    ],
    [
      'headgate_client_requests_total',
      'client',
      21,
      ({ requests }, at) => requests.clients.served(`client ${at}`, undefined, 'ok', SECOND),
    ],
    [
      'headgate_client_requests_total',
      'version',
      21,
      ({ requests }, at) => requests.clients.served('web', `1.${at}`, 'ok', SECOND),
    ],
    [
      'headgate_consumer_requests_total',
      'consumer',
      21,
      ({ requests }, at) => requests.consumers?.served(`owner ${at}`, 'ok', SECOND),
    ],
  ])('%s{%s}', async (name, label, count, observe) => {
    const { metrics, instruments } = started();
    for (let at = 0; at < MANY; at++) observe(instruments, at);
    const values = await valuesOf(metrics, name, label);
    expect(values.size).toBe(count);
    expect(values).toContain('other');
  });

  test('codes of responses of clients and of subgraphs: those that are well known have series of their own', async () => {
    const { metrics, instruments } = started();
    for (let at = 0; at < MANY; at++) {
      const codes = [...errorCodes([{ extensions: { code: `CODE_${at}` } }, { extensions: { code: 'CONFLICT' } }])];
      for (const label of codes.map(labelOf)) {
        instruments.requests.graphqlError('graphql', label);
        instruments.graphqlErrors('reviews', label);
      }
    }
    const both = new Set(['other', 'CONFLICT']);
    expect(await valuesOf(metrics, 'headgate_graphql_errors_total', 'code')).toEqual(both);
    expect(await valuesOf(metrics, 'headgate_subgraph_graphql_errors_total', 'code')).toEqual(both);
  });

  test('what is no number has a series of its own, also after many', async () => {
    const { metrics, instruments } = started();
    const { http } = instruments.requests;
    for (let at = 0; at < MANY; at++) http.finished('graphql', at, SECOND, undefined);
    http.finished('graphql', 'closed', SECOND, undefined);
    expect(await valuesOf(metrics, 'headgate_http_requests_total', 'status')).toContain('closed');
    const { finished } = instruments.fetchesOf('reviews');
    for (let at = 0; at < MANY; at++) finished(at, undefined, SECOND, undefined);
    finished(undefined, 'SUBREQUEST_HTTP_ERROR', SECOND, undefined);
    expect(await valuesOf(metrics, 'headgate_subgraph_requests_total', 'status')).toContain('none');
  });

  test('the codes of one subgraph take no series from another', async () => {
    const { metrics, instruments } = started();
    for (let at = 0; at < MANY; at++) instruments.fetchMalformed('reviews', `CODE_${at}`);
    instruments.fetchMalformed('users', 'SUBREQUEST_MALFORMED_RESPONSE');
    const values = await valuesOf(metrics, 'headgate_subgraph_errors_total', 'code');
    expect(values).toContain('SUBREQUEST_MALFORMED_RESPONSE');
  });

  test('of all clients together, 1,000 versions; further ones are "other", each of its client', async () => {
    const { metrics, instruments } = started({ client_versions: { enabled: true, max: 1_000 } });
    for (let at = 0; at < 2_000; at++) instruments.requests.clients.served('web', `1.${at}`, 'ok', SECOND);
    instruments.requests.clients.served('app', '2.0', 'errors', SECOND);
    instruments.requests.clients.served('app', undefined, 'ok', SECOND);
    const all = await seriesOf(metrics, 'headgate_client_requests_total');
    expect(all).toHaveLength(1_003);
    expect(all.slice(-3)).toEqual([
      { labels: ['web', 'other', 'ok'], value: 1_000 },
      { labels: ['app', 'other', 'errors'], value: 1 },
      { labels: ['app', 'none', 'ok'], value: 1 },
    ]);
  });
});

test('the most names that can be configured keep their results', async () => {
  const { metrics, instruments } = started({ operation_names: { enabled: true, max: 1_000 } }, createMetrics());
  const { finished } = instruments.requests.operations;
  for (const result of ['ok', 'errors'] as const)
    for (let at = 0; at < 1_000; at++) finished({ name: `Q${at}`, type: 'query' }, result, SECOND, undefined);
  const all = await seriesOf(metrics, 'headgate_operation_requests_total');
  expect(all.at(-1)).toEqual({ labels: ['Q999', 'query', 'errors'], value: 1 });
});
