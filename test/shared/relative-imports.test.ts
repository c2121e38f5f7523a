import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digestOfModules, filesOfModule } from '../../src/shared/relative-imports.ts';
import { folderOf } from '../bff/support.ts';

it('finds what a module imports by relative paths, once each, also through other files and in circles', async () => {
  const dir = folderOf({
    'plugins/main.ts':
      "import { a } from './a.ts';\nimport data from '../data.json' with { type: 'json' };\nimport 'graphql';",
    'plugins/a.ts': "export const b = await import('./b.mjs'); export const a = './no-script.txt';",
    'plugins/b.mjs': 'export * from "./main.ts"; import "./not-there-yet.ts";',
    'data.json': '["./other.json"]',
  });
  const files = ['plugins/main.ts', 'plugins/a.ts', 'data.json', 'plugins/b.mjs', 'plugins/not-there-yet.ts'];
  expect(await filesOfModule(join(dir, 'plugins/main.ts'))).toEqual(files.map((name) => join(dir, name)));
});

const PLUGIN = { 'main.ts': "import { a } from './a.ts';", 'a.ts': 'export const a = 1;' };

it('gives modules the same digest in every folder', async () => {
  const [one, other] = [folderOf(PLUGIN), folderOf(PLUGIN)];
  expect(await digestOfModules([join(one, 'main.ts')])).toBe(await digestOfModules([join(other, 'main.ts')]));
});

it('gives a module another digest when one of its imports changes', async () => {
  const [one, other] = [folderOf(PLUGIN), folderOf({ ...PLUGIN, 'a.ts': 'export const a = 2;' })];
  expect(await digestOfModules([join(one, 'main.ts')])).not.toBe(await digestOfModules([join(other, 'main.ts')]));
});
