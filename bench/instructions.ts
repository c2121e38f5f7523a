/**
 * Counts what a feature costs: `npm run bench:instructions -- --with FEATURE [--connections N]`. Valgrind counts the instructions of a
 * gateway that answers many requests and of one that answers few; what is between them is the cost of a request, without start and
 * warm-up. Counts do not depend on what else the machine does, and differ by less than one per cent from run to run. They include
 * compiled code and the garbage collector, and leave out the kernel and how long memory takes. Some minutes for each scenario.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { parse } from 'yaml';
import { FEATURES, type Feature } from './features.ts';
import { ROOT } from './gateways.ts';
import { requestsOf, waitUntilReady } from './measure.ts';
import { freePort, type Running, startStub } from './processes.ts';
import { main, type Scenario, supergraphFor, tiny, varied } from './scenarios.ts';

/** How many requests, few and many. */
const REQUESTS: ReadonlyMap<Scenario, readonly [number, number]> = new Map([
  [main, [1_500, 6_000]],
  [varied, [8_000, 32_000]],
  [tiny, [20_000, 80_000]],
]);
const REQUEST_SECONDS = 120;

const { values } = parseArgs({
  options: { with: { type: 'string', default: '' }, connections: { type: 'string', default: '20' } },
});
const feature = FEATURES[values.with];
if (feature === undefined) throw new Error(`--with: expected one of ${Object.keys(FEATURES).join(', ')}`);

/** Under Valgrind, everything takes some 40 times as long: second requests to subgraphs would come although nothing is slow. */
function withoutHedges(file: string): string {
  const config = parse(readFileSync(file, 'utf8'));
  if (config.traffic_shaping?.all?.hedge === undefined) return file;
  config.traffic_shaping.all.hedge = { after: '5s' };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Returns the instructions of a gateway from its start to its end. */
async function count(config: string, supergraph: string, scenario: Scenario, amount: number): Promise<number> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/graphql`;
  // one thread collects garbage, so that its work does not depend on when threads run
  const node = [process.execPath, '--single-threaded-gc', join(ROOT, 'dist/cli.js'), 'start'];
  const flags = ['--supergraph', supergraph, '--host', '127.0.0.1', '--port', `${port}`, '--config', config];
  const valgrind = [
    '--tool=cachegrind',
    '--cache-sim=no',
    '--cachegrind-out-file=/dev/null',
    '--smc-check=all-non-file',
  ];
  const child = spawn('valgrind', [...valgrind, ...node, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output.text = `${output.text}${chunk}`.slice(-20_000);
    });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  try {
    await waitUntilReady(url, { child, output } as unknown as Running, performance.now());
    const { connections } = values;
    const load = { url, connections: Number(connections), amount, timeout: REQUEST_SECONDS };
    const { non2xx, errors } = await autocannon({ ...load, requests: requestsOf(scenario) });
    if (non2xx + errors > 0) throw new Error(`${scenario.name}: ${non2xx + errors} requests failed`);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  const total = /I\s+refs:\s+([\d,]+)/.exec(output.text)?.[1];
  if (total === undefined) throw new Error(`Valgrind counts nothing. It said:\n${output.text}`);
  return Number(total.replaceAll(',', ''));
}

async function countRequest(config: string, supergraph: string, scenario: Scenario): Promise<number> {
  const [few, many] = REQUESTS.get(scenario) ?? [0, 0];
  const counts = [few, many].map((amount) => count(config, supergraph, scenario, amount));
  const [ofFew = 0, ofMany = 0] = await Promise.all(counts);
  return (ofMany - ofFew) / (many - few);
}

const dir = mkdtempSync(join(tmpdir(), 'headgate-instructions-'));
const open: Running[] = [];
try {
  const subgraphs = await startStub(join(ROOT, 'bench/stub/start.ts'));
  open.push(subgraphs.running);
  const supergraph = join(dir, 'supergraph.graphql');
  writeFileSync(supergraph, supergraphFor(subgraphs.port));
  const helper = await feature.start?.();
  if (helper) open.push(helper.running);
  const none = (FEATURES.none as Feature).config(dir, supergraph, 0);
  const config = withoutHedges(feature.config(dir, supergraph, helper?.port ?? 0));
  const cells: string[] = [];
  for (const scenario of [main, varied, tiny]) {
    const without = await countRequest(none, supergraph, scenario);
    const withFeature = await countRequest(config, supergraph, scenario);
    const thousands = [without, withFeature].map((instructions) => (instructions / 1_000).toFixed(0));
    cells.push(`${(withFeature / without).toFixed(3)} (${thousands.join(' to ')})`);
    console.log(`${scenario.name}: ${cells.at(-1)}`);
  }
  console.log(`| ${feature.title}, Node ${process.version} | ${cells.join(' | ')} |`);
} finally {
  for (const one of open.reverse()) await one.stop();
  rmSync(dir, { recursive: true, force: true });
}
