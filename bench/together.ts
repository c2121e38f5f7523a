/**
 * Measures what a feature costs: `npm run bench:together -- --with FEATURE [--launches N] [--rounds N]`. One process has two gateways, one
 * with nothing configured and one with the feature, and the load goes to one and to the other in turn. Two processes of one build
 * differ by up to a tenth, and by more on a busy machine (how V8 compiled them, where their memory lies); here, what the machine does
 * is the same for both. Two equal gateways in one process differ by a few per cent, too: so each launch begins with the other one, and the
 * interval is that of the launches. `--with none` shows it. A change of the hot path itself needs two processes, see `compare.ts`;
 * `instructions.ts` counts instead of measuring time.
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
const SCENARIOS = [main, varied, tiny];
const WARM_UP_ROUNDS = 4;

const { values } = parseArgs({
  options: {
    with: { type: 'string', default: '' },
    launches: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '8' },
  },
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

/** Returns the median ratio of the second gateway to the first. */
async function ratioOf(scenario: Scenario, urls: readonly string[], running: Running): Promise<number> {
  for (const url of urls) await checkAnswers(url, scenario);
  const requests = REQUESTS.get(scenario) ?? 0;
  const ratios: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < Number(values.rounds); round++) {
    const spent = [0, 0];
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0])
      spent[at] = await measureRequests(urls[at] ?? '', scenario, running, requests);
    if (round >= 0) ratios.push((spent[1] ?? 0) / (spent[0] ?? 0));
  }
  return interval(ratios.sort((a, b) => a - b)).median;
}

/** Starts a process with both gateways. Returns what the feature costs in each scenario. */
async function launch(configs: readonly string[], supergraph: string, isReverse: boolean): Promise<readonly number[]> {
  const inOrder = isReverse ? [...configs].reverse() : configs;
  // as `headgate start` configures V8
  const args = ['--no-allocation-site-pretenuring', '--import', 'tsx', join(ROOT, 'bench/stub/two-gateways.ts')];
  const running = startNode(args, 'gateway', { CONFIGS: JSON.stringify(inOrder), SUPERGRAPH: supergraph });
  try {
    const urls = (await portsOf(running)).map((port) => `http://127.0.0.1:${port}/graphql`);
    const costs: number[] = [];
    for (const scenario of SCENARIOS) {
      const ratio = await ratioOf(scenario, urls, running);
      costs.push(isReverse ? 1 / ratio : ratio);
    }
    return costs;
  } finally {
    await running.stop();
  }
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
  const costs: (readonly number[])[] = [];
  for (let i = 0; i < Number(values.launches); i++) {
    costs.push(await launch(configs, supergraph, i % 2 === 1));
    console.log(
      `launch ${i + 1}: ${costs
        .at(-1)
        ?.map((cost) => cost.toFixed(3))
        .join(' ')}`,
    );
  }
  const cells = SCENARIOS.map((_, at) => {
    const { median, low, high } = interval(costs.map((cost) => cost[at] ?? Number.NaN).sort((a, b) => a - b));
    return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  });
  console.log(`| ${feature.title}, ${values.launches} launches, Node ${process.version} | ${cells.join(' | ')} |`);
} finally {
  for (const one of open.reverse()) await one.stop();
  rmSync(dir, { recursive: true, force: true });
}
