import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, extname, relative, resolve } from 'node:path';

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

/**
 * Returns a digest of modules and of the files that they import by relative paths. It does not depend on the folder that they are in, so
 * that several machines have the same.
 */
export async function digestOfModules(modules: readonly string[]): Promise<string> {
  const digest = createHash('sha256');
  for (const module of modules) {
    for (const file of await filesOfModule(module)) {
      const text = await readFile(file).catch(() => '');
      digest.update(`${relative(dirname(module), file)}\0${text.length}\0`).update(text);
    }
  }
  return digest.digest('base64url');
}

async function relativePaths(file: string): Promise<string[]> {
  if (extname(file) === '.json') return [];
  const text = await readFile(file, 'utf8').catch(() => '');
  const paths = [...text.matchAll(RELATIVE)].map(([, path = '']) => path);
  return paths.filter((path) => SCRIPTS.has(extname(path))).map((path) => resolve(dirname(file), path));
}
