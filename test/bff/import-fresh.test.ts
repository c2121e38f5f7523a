import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { folderOf } from './support.ts';

/** Imports a module, changes a file that it imports through another one, and imports it again. */
const PROGRAM = `
import { utimesSync, writeFileSync } from 'node:fs';
import { importFresh } from '${join(import.meta.dirname, '../../src/bff/shapes/import-fresh.ts')}';
const [folder] = process.argv.slice(2);
const first = (await importFresh(folder + '/main.ts')).default;
writeFileSync(folder + '/value.ts', "export const value: string = 'second';");
utimesSync(folder + '/value.ts', new Date(), new Date(Date.now() + 10_000));
console.log(first, (await importFresh(folder + '/main.ts')).default);
`;

test('a module is read again when a file that it imports has changed', async () => {
  const dir = folderOf({
    'main.ts': "import { value } from './between.ts';\nexport default value;",
    'between.ts': "export * from './value.ts';",
    'value.ts': "export const value: string = 'first';",
    'program.mts': PROGRAM,
  });
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', join(dir, 'program.mts'), dir], {
    cwd: join(import.meta.dirname, '../..'),
  });
  expect(stdout).toBe('first second\n');
});
