import { statSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

let hooked = false;

/**
 * Imports a module of the user's, JavaScript or TypeScript as far as it can be erased (see `typescript-hooks.ts`). It is
 * read again when it has changed, with what it imports from beside it. Throws what the module throws, and where it cannot
 * be read.
 */
export function importFresh(file: string): Promise<Readonly<Record<string, unknown>>> {
  hook();
  const url = pathToFileURL(resolve(file));
  url.search = `?read=${Math.floor(statSync(file).mtimeMs)}`;
  return import(url.href);
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  const isSource = import.meta.url.endsWith('.ts');
  try {
    // hooks run in a thread of their own, from a file of their own, also where this code is part of a bundle
    if (isSource) register('./typescript-hooks.ts', import.meta.url);
    else register('./dist/bff/shapes/typescript-hooks.js', import.meta.resolve('headgate/package.json'));
  } catch (error) {
    // a test runner that reads our own sources by its own means reads such modules by them, too
    if (!isSource) throw error;
  }
}
