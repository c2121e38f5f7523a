import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { project, startCli } from '../cli/run-cli.ts';
import { namedSubgraph } from '../cli/running-gateway.ts';
import { PATIENCE } from './gateway-process.ts';
import { startQueryLoad } from './query-load.ts';

const PROBE = pathToFileURL(fileURLToPath(new URL('heap-probe.mjs', import.meta.url))).href;
const SWAPS = 500;
/** Caches and compiled code are complete after so many. */
const WARM = 100;
/** Less than 400 schemas of this size take: each has hundreds of fields. */
const MOST_GROWTH = 12_000_000;

/** A schema with many types, in a version of its own. */
function schema(url: string, version: number): string {
  const types = Array.from({ length: 60 }, (_, at) => {
    const fields = Array.from({ length: 8 }, (_, field) => `f${field}: String`).join(' ');
    return `type T${at} { ${fields} next: T${(at + 1) % 60} }`;
  });
  return `extend schema @subgraph(url: "${url}")\ntype Query { hello(n: Int): String version${version}: String first: T0 }\n${types.join('\n')}`;
}

test.each([
  ['each served at once', '', 'serving a new schema'],
  ['each a canary, replaced by the next', 'supergraph: { canary: { share: 50%, duration: 1h } }\n', 'canary started'],
])('500 swaps under load, %s: 0 failed requests, and the heap does not grow', async (_, config, message) => {
  const { url } = await namedSubgraph('a');
  const dir = await project({ 'schemas/a.graphql': schema(url, 0), 'headgate.yaml': config });
  const cli = startCli(dir, ['start', '--port', '0'], '', ['--expose-gc', '--import', PROBE]);
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(/^Headgate listening on /m), PATIENCE);
  const gateway = /^Headgate listening on (\S+)$/m.exec(cli.output.stdout)?.[1] ?? '';
  const bodies = Array.from({ length: 20 }, (_, n) => JSON.stringify({ query: `query Q${n} { hello(n: ${n}) }` }));
  const load = startQueryLoad(gateway, 4, bodies, '200 {"data":{"hello":"a"}}');
  const swaps = () => cli.output.stdout.split(message).length - 1;
  const heap = async () => {
    const before = cli.output.stdout.split('heap in use: ').length;
    cli.kill('SIGUSR2');
    await vi.waitFor(() => expect(cli.output.stdout.split('heap in use: ').length).toBe(before + 1), PATIENCE);
    return Number(/^\d+/.exec(cli.output.stdout.split('heap in use: ').at(-1) ?? '')?.[0]);
  };
  let warm = 0;
  for (let version = 1; version <= SWAPS; version++) {
    await writeFile(join(dir, 'schemas/a.graphql'), schema(url, version));
    await vi.waitFor(() => expect(swaps()).toBe(version), { timeout: 120_000, interval: 5 });
    if (version === WARM) warm = await heap();
  }
  const end = await heap();
  await load.stop();
  console.log(
    `${load.answered()} requests, ${load.failures.length} failed; heap after ${WARM} swaps: ${warm}, ${SWAPS}: ${end}`,
  );
  expect(load.failures).toEqual([]);
  expect(load.answered()).toBeGreaterThan(SWAPS);
  expect(end - warm).toBeLessThan(MOST_GROWTH);
});
