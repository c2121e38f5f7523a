import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { everyMetric, PAGE, writeMetrics } from '../../docs/telemetry.gen.ts';

it('docs/telemetry.md has the metrics of the code; if not, run `npm run docs:metrics`', async () => {
  const page = await readFile(PAGE, 'utf8');
  expect(page).toBe(await writeMetrics(page));
});

it('a page without a place for them is not written', async () => {
  await expect(writeMetrics('# Metrics')).rejects.toThrow('has no place');
});

it('no metric is created that the table lacks', async () => {
  const src = join(import.meta.dirname, '../../src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const named = files.flatMap(
    (file) => readFileSync(join(src, file), 'utf8').match(/(?<=')headgate_[a-z][a-z_]+(?=')/g) ?? [],
  );
  const known = new Set((await everyMetric()).map(({ name }) => name));
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
