import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const RUN = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));
const ENDURANCE = fileURLToPath(new URL('../../bench/endurance/run.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the bench runs from end to end: answers are checked, and a row and a chart are written', {
  timeout: 600_000,
}, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-bench-test-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const out = join(dir, 'performance.md');
  const args = ['--quick', '--gateways', 'headgate', '--seconds', '1', '--warm-up', '0', '--connections', '4'];
  const command = ['--import', 'tsx', RUN, ...args, '--from-sources', '--out', out];
  await promisify(execFile)(process.execPath, command, { cwd: ROOT });

  const load = String.raw`[\d.]+ ms · \d+/s`;
  const row = String.raw`^\| Headgate \| ${load} \| ${load} \| ${load} \| ${load} \(as shipped\) \| [\d.]+ ms \| \d+ MB \| \d+ ms \| 6 \|$`;
  expect(await readFile(out, 'utf8')).toMatch(new RegExp(row, 'm'));
  const bars = (await readFile(join(dir, 'performance.svg'), 'utf8')).match(/<rect class="ours"/g);
  expect(bars).toHaveLength(3);
});

test('a gateway that is not known is refused with those that are', async () => {
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', RUN, '--gateways', 'nginx'], { cwd: ROOT });
  await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('there are headgate, floor') });
});

test('the bench of endurance runs from end to end, and writes what it saw', { timeout: 600_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-endurance-test-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const out = join(dir, 'performance.md');
  const args = ['--seconds', '1', '--documents', '60', '--most', '100', '--from-sources', '--out', out];
  await promisify(execFile)(process.execPath, ['--import', 'tsx', ENDURANCE, ...args], { cwd: ROOT });

  const page = await readFile(out, 'utf8');
  expect(page).toMatch(/^\| 100 \| 11 KB \| [\d.]+ ms \| \d+ µs \|$/m);
  // On a busy machine requests may time out: how many failed is part of what the bench reports.
  expect(
    page.match(/^\| (tiny|main) \| (1|10|100|1000) \| [\d.]+ ms \| \d+ \| \d+ ms \| \d+ ms \| \d+ \|$/gm),
  ).toHaveLength(8);
  expect(page).toMatch(/^\| 10 \| [\d.]+ ms \| \d+ µs \|$/m);
  expect(page.match(/^\| (headgate|floor) \| \d+ \| \d+ \| ([\d.]+ ms \| ){3}[\d.]+ \|$/gm)).toHaveLength(2);
  expect(page).toMatch(/^60 distinct documents in \d+ s, .+\n(\d+, ){4}\d+ MB, at most \d+ MB; 0 failed\.$/m);
});
