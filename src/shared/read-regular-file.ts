import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** Opening a pipe without this flag waits until something writes to it, perhaps forever. Windows has no such flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads a text file. Throws system errors, and an `Error` with a `code` in words for a pipe, a socket or a device. */
export function readRegularFileSync(path: string): string {
  const file = openSync(path, FLAGS);
  try {
    checkRegular(fstatSync(file), path);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Does the same as {@link readRegularFileSync}, without blocking. */
export async function readRegularFile(path: string): Promise<string> {
  const file = await open(path, FLAGS);
  try {
    checkRegular(await file.stat(), path);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** What something is that is neither a file nor a folder, in words. */
export const NOT_A_FILE = 'it is a pipe, a socket or a device';

function checkRegular(stats: Stats, path: string): void {
  if (stats.isFile()) return;
  const code = stats.isDirectory() ? 'EISDIR' : NOT_A_FILE;
  throw Object.assign(new Error(`${path}: ${stats.isDirectory() ? 'it is a folder' : NOT_A_FILE}`), { code, path });
}
