import { expect, it } from 'vitest';
import { watchKeySets } from '../../src/telemetry/key-set-instruments.ts';
import { createMetrics } from '../../src/telemetry/registry.ts';

it('of key sets with the same label, the worst counts, in each metric by itself', async () => {
  const metrics = createMetrics();
  watchKeySets(metrics, () => [
    { label: 'https://a/jwks', isUp: true, isUsable: false },
    { label: 'https://a/jwks', isUp: false, isUsable: true },
    { label: 'https://b/jwks', isUp: true, isUsable: true },
  ]);
  const series = (await metrics.snapshot()).map(({ name, series }) => [name, series]);
  const expected = [
    { labels: ['https://a/jwks'], value: 0 },
    { labels: ['https://b/jwks'], value: 1 },
  ];
  expect(series.filter(([name]) => String(name).startsWith('headgate_key_set'))).toEqual([
    ['headgate_key_set_up', expected],
    ['headgate_key_set_usable', expected],
  ]);
});
