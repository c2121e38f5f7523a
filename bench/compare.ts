/**
 * Compares two commits of Headgate in one run: `npm run bench:compare -- [--base REV] [--pairs N] [--seconds N]`. Each
 * pair starts both gateways anew, since two processes of one build differ by up to a tenth (how V8 compiled them, where
 * their memory lies); within a pair the load goes to one and then to the other, so that what else the machine does hits
 * both alike. What a feature costs is measured by `together.ts`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ALONE_CONFIG, ROOT } from './gateways.ts';
import { checkAnswers, measureLoad, waitUntilReady } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { freePort, pinLoad, type Running, startNode, startStub } from './processes.ts';
import { interval } from './ratio.ts';
import { main, type Scenario, supergraphFor, tiny, varied } from './scenarios.ts';

interface Contender {
  readonly url: string;
  readonly running: Running;
}

const DEFAULT_BASE = '23e77b7';
const WARM_UP_SECONDS = 3;

const { values } = parseArgs({
  options: {
    base: { type: 'string', default: DEFAULT_BASE },
    pairs: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '3' },
  },
});
const load = { connections: 50, seconds: Number(values.seconds), warmUpSeconds: 0 } as BenchOptions;

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Checks out a commit beside the project, with the packages that it names, and bundles its CLI. */
function build(revision: string, dir: string): string {
  run('git', ['worktree', 'add', '--detach', '--force', dir, revision], ROOT);
  const sameLock = run('git', ['diff', '--name-only', revision, '--', 'package-lock.json'], ROOT) === '';
  if (sameLock)
    cpSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  else run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], dir);
  run('npm', ['run', 'build:cli', '--silent'], dir);
  return join(dir, 'dist/cli.js');
}

async function start(cli: string, supergraph: string): Promise<Contender> {
  const port = await freePort();
  const flags = ['--supergraph', supergraph, '--host', '127.0.0.1', '--port', `${port}`, '--config', ALONE_CONFIG];
  const startedAt = performance.now();
  const running = startNode([cli, 'start', ...flags], 'gateway');
  const url = `http://127.0.0.1:${port}/graphql`;
  await waitUntilReady(url, running, startedAt);
  return { url, running };
}

async function cpu({ url, running }: Contender, scenario: Scenario): Promise<number> {
  const { cpuMs, failures } = await measureLoad(url, scenario, running, load);
  if (failures > 0) throw new Error(`${scenario.name}: ${failures} requests failed`);
  return cpuMs;
}

/** One pair: the ratio of now to the base for each scenario, by processes started for it. */
async function measurePair(builds: Readonly<Record<'base' | 'now', string>>, supergraph: string, pair: number) {
  const names = pair % 2 === 0 ? (['base', 'now'] as const) : (['now', 'base'] as const);
  const contenders = new Map<string, Contender>();
  const ratios = new Map<Scenario, number>();
  try {
    for (const name of names) contenders.set(name, await start(builds[name], supergraph));
    for (const scenario of [main, varied, tiny]) {
      const spent = { base: 0, now: 0 };
      for (const name of names) {
        const contender = contenders.get(name) as Contender;
        if (pair === 0) await checkAnswers(contender.url, scenario);
        await measureLoad(contender.url, scenario, contender.running, { ...load, seconds: WARM_UP_SECONDS });
        spent[name] = await cpu(contender, scenario);
      }
      ratios.set(scenario, spent.now / spent.base);
    }
  } finally {
    for (const { running } of contenders.values()) await running.stop();
  }
  return ratios;
}

const dir = mkdtempSync(join(tmpdir(), 'headgate-compare-'));
let stub: Running | undefined;
try {
  const builds = { now: build('HEAD', join(dir, 'now')), base: build(values.base, join(dir, 'base')) };
  pinLoad();
  const subgraphs = await startStub(join(ROOT, 'bench/stub/start.ts'));
  stub = subgraphs.running;
  const supergraph = join(dir, 'supergraph.graphql');
  writeFileSync(supergraph, supergraphFor(subgraphs.port));
  const pairs: Map<Scenario, number>[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    pairs.push(await measurePair(builds, supergraph, pair));
    console.log(`pair ${pair + 1}: ${[...(pairs.at(-1)?.values() ?? [])].map((ratio) => ratio.toFixed(3)).join(' ')}`);
  }
  const cells = [main, varied, tiny].map((scenario) => {
    const { median, low, high } = interval(pairs.map((pair) => pair.get(scenario) ?? Number.NaN).sort((a, b) => a - b));
    return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  });
  const commit = run('git', ['rev-parse', '--short', 'HEAD'], ROOT).trim();
  console.log(
    `| ${commit} against ${values.base}, ${values.pairs} pairs, Node ${process.version} | ${cells.join(' | ')} |`,
  );
} finally {
  await stub?.stop();
  for (const name of ['base', 'now']) run('git', ['worktree', 'remove', '--force', join(dir, name)], ROOT);
  rmSync(dir, { recursive: true, force: true });
}
