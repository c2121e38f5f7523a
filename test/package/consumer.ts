import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { freshClone } from './clone.ts';

const run = promisify(execFile);
const PATIENCE = { timeout: 120_000, interval: 250 };

/** A folder that was empty, with packages installed into it, and the Node that runs what is in it. */
export class Consumer {
  readonly dir: string;
  private readonly env: NodeJS.ProcessEnv;
  private readonly running: ChildProcess[] = [];

  static async arrive(node = process.execPath): Promise<Consumer> {
    return new Consumer(await mkdtemp(join(tmpdir(), 'headgate-consumer-')), node);
  }

  private constructor(dir: string, node: string) {
    this.dir = dir;
    // npm's own variables would have the npm inside take this project for its own.
    const env = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    this.env = { ...Object.fromEntries(env), PATH: [dirname(node), process.env.PATH].join(delimiter) };
  }

  async leave(): Promise<void> {
    for (const child of this.running) child.kill('SIGKILL');
    await rm(this.dir, { recursive: true, force: true });
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.dir, name)), { recursive: true });
    await writeFile(join(this.dir, name), text);
  }

  /** Runs a command to its end; returns what it printed. Throws when it fails. */
  async run(command: string, ...args: string[]): Promise<string> {
    const { stdout, stderr } = await run(command, args, { cwd: this.dir, env: this.env });
    return stdout + stderr;
  }

  headgate(...args: string[]): Promise<string> {
    return this.run(join(this.dir, 'node_modules/.bin/headgate'), ...args);
  }

  /** Starts a command that stays; returns the URL that it prints. */
  async serve(command: string, ...args: string[]): Promise<string> {
    const child = spawn(command, args, { cwd: this.dir, env: this.env });
    this.running.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const url = /http:\/\/127\.0\.0\.1:\d+\/graphql/;
    await vi.waitFor(() => expect(output).toMatch(url), PATIENCE);
    return url.exec(output)?.[0] ?? '';
  }
}

/** Builds the package in a fresh clone, and returns the path of the `.tgz`. */
export async function packPackage(target: string): Promise<string> {
  const clone = await freshClone();
  try {
    await run('npm', ['pack', '--pack-destination', target], { cwd: clone.dir });
  } finally {
    await clone.remove();
  }
  return join(target, 'headgate-0.1.0.tgz');
}
