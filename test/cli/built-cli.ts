import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const POLL_MS = 100;

/**
 * Returns the path of `dist/cli.js`, built from the sources for this run of the tests by whichever test needs it first.
 * It starts in a fraction of the time that the sources take.
 */
export function builtCli(): string {
  return join(builtPackage(), 'dist/cli.js');
}

/** Returns the folder of the package with that build: `dist/`, `package.json`, and the demo's files. */
export function builtPackage(): string {
  const folder = process.env.HEADGATE_TEST_BUILD;
  if (!folder) throw new Error('HEADGATE_TEST_BUILD is not set: test/global-setup.ts sets it.');
  const [done, failed] = [join(folder, 'done'), join(folder, 'failed')];
  if (existsSync(done)) return folder;
  if (isFirst(folder)) buildInto(folder, done, failed);
  while (!existsSync(done)) {
    if (existsSync(failed)) throw new Error('The build for the tests failed; another test file says why.');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  return folder;
}

/** Whether no other test file builds already: only one of them can make the folder. It is not `dist`, which the build removes first. */
function isFirst(folder: string): boolean {
  try {
    mkdirSync(join(folder, 'building'));
    return true;
  } catch {
    return false;
  }
}

function buildInto(folder: string, done: string, failed: string): void {
  try {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs'), '--dist', join(folder, 'dist')], {
      stdio: 'pipe',
    });
    copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    for (const name of ['schemas', 'bff', 'headgate.yaml']) symlinkSync(join(ROOT, name), join(folder, name));
    writeFileSync(done, '');
  } catch (error) {
    writeFileSync(failed, '');
    throw error;
  }
}
