import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'test', 'bench']);

export interface Clone {
  readonly dir: string;
  remove(): Promise<void>;
}

/** Returns what a clone has after `npm ci`, without tests: no build yet. */
export async function freshClone(): Promise<Clone> {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-clone-'));
  await cp(ROOT, dir, { recursive: true, filter: (path) => !LEFT_OUT.has(path.slice(ROOT.length)) });
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
