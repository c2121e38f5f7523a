import { expect, test, vi } from 'vitest';
import { post } from '../../gateway/serving.ts';
import { tracedWorld } from './traced-world.ts';

const METRICS = { telemetry: { exporters: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } } } };

/** The ids of traces in the exemplars of durations. */
async function exemplars(metricsUrl = ''): Promise<Record<string, string>> {
  const response = await fetch(metricsUrl, { headers: { accept: 'application/openmetrics-text' } });
  const found = (await response.text()).matchAll(/^(\w+)_bucket.* # \{trace_id="(\w+)"\}/gm);
  return Object.fromEntries([...found].map(([, metric = '', id = '']) => [metric, id]));
}

test('an exemplar has the id of the trace that is exported', async () => {
  const { url, server, collector } = await tracedWorld({}, { config: METRICS });
  await post(url, { query: 'query Name { product { name } }' });
  const { traceId } = (await collector.trace()).root;
  await vi.waitFor(async () =>
    expect(await exemplars(server.metricsUrl)).toEqual({
      headgate_http_request_duration_seconds: traceId,
      headgate_operation_request_duration_seconds: traceId,
      headgate_subgraph_request_duration_seconds: traceId,
    }),
  );
});

test('there is none for a trace that is not recorded, whatever the client sends', async () => {
  const { url, server } = await tracedWorld({ common: { sampler: 'always_off' } }, { config: METRICS });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await post(url, { query: '{ product { name } }' }, { traceparent });
  await vi.waitFor(async () =>
    expect(await (await fetch(server.metricsUrl ?? '')).text()).toMatch(
      /^headgate_http_request_duration_seconds_count.* 1$/m,
    ),
  );
  expect(await exemplars(server.metricsUrl)).toEqual({});
});
