/**
 * Measures what a feature costs: `npm run bench:together -- --with FEATURE [--rounds N]`. One process has two gateways, one with nothing
 * configured and one with the feature, and the load goes to one and to the other in turn. Two processes of one build differ by up to a
 * tenth, and by more on a busy machine (how V8 compiled them, where their memory lies); here, what is compiled and what the
 * machine does is the same for both. A change of the hot path itself needs two processes, see `compare.ts`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FEATURES } from './features.ts';
import { ALONE_CONFIG, ROOT } from './gateways.ts';
import { checkAnswers, measureRequests } from './measure.ts';
import { pinLoad, type Running, startNode, startStub } from './processes.ts';
import { interval } from './ratio.ts';
import { main, type Scenario, supergraphFor, tiny, varied } from './scenarios.ts';

/** Requests in a round, so that each takes about a third of a second. */
const REQUESTS: ReadonlyMap<Scenario, number> = new Map([
  [main, 300],
  [varied, 900],
  [tiny, 2_700],
]);
const WARM_UP_ROUNDS = 8;

const { values } = parseArgs({
  options: { with: { type: 'string', default: '' }, rounds: { type: 'string', default: '40' } },
});
const feature = FEATURES[values.with];
if (feature === undefined) throw new Error(`--with: expected one of ${Object.keys(FEATURES).join(', ')}`);

async function portsOf({ child, output }: Running): Promise<readonly number[]> {
  for (let i = 0; i < 600 && child.exitCode === null; i++) {
    const line = /^\[.*\]$/m.exec(output.text)?.[0];
    if (line) return JSON.parse(line);
    await sleep(50);
  }
  throw new Error(`The gateways do not start. They said:\n${output.text}`);
}

/** Returns the ratio of each round, the smallest first. */
async function ratiosOf(scenario: Scenario, urls: readonly string[], running: Running): Promise<number[]> {
  for (const url of urls) await checkAnswers(url, scenario);
  const requests = REQUESTS.get(scenario) ?? 0;
  const ratios: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < Number(values.rounds); round++) {
    const spent = [0, 0];
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0])
      spent[at] = await measureRequests(urls[at] ?? '', scenario, running, requests);
    if (round >= 0) ratios.push((spent[1] ?? 0) / (spent[0] ?? 0));
  }
  return ratios.sort((a, b) => a - b);
}

const dir = mkdtempSync(join(tmpdir(), 'headgate-together-'));
const open: Running[] = [];
try {
  pinLoad();
  const subgraphs = await startStub(join(ROOT, 'bench/stub/start.ts'));
  open.push(subgraphs.running);
  const supergraph = join(dir, 'supergraph.graphql');
  writeFileSync(supergraph, supergraphFor(subgraphs.port));
  const helper = await feature.start?.();
  if (helper) open.push(helper.running);
  const configs = [ALONE_CONFIG, feature.config(dir, supergraph, helper?.port ?? 0)];
  // as `headgate start` configures V8
  const args = ['--no-allocation-site-pretenuring', '--import', 'tsx', join(ROOT, 'bench/stub/two-gateways.ts')];
  const running = startNode(args, 'gateway', { CONFIGS: JSON.stringify(configs), SUPERGRAPH: supergraph });
  open.push(running);
  const urls = (await portsOf(running)).map((port) => `http://127.0.0.1:${port}/graphql`);
  const cells: string[] = [];
  for (const scenario of [main, varied, tiny]) {
    const { median, low, high } = interval(await ratiosOf(scenario, urls, running));
    cells.push(`${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`);
    console.log(`${scenario.name}: ${cells.at(-1)}`);
  }
  console.log(`| ${feature.title}, ${values.rounds} rounds, Node ${process.version} | ${cells.join(' | ')} |`);
} finally {
  for (const one of open.reverse()) await one.stop();
  rmSync(dir, { recursive: true, force: true });
}
