import { expect, test } from 'vitest';
import { metricsText } from '../../src/telemetry/prometheus.ts';
import { createMetrics } from '../../src/telemetry/registry.ts';

const SEARCHES = { name: 'searches_total', help: 'Searches', labels: ['place'] };

const linesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name));

test('what comes after so many combinations of labels counts together', async () => {
  const metrics = createMetrics({ mostSeries: 2 });
  const count = metrics.counter(SEARCHES);
  for (const place of ['garden', 'cellar', 'attic', 'roof', 'garden']) count(place);
  expect(linesOf(metricsText(await metrics.snapshot()), 'searches')).toEqual([
    'searches_total{place="garden"} 2',
    'searches_total{place="cellar"} 1',
    'searches_total{place="other"} 2',
  ]);
});

test('a series that is kept counts with those that are looked up', async () => {
  const metrics = createMetrics();
  const count = metrics.counter(SEARCHES);
  const garden = count.series('garden');
  garden.add();
  garden.add(3);
  count('garden');
  expect(linesOf(metricsText(await metrics.snapshot()), 'searches')).toEqual(['searches_total{place="garden"} 5']);
});

test('a counter without labels is there from the start; a gauge without a value is not', async () => {
  const metrics = createMetrics();
  metrics.counter({ name: 'found_total', help: 'Found' });
  metrics.gauge({ name: 'depth', help: 'Depth', together: 'max' }, () => Number.NaN);
  const text = metricsText(await metrics.snapshot());
  expect(linesOf(text, 'found_total')).toEqual(['found_total 0']);
  expect(linesOf(text, 'depth')).toEqual([]);
});

test('the process is measured: CPU time, memory, event loop, heap, garbage collection', async () => {
  const names = (await createMetrics().snapshot()).map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'nodejs_gc_duration_seconds',
    ]),
  );
  // sums with the names of counters
  expect(names.filter((name) => name.startsWith('nodejs_active') && name.endsWith('_total'))).toEqual([]);
});
