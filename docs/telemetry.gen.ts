import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { workerStates } from '../src/cli/worker-metrics.ts';
import { configFileSchema } from '../src/config/config.ts';
import { createInstruments } from '../src/telemetry/instruments.ts';
import type { SnapshotMetric } from '../src/telemetry/metrics.ts';
import { createMetrics } from '../src/telemetry/registry.ts';

export const PAGE = new URL('telemetry.md', import.meta.url);
const BLOCK = /(<!-- metrics -->\n)[\s\S]*?(<!-- end of metrics -->)/;

/** Returns every metric that the gateway can have, with all labels and settings on. Their series say nothing. */
export async function everyMetric(): Promise<SnapshotMetric[]> {
  const metrics = createMetrics();
  const { telemetry } = configFileSchema.parse({});
  const { operation_names, client_names, client_versions, consumers } = telemetry.metrics;
  const on = { ...{ operation_names, client_names }, client_versions: { ...client_versions, enabled: true } };
  const labels = { ...on, consumers: { ...consumers, enabled: true } };
  const instruments = createInstruments(metrics, { labels, buckets: telemetry.exporters.metrics.common.buckets });
  const none = () => [];
  const zero = () => 0;
  instruments.openEndpoints();
  instruments.openCache().watch(() => ({ entries: 0, bytes: 0 }));
  instruments.ofVariants();
  instruments.ofEvents();
  instruments.ofCallbacks().watchOpen(zero);
  instruments.watchTraffic({ circuits: none, running: none, waiting: none });
  instruments.watchStore(() => true);
  instruments.watchBufferedBytes(zero);
  instruments.watchAdmission({ limit: zero, running: zero });
  instruments.watchKeySets(none);
  instruments.requests.watchActive(zero);
  instruments.subscriptions.watchOpen(zero);
  instruments.subscriptions.watchSockets(zero);
  return [...(await metrics.snapshot()), workerStates({})];
}

/**
 * Writes the page's table of metrics anew, between `<!-- metrics -->` and `<!-- end of metrics -->`.
 * @throws Error when the page lacks that place
 */
export async function writeMetrics(page: string): Promise<string> {
  if (!BLOCK.test(page)) throw new Error('docs/telemetry.md has no place for the metrics');
  const own = (await everyMetric()).filter(({ name }) => name.startsWith('headgate_'));
  own.sort((one, other) => (one.name < other.name ? -1 : 1));
  const rows = own.map(({ name, type, labels, help }) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${help.replaceAll('|', '\\|')} |\n`;
  });
  const table = `| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
  return page.replace(BLOCK, (_, start, end) => `${start}${table}${end}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(PAGE, await writeMetrics(await readFile(PAGE, 'utf8')));
}
