import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Cores by what runs on them: the gateway alone on one, load and subgraphs on another. Nowhere in particular without `taskset`. */
const CORES = { gateway: 1, load: 0 };

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;

/** This process, and what it starts from now on, stays on the core for load. Returns whether that could be done. */
export function pinLoad(): boolean {
  return canPin && spawnSync('taskset', ['-apc', `${CORES.load}`, `${process.pid}`]).status === 0;
}

/** A Node process with all that it has started. */
export interface Running {
  readonly child: ChildProcess;
  /** What it said so far, on both streams. */
  readonly output: { text: string };
  /** Milliseconds of CPU that it, and those below it, have used. */
  cpuMs(): number;
  /** The largest resident size of each so far, together, in MB. */
  peakMb(): number;
  /** The resident size now, together, in MB. */
  residentMb(): number;
  stop(): Promise<void>;
}

export function startNode(
  args: readonly string[],
  role: keyof typeof CORES,
  env: Readonly<Record<string, string>> = {},
): Running {
  const pin = canPin ? ['taskset', '-c', `${CORES[role]}`] : [];
  const [program = '', ...rest] = [...pin, process.execPath, ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      // The begin says why it does not start; a gateway that logs each request must not fill the memory.
      if (output.text.length < 20_000) output.text += chunk;
    });
  }
  const pids = () => (child.pid === undefined ? [] : treeOf(child.pid));
  return {
    child,
    output,
    cpuMs: () => sum(pids().map(cpuMsOf)),
    peakMb: () => sum(pids().map((pid) => sizeOf(pid, 'VmHWM'))),
    residentMb: () => sum(pids().map((pid) => sizeOf(pid, 'VmRSS'))),
    stop: () => stop(child, pids()),
  };
}

/** Starts a program of subgraphs, or another one that says its port first. Throws where it says none within half a minute. */
export async function startStub(
  program: string,
  env: Readonly<Record<string, string>> = {},
  role: keyof typeof CORES = 'load',
  nodeArgs: readonly string[] = [],
): Promise<{ readonly running: Running; readonly port: number }> {
  const running = startNode([...nodeArgs, '--import', 'tsx', program], role, env);
  for (let i = 0; i < 600 && running.child.exitCode === null; i++) {
    const port = /^\d+$/m.exec(running.output.text)?.[0];
    if (port) return { running, port: Number(port) };
    await sleep(50);
  }
  throw new Error(`The stub of the subgraphs does not start. It said:\n${running.output.text}`);
}

async function stop(child: ChildProcess, pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGTERM');
  for (let i = 0; i < 50 && pids.some(isAlive); i++) await sleep(100);
  for (const pid of pids.filter(isAlive)) signal(pid, 'SIGKILL');
  while (child.exitCode === null && child.signalCode === null) await sleep(20);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

function treeOf(pid: number): number[] {
  const below = listTasks(pid).flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' '));
  return [pid, ...below.filter(Boolean).flatMap((child) => treeOf(Number(child)))];
}

function listTasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  return /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`));
}

let ticksPerSecond: number | undefined;

/** The time that its threads have run, in nanoseconds, where the kernel counts it; else user and system time, in ticks of 10 ms. */
function cpuMsOf(pid: number): number {
  const times = listTasks(pid).map((task) => Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]));
  return times.some((time) => time > 0) ? sum(times) / 1e6 : cpuMsInTicks(pid);
}

/** User and system time, which are the 14th and 15th field (proc_pid_stat(5)). */
function cpuMsInTicks(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1000) / ticksPerSecond;
}

function sizeOf(pid: number, key: 'VmHWM' | 'VmRSS'): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}

/** Nothing where the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
