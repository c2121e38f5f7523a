import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Longer than names of files usually are, and shorter than keys. */
const LONGEST_NAME = 40;
const SHORTEST_KEY = 20;

/**
 * Returns the path of a file with a key, for a message that the file cannot be read. A setting may have the key itself by mistake, so what
 * does not look like a path is not shown.
 */
export function pathWithoutSecrets(path: string): string {
  const name = basename(path);
  const isName =
    !/\s/.test(path) &&
    (name.includes('.') ||
      (name.length <= LONGEST_NAME && /[_-]/.test(name)) ||
      (name.length <= SHORTEST_KEY && existsSync(dirname(path))) ||
      path.split(/[\\/]/).every((segment) => /^[a-z]{0,20}$/.test(segment)));
  return isName ? path : 'the file (its name is not shown: it may be a key)';
}
