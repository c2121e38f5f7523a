import { expect, test } from 'vitest';
import { createPrometheusMetrics, joinSnapshots } from '../../src/telemetry/prometheus.ts';

const SEARCHES = { name: 'searches_total', help: 'Searches', labels: ['place'] };

const linesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name));

test('what comes after so many combinations of labels counts together', async () => {
  const metrics = createPrometheusMetrics({ mostSeries: 2 });
  const count = metrics.counter(SEARCHES);
  for (const place of ['garden', 'cellar', 'attic', 'roof', 'garden']) count(place);
  expect(linesOf(await metrics.text(), 'searches')).toEqual([
    'searches_total{place="garden"} 2',
    'searches_total{place="cellar"} 1',
    'searches_total{place="other"} 2',
  ]);
});

test('metrics of several processes become one: counts are added up, gauges as they say', async () => {
  const snapshots = await Promise.all(
    [1, 3].map((searches) => {
      const metrics = createPrometheusMetrics();
      const count = metrics.counter(SEARCHES);
      const observe = metrics.histogram({ name: 'took_seconds', help: 'Time', buckets: [1, 5] });
      for (let i = 0; i < searches; i++) count('garden');
      observe(searches);
      metrics.gauge({ name: 'up', help: 'Up', together: 'min' }, () => searches - 1);
      metrics.gauge({ name: 'waiting', help: 'Waiting', together: 'sum' }, () => searches);
      return metrics.snapshot();
    }),
  );
  const { text, snapshot } = await joinSnapshots(snapshots);
  expect(linesOf(text, 'searches')).toEqual(['searches_total{place="garden"} 4']);
  expect(linesOf(text, 'took_seconds')).toEqual([
    'took_seconds_bucket{le="1"} 1',
    'took_seconds_bucket{le="5"} 2',
    'took_seconds_bucket{le="+Inf"} 2',
    'took_seconds_sum 4',
    'took_seconds_count 2',
  ]);
  expect(linesOf(text, 'up')).toEqual(['up 0']);
  expect(linesOf(text, 'waiting')).toEqual(['waiting 4']);
  const again = await joinSnapshots([snapshot, snapshot]);
  expect(linesOf(again.text, 'searches')).toEqual(['searches_total{place="garden"} 8']);
});
