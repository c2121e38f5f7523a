import { spawn } from 'node:child_process';
import { expect, onTestFinished, test, vi } from 'vitest';
import { freshClone } from '../package/clone.ts';

const PATIENCE = { timeout: 300_000, interval: 250 };

test('npm start builds, serves the demo, and ends the gateway when npm is ended', { timeout: 600_000 }, async () => {
  const clone = await freshClone();
  onTestFinished(() => clone.remove());
  const npm = spawn('npm', ['start'], { cwd: clone.dir, env: { ...process.env, PORT: '0' }, detached: true });
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
  const said = output.split('\n').filter((text) => !text.startsWith('>') && text !== '');
  expect(said.slice(0, 2)).toEqual([
    'Building Headgate and the demo services …',
    'Starting the demo services and the gateway …',
  ]);
  const url = line.exec(output)?.[1] ?? '';
  const query = '{ user(id: "u1") { id orders(first: 1) { items { product { id reviews(first: 1) { id } } } } } }';
  const answer = await fetch(`${url}?query=${encodeURIComponent(query)}`);
  expect(await answer.json()).toMatchObject({ data: { user: { id: 'u1' } } });

  npm.kill('SIGTERM');
  await vi.waitFor(() => expect(fetch(url)).rejects.toThrow(), PATIENCE);
  await ended;
});
