/**
 * Measures how long a change of the schema holds up requests: `npm run bench:swap [-- --workers 2]`. Starts the built gateway
 * over two subgraphs of 400 types each, and then over a supergraph file of the same types. Replaces the schema while requests run,
 * and prints the longest time for which the event loop of the gateway stood still, and how many requests failed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadSupergraph } from '../../src/composition/load-supergraph.ts';
import { bigSchema, TYPES } from './big-schemas.ts';

const SWAPS = 5;
const CLIENTS = 4;
/** How long stalls are measured without a swap, to see what the machine itself does. */
const WITHOUT_SWAP_MS = 4_000;
const PROBE = fileURLToPath(new URL('event-loop-probe.mjs', import.meta.url));
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

const { values } = parseArgs({ options: { cli: { type: 'string', default: CLI } } });

interface Gateway {
  readonly url: string;
  readonly process: ChildProcess;
}

const dir = mkdtempSync(join(tmpdir(), 'headgate-swap-'));
const stub = await startStub();
try {
  console.log(
    `| 2 × ${TYPES} types, ${SWAPS} swaps | longest stall without a swap | with it: median | worst | most CPU time between two turns: median | worst | until served | requests | failed |`,
  );
  console.log('| --- | --: | --: | --: | --: | --: | --: | --: | --: |');
  await measure('a folder of schemas', ['--schemas', dir], writeSchemas);
  const file = join(dir, 'composed-supergraph.sdl');
  await measure('a supergraph file', ['--supergraph', file], async (version) => {
    writeSchemas(version);
    const loaded = await loadSupergraph({ schemasDir: dir }, { SWAP_SUBGRAPHS: stub.url });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    writeFileSync(file, loaded.update.sdl);
  });
} finally {
  stub.server.close();
  stub.server.closeAllConnections();
  rmSync(dir, { recursive: true, force: true });
}

function writeSchemas(version: number): void {
  for (const name of ['left', 'right'] as const) writeFileSync(join(dir, `${name}.graphql`), bigSchema(name, version));
}

/** Prints a row of the table. */
async function measure(title: string, flags: readonly string[], write: (version: number) => unknown): Promise<void> {
  await write(1);
  const gateway = await startGateway(flags);
  try {
    await servesVersion(gateway, 1);
    const load = startLoad(gateway);
    await sleep(1_000);
    await longestStall(gateway);
    await sleep(WITHOUT_SWAP_MS);
    const usual = await longestStall(gateway);
    const stalls: Stall[] = [];
    const times: number[] = [];
    for (let version = 2; version < 2 + SWAPS; version++) {
      await longestStall(gateway);
      const start = performance.now();
      await write(version);
      await servesVersion(gateway, version);
      times.push(performance.now() - start);
      await sleep(1_500);
      stalls.push(await longestStall(gateway));
    }
    const { sent, failed } = await load.stop();
    const [walls, cpus] = [stalls.map(({ wall }) => wall), stalls.map(({ cpu }) => cpu)];
    const measured = [usual.wall, median(walls), Math.max(...walls), median(cpus), Math.max(...cpus), median(times)];
    const cells = [title, ...measured.map(print), sent, failed];
    console.log(`| ${cells.join(' | ')} |`);
  } finally {
    gateway.process.kill('SIGTERM');
    if (gateway.process.exitCode === null) await once(gateway.process, 'exit');
  }
}

async function startGateway(flags: readonly string[]): Promise<Gateway> {
  const args = ['start', ...flags, '--port', '0', '--host', '127.0.0.1'];
  const process = fork(values.cli, args, {
    cwd: dir,
    execArgv: ['--import', PROBE],
    env: { ...globalThis.process.env, NODE_ENV: 'production', SWAP_SUBGRAPHS: stub.url, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  for await (const chunk of process.stdout ?? []) {
    output += chunk;
    const url = /listening on (\S+)/.exec(output)?.[1];
    if (url === undefined) continue;
    process.stdout?.resume();
    return { url, process };
  }
  throw new Error(`The gateway does not start. It printed:\n${output}`);
}

/** In milliseconds: see `event-loop-probe.mjs`. */
interface Stall {
  readonly wall: number;
  readonly cpu: number;
}

/** Returns the longest stall since the last call. */
async function longestStall({ process }: Gateway): Promise<Stall> {
  process.send('longest stall');
  const [{ longest }] = await once(process, 'message');
  return longest;
}

async function servesVersion(gateway: Gateway, version: number): Promise<void> {
  const query = `{ leftVersion${version} rightVersion${version} }`;
  while (!(await isAnswered(gateway, query))) await sleep(25);
}

async function isAnswered({ url }: Gateway, query: string): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    const { errors } = (await response.json()) as { errors?: unknown };
    return response.status === 200 && errors === undefined;
  } catch {
    return false;
  }
}

/** Sends requests without a pause until it is stopped. */
function startLoad(gateway: Gateway) {
  const counts = { sent: 0, failed: 0 };
  let stopped = false;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!stopped) {
      const item = counts.sent++ % 50;
      const query = `{ leftItem${item}(id: "1") { id leftField1 rightField1 rightNext { id } } rightList${item} { id } }`;
      if (!(await isAnswered(gateway, query))) counts.failed++;
      await sleep(5);
    }
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(clients);
      return counts;
    },
  };
}

/** A server that answers as both subgraphs. */
async function startStub(): Promise<{ server: Server; url: string }> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { query, variables } = JSON.parse(body) as { query: string; variables?: { [name: string]: unknown } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: answer(query, variables ?? {}) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Answers every root field of a query: versions are numbers, items and lists of items have fields with texts. */
function answer(query: string, variables: { [name: string]: unknown }): object {
  const data: Record<string, unknown> = {};
  const item = { id: '1', leftField1: 'a', rightField1: 'b' };
  const full = { ...item, leftNext: item, rightNext: item };
  for (const [field] of query.matchAll(/(?:left|right)(?:Version|Item|List)\d+/g)) {
    data[field] = field.includes('Version') ? 1 : field.includes('List') ? [full] : full;
  }
  const representations = Object.values(variables).find(Array.isArray);
  if (query.includes('_entities')) data._entities = representations?.map(() => full) ?? [full];
  return data;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function print(milliseconds: number): string {
  return `${milliseconds.toFixed(0)} ms`;
}
