import { describe, expect, test } from 'vitest';
import { metricsFormat } from '../../src/telemetry/metrics-format.ts';
import { metricsText } from '../../src/telemetry/prometheus.ts';
import { createMetrics } from '../../src/telemetry/registry.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

/** The text of metrics about searches, without those of the process. */
async function searches(format: 'prometheus' | 'openmetrics') {
  const metrics = createMetrics();
  const count = metrics.counter({ name: 'searches_total', help: 'Searches\nby "place" in C:\\', labels: ['place'] });
  count('a "back\\slash"');
  const took = metrics.histogram({ name: 'took_seconds', help: 'Time', labels: ['place'], buckets: [0.5, 1] });
  took.series('garden').observe(0.7, TRACE);
  took.series('garden').observe(7);
  metrics.gauge({ name: 'depth', help: 'Depth', together: 'max' }, () => 2.5);
  const own = (await metrics.snapshot()).filter(({ name }) => !/^(process|nodejs)_/.test(name));
  return metricsText(own, format);
}

test("Prometheus' text format", async () => {
  expect(await searches('prometheus')).toBe(`\
# HELP searches_total Searches\\nby "place" in C:\\\\
# TYPE searches_total counter
searches_total{place="a \\"back\\\\slash\\""} 1

# HELP took_seconds Time
# TYPE took_seconds histogram
took_seconds_bucket{le="0.5",place="garden"} 0
took_seconds_bucket{le="1",place="garden"} 1
took_seconds_bucket{le="+Inf",place="garden"} 2
took_seconds_sum{place="garden"} 7.7
took_seconds_count{place="garden"} 2

# HELP depth Depth
# TYPE depth gauge
depth 2.5
`);
});

test('OpenMetrics, with an exemplar in the bucket of its value', async () => {
  const text = await searches('openmetrics');
  expect(text.replace(/ \d{10}(\.\d+)?\n/, ' NOW\n')).toBe(`\
# HELP searches Searches\\nby \\"place\\" in C:\\\\
# TYPE searches counter
searches_total{place="a \\"back\\\\slash\\""} 1
# HELP took_seconds Time
# TYPE took_seconds histogram
took_seconds_bucket{le="0.5",place="garden"} 0
took_seconds_bucket{le="1",place="garden"} 1 # {trace_id="${TRACE}"} 0.7 NOW
took_seconds_bucket{le="+Inf",place="garden"} 2
took_seconds_sum{place="garden"} 7.7
took_seconds_count{place="garden"} 2
# HELP depth Depth
# TYPE depth gauge
depth 2.5
# EOF
`);
});

describe('the format by the accept header', () => {
  test.each([
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/plain', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    ['application/openmetrics-text;version=1.0.0;q=0.5, text/plain;version=0.0.4;q=0.9', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
  ])('%s → %s', (accept, format) => {
    expect(metricsFormat(accept)).toBe(format);
  });
});
