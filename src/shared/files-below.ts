import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file or a folder below a root. Links are followed. */
export interface FoundEntry {
  /** The path, with the root: `schemas/shop/products.graphql`. */
  readonly path: string;
  readonly name: string;
  /** `undefined` for a broken link. */
  readonly stats: BigIntStats | undefined;
}

/**
 * Lists the files and folders below a folder, sorted by name, each folder before its content. Skips `node_modules` and names that
 * begin with a dot. Rejects if the folder itself cannot be read; folders below it without permission count as empty. Rejects also if the
 * system cannot read one of them right now (`EMFILE`).
 */
export async function entriesBelow(root: string): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  await walk(root, await readdir(root), new Set(), found);
  return found;
}

/** @param above the parent folders, by device and inode: a link to one of them would be a cycle */
async function walk(
  dir: string,
  names: readonly string[],
  above: ReadonlySet<string>,
  found: FoundEntry[],
): Promise<void> {
  const counted = names.filter((name) => !name.startsWith('.') && name !== 'node_modules').sort();
  const all = await Promise.all(counted.map((name) => entryAt(join(dir, name), name)));
  for (const entry of all) {
    const { stats, path } = entry;
    const id = stats && `${stats.dev}:${stats.ino}`;
    if (id !== undefined && above.has(id)) continue;
    found.push(entry);
    if (id === undefined || !stats?.isDirectory()) continue;
    await walk(path, await namesIn(path), new Set([...above, id]), found);
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return [];
    throw error;
  }
}

/** Returns whether a file or folder was removed. */
export function isGone(error: unknown): boolean {
  return GONE.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Returns whether permissions forbid something. */
export function isForbidden(error: unknown): boolean {
  return FORBIDDEN.has((error as NodeJS.ErrnoException).code ?? '');
}

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);

async function entryAt(path: string, name: string): Promise<FoundEntry> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return { path, name, stats };
}
