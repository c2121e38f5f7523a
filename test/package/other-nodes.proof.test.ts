import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { describeInstalled } from './installed.ts';

const run = promisify(execFile);
const folders: string[] = [];

afterAll(() => Promise.all(folders.map((dir) => rm(dir, { recursive: true, force: true }))));

/** Installs the npm package `node`, which brings the program, and returns the path of that. */
async function installNode(major: number): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), `headgate-node-${major}-`));
  folders.push(dir);
  await run('npm', ['install', '--prefix', dir, '--no-audit', '--no-fund', `node@${major}`], { cwd: dir });
  return join(dir, 'node_modules/node/bin/node');
}

for (const major of [22, 24, 26])
  describeInstalled(`the package, installed with Node ${major}`, () => installNode(major));
