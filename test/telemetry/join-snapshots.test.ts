import { expect, test } from 'vitest';
import { joinSnapshots } from '../../src/telemetry/join-snapshots.ts';
import type { Snapshot } from '../../src/telemetry/metrics.ts';
import { metricsText } from '../../src/telemetry/prometheus.ts';
import { createMetrics } from '../../src/telemetry/registry.ts';

const linesOf = (snapshot: Snapshot, name: string, format?: 'openmetrics') =>
  metricsText(snapshot, format)
    .split('\n')
    .filter((line) => line.startsWith(name));

/** The metrics of a process that has searched as often, each search taking one second more. */
async function processWith(searches: number): Promise<Snapshot> {
  const metrics = createMetrics();
  const count = metrics.counter({ name: 'searches_total', help: 'Searches', labels: ['place'] });
  const observe = metrics.histogram({ name: 'took_seconds', help: 'Time', buckets: [1, 5] });
  for (let i = 0; i < searches; i++) count('garden');
  observe.series().observe(searches, String(searches).repeat(32));
  metrics.gauge({ name: 'up', help: 'Up', together: 'min' }, () => searches - 1);
  metrics.gauge({ name: 'waiting', help: 'Waiting', together: 'sum' }, () => searches);
  metrics.gauge({ name: 'slowest', help: 'Slowest', together: 'max' }, () => searches);
  metrics.gauge({ name: 'mean', help: 'Mean', together: 'average' }, () => searches);
  return JSON.parse(JSON.stringify(await metrics.snapshot()));
}

test('metrics of several processes become one: counts are added up, gauges as they say', async () => {
  const joined = joinSnapshots(await Promise.all([processWith(1), processWith(3)]));
  expect(linesOf(joined, 'searches')).toEqual(['searches_total{place="garden"} 4']);
  expect(linesOf(joined, 'took_seconds')).toEqual([
    'took_seconds_bucket{le="1"} 1',
    'took_seconds_bucket{le="5"} 2',
    'took_seconds_bucket{le="+Inf"} 2',
    'took_seconds_sum 4',
    'took_seconds_count 2',
  ]);
  expect(linesOf(joined, 'up')).toEqual(['up 0']);
  expect(linesOf(joined, 'waiting')).toEqual(['waiting 4']);
  expect(linesOf(joined, 'slowest')).toEqual(['slowest 3']);
  expect(linesOf(joined, 'mean')).toEqual(['mean 2']);
  const again = joinSnapshots([joined, joined]);
  expect(linesOf(again, 'searches')).toEqual(['searches_total{place="garden"} 8']);
});

test('of the exemplars of a bucket, the newest one stays', async () => {
  const [older, newer] = [await processWith(1), await processWith(1)];
  const trace = 'b'.repeat(32);
  const changed = newer.map((metric) =>
    metric.name === 'took_seconds' && metric.type === 'histogram'
      ? {
          ...metric,
          series: metric.series.map((one) => ({
            ...one,
            exemplars: [{ traceId: trace, value: 1, time: 9e9 }, null, null],
          })),
        }
      : metric,
  );
  for (const parts of [
    [older, changed],
    [changed, older],
  ]) {
    const [first] = linesOf(joinSnapshots(parts), 'took_seconds_bucket');
    expect(first).toBe('took_seconds_bucket{le="1"} 2');
    const [open] = linesOf(joinSnapshots(parts), 'took_seconds_bucket', 'openmetrics');
    expect(open).toBe(`took_seconds_bucket{le="1"} 2 # {trace_id="${trace}"} 1 9000000000`);
  }
});

test('a process with other buckets does not change those of the first', async () => {
  const metrics = createMetrics();
  metrics.histogram({ name: 'took_seconds', help: 'Time', buckets: [2] })(1);
  const joined = joinSnapshots([await processWith(3), await metrics.snapshot()]);
  expect(linesOf(joined, 'took_seconds_count')).toEqual(['took_seconds_count 1']);
});
