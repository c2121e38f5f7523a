import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NEEDED = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src', 'subgraphs', 'schemas', 'bff'];
const PATIENCE = { timeout: 150_000, interval: 250 };

/** What a clone has after `npm ci`: no build yet. */
async function freshClone(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-clone-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const name of NEEDED) await cp(join(ROOT, name), join(dir, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

test('npm start builds, serves the demo, and takes the gateway along when it is ended', {
  timeout: 180_000,
}, async () => {
  const npm = spawn('npm', ['start'], { cwd: await freshClone(), env: { ...process.env, PORT: '0' }, detached: true });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise((resolve) => npm.on('close', resolve));
  onTestFinished(async () => {
    // The whole group, in case that npm ended alone.
    if (npm.pid !== undefined && (await Promise.race([ended.then(() => true), false])) === false) {
      process.kill(-npm.pid, 'SIGKILL');
    }
  });

  const line = /^Headgate listening on (http:\S+)$/m;
  await vi.waitFor(() => expect(output).toMatch(line), PATIENCE);
  const url = line.exec(output)?.[1] ?? '';
  const query = '{ user(id: "u1") { id orders(first: 1) { items { product { id reviews(first: 1) { id } } } } } }';
  const answer = await fetch(`${url}?query=${encodeURIComponent(query)}`);
  expect(await answer.json()).toMatchObject({ data: { user: { id: 'u1' } } });

  npm.kill('SIGTERM');
  await vi.waitFor(() => expect(fetch(url)).rejects.toThrow(), PATIENCE);
  await ended;
});
