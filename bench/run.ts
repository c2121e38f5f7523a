/**
 * Measures Headgate beside other gateways: `npm run bench -- [options]`. It needs Linux, for what a gateway costs is read
 * from /proc.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseGateways, type GatewaySetup, ROOT } from './gateways.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { pinLoad, startStub } from './processes.ts';
import { printTable, writeReport } from './report.ts';
import { measureGateway, type Row } from './row.ts';
import { supergraphFor } from './scenarios.ts';

function install({ install: folder }: GatewaySetup): void {
  if (folder === undefined) return;
  const dir = join(ROOT, 'bench/gateways', folder);
  if (existsSync(join(dir, 'node_modules'))) return;
  console.log(`installing what is in ${dir}/package.json`);
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], { cwd: dir, stdio: 'inherit' });
}

async function measureAll(gateways: readonly GatewaySetup[], options: BenchOptions): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
  const { running: stub, port } = await startStub(join(ROOT, 'bench/stub/start.ts'));
  try {
    const supergraph = join(dir, 'supergraph.graphql');
    writeFileSync(supergraph, supergraphFor(port));
    const place = { supergraph, subgraphs: `http://127.0.0.1:${port}`, fromSources: options.fromSources };
    const rows: Row[] = [];
    for (const gateway of gateways) {
      console.log(`measuring ${gateway.title}`);
      rows.push(await measureGateway(gateway, place, options));
    }
    return rows;
  } finally {
    await stub.stop();
    rmSync(dir, { recursive: true });
  }
}

async function run(options: BenchOptions): Promise<void> {
  const gateways = chooseGateways(options.gateways);
  for (const gateway of gateways) install(gateway);
  const pinned = pinLoad();
  const rows = await measureAll(gateways, options);
  writeReport(rows, options, pinned);
  console.log(`\n${printTable(rows)}\nwritten to ${options.out}`);
}

try {
  await run(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = 1;
}
