import { describe, expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { errorCodes, labelOf } from '../../src/shared/error-codes.ts';
import { createInstruments, type Instruments } from '../../src/telemetry/instruments.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { createMetrics } from '../../src/telemetry/registry.ts';

const MANY = 10_000;

function started(): { metrics: Metrics; instruments: Instruments } {
  // the bound of a whole metric must not be what helps
  const metrics = createMetrics({ mostSeries: 1_000_000 });
  const on = { enabled: true, max: 20 };
  const labels = { operation_names: on, client_names: on, client_versions: on, consumers: on };
  const { telemetry } = configFileSchema.parse({ telemetry: { metrics: labels } });
  return { metrics, instruments: createInstruments(metrics, { labels: telemetry.metrics, buckets: [1] }) };
}

/** The values of a label that a metric has. */
async function valuesOf(metrics: Metrics, name: string, label: string): Promise<Set<string | undefined>> {
  const metric = (await metrics.snapshot()).find((one) => one.name === name);
  if (metric === undefined) throw new Error(`there is no metric ${name}`);
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
});
