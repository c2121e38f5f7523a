import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Counts, Fault, Order } from './faulty-subgraph.ts';

const PROGRAM = fileURLToPath(new URL('faulty-subgraph.ts', import.meta.url));
const READY_MS = 60_000;

/** A subgraph that runs in a process of its own. */
export interface FaultySubgraph {
  readonly url: string;
  /** Resolves when the subgraph behaves like that. */
  set(fault: Fault): Promise<Counts>;
  counts(): Promise<Counts>;
  stop(): void;
}

/**
 * @param port 0 for any
 * @param host an address of this machine
 */
export async function startSubgraph(port = 0, host = '127.0.0.1'): Promise<FaultySubgraph> {
  const child = fork(PROGRAM, [String(port), host], { execArgv: ['--import', 'tsx'] });
  child.setMaxListeners(0);
  const next = () =>
    new Promise<Counts>((resolve, reject) => {
      child.once('message', (counts) => resolve(counts as Counts));
      child.once('exit', (code) => reject(new Error(`The subgraph has ended with code ${code}.`)));
    });
  const order = (message: Order) => {
    const counts = next();
    child.send(message);
    return counts;
  };
  const first = await next();
  return {
    url: `http://${host}:${first.port}/graphql`,
    set: (fault) => order({ fault }),
    counts: () => order({}),
    stop: () => void child.kill('SIGKILL'),
  };
}

export interface WorldOptions {
  /** The file of the CLI. */
  readonly cli: string;
  /** The URLs of each subgraph: the first has the field `s0`, the second `s1`, … */
  readonly subgraphs: readonly (readonly string[])[];
  /** Further schemas, by the names of their files. */
  readonly schemas?: Readonly<Record<string, string>>;
  /** The config: JSON, which is YAML, too. `subgraphs.sN.urls` is added where a subgraph has several. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Settings of each subgraph in `subgraphs`. */
  readonly ofEach?: Readonly<Record<string, unknown>>;
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A gateway in a process of its own. */
export interface World {
  readonly url: string;
  /** What it has logged. */
  log(): string;
  /** Sends SIGTERM; resolves when the process has ended. */
  terminate(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a gateway over subgraphs. Throws with its output if it does not start. */
export async function startWorld({
  cli,
  subgraphs,
  schemas = {},
  config,
  ofEach,
  nodeFlags = [],
  env,
}: WorldOptions): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-faults-'));
  mkdirSync(join(dir, 'schemas'));
  const own: Record<string, unknown> = {};
  for (const [at, urls] of subgraphs.entries()) {
    writeFileSync(join(dir, `schemas/s${at}.graphql`), schemaOf(at, urls[0] ?? ''));
    if (urls.length > 1) own[`s${at}`] = { urls: urls.map((url) => ({ url })), ...ofEach };
  }
  for (const [name, text] of Object.entries(schemas)) writeFileSync(join(dir, `schemas/${name}.graphql`), text);
  const file = join(dir, 'headgate.yaml');
  writeFileSync(file, JSON.stringify({ subgraphs: own, ...config }));
  const args = [...nodeFlags, cli, 'start', '--host', '127.0.0.1', '--port', '0', '--config', file];
  const child = spawn(process.execPath, [...args, '--schemas', join(dir, 'schemas')], {
    cwd: dir,
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const stop = async () => {
    await end(child, 'SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  const url = await found(/^Headgate listening on (\S+)$/m, () => output, child);
  if (url !== undefined) return { url, log: () => output, terminate: () => end(child, 'SIGTERM'), stop };
  await stop();
  throw new Error(`The gateway does not start:\n${output}`);
}

function schemaOf(at: number, url: string): string {
  return `extend schema @subgraph(url: "${url}")
type Query { s${at}(n: Int): String }
type Mutation { m${at}(n: Int): String }`;
}

async function found(line: RegExp, text: () => string, child: ChildProcess): Promise<string | undefined> {
  for (const start = performance.now(); performance.now() - start < READY_MS; await sleep(20)) {
    const [, url] = line.exec(text()) ?? [];
    if (url !== undefined || child.exitCode !== null) return url;
  }
  return undefined;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}
