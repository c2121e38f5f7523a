import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';

const SCRIPTS: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.json']);

/** A text in quotes that begins like a relative path. Some are no imports; they do no harm. */
const RELATIVE = /['"](\.\.?\/[^'"\n]+)['"]/g;

/** More files than these are not followed. */
const MOST_FILES = 1_000;

/**
 * Returns the files that a module imports by relative paths, directly or through others, with the module itself first. Files that
 * do not exist are among them: they may be written later.
 */
export async function filesOfModule(file: string): Promise<string[]> {
  const found = new Set([resolve(file)]);
  for (const one of found) {
    for (const path of await relativePaths(one)) if (found.size < MOST_FILES) found.add(path);
  }
  return [...found];
}

async function relativePaths(file: string): Promise<string[]> {
  if (extname(file) === '.json') return [];
  const text = await readFile(file, 'utf8').catch(() => '');
  const paths = [...text.matchAll(RELATIVE)].map(([, path = '']) => path);
  return paths.filter((path) => SCRIPTS.has(extname(path))).map((path) => resolve(dirname(file), path));
}
