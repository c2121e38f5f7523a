import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file or a folder below a root. Links count as what they lead to. */
export interface FoundEntry {
  /** The root and the way from there: `schemas/shop/products.graphql`. */
  readonly path: string;
  readonly name: string;
  /** `undefined` for a link that leads nowhere. */
  readonly stats: BigIntStats | undefined;
}

/**
 * Returns the files and folders below a folder, each folder before what is in it, sorted by name. Names that begin with a dot and
 * `node_modules` are left out, with all below them. Rejects when the folder itself cannot be read; a folder below it that cannot be
 * read counts as empty.
 */
export async function entriesBelow(root: string): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  await walk(root, await readdir(root), new Set(), found);
  return found;
}

/** @param above the folders on the way here, by device and inode: a link to one of them would lead in a circle */
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
    await walk(path, await readdir(path).catch(() => []), new Set([...above, id]), found);
  }
}

async function entryAt(path: string, name: string): Promise<FoundEntry> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return { path, name, stats };
}
