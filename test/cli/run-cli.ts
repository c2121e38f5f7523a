import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { builtCli } from './built-cli.ts';

/** A folder with these files (paths may have folders), removed when the test is over. */
export async function project(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-cli-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `headgate` process in a folder, ended when the test is over. */
export function startCli(
  cwd: string,
  args: readonly string[],
  input = '',
  nodeFlags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  const child = spawn(process.execPath, [...nodeFlags, builtCli(), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += chunk));
  child.stderr.on('data', (chunk) => (output.stderr += chunk));
  child.stdin.end(input);
  const ended = new Promise<Run>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { pid: child.pid as number, output, ended, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

/** Runs `headgate ARGS` to its end. */
export function runCli(cwd: string, args: readonly string[], input = ''): Promise<Run> {
  return startCli(cwd, args, input).ended;
}
