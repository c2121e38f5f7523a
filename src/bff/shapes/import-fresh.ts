import { statSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NOT_A_FILE } from '../../shared/read-regular-file.ts';
import { filesOfModule } from '../../shared/relative-imports.ts';

let isRegistered = false;

/**
 * Imports a user's module in JavaScript or erasable TypeScript (see `typescript-hooks.ts`). A changed module is read again,
 * together with its relative imports. Rejects with the error of the module, or where it cannot be read.
 */
export async function importFresh(file: string): Promise<Readonly<Record<string, unknown>>> {
  registerHooks();
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error('file not found');
  // importing a pipe would block forever
  if (!stats.isFile()) throw new Error(`${NOT_A_FILE}; expected a file.`);
  const url = pathToFileURL(resolve(file));
  url.search = `?read=${await lastChange(file)}`;
  return import(url.href);
}

/** Returns when a module or one of its relative imports was changed last. */
async function lastChange(file: string): Promise<number> {
  const files = await filesOfModule(file);
  const times = files.map((one) => statSync(one, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.floor(Math.max(...times));
}

function registerHooks(): void {
  if (isRegistered) return;
  isRegistered = true;
  const isSource = import.meta.url.endsWith('.ts');
  try {
    // hooks run in their own thread, from their own file, even where this code is part of a bundle
    if (isSource) register('./typescript-hooks.ts', import.meta.url);
    else register('./dist/bff/shapes/typescript-hooks.js', import.meta.resolve('headgate/package.json'));
  } catch (error) {
    // a test runner with its own loader also loads these modules
    if (!isSource) throw error;
  }
}
