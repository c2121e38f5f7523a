import { join } from 'node:path';
import { expect, it } from 'vitest';
import { filesOfModule } from '../../src/shared/relative-imports.ts';
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
