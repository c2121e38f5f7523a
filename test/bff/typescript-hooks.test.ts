import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { load } from '../../src/bff/shapes/typescript-hooks.ts';
import { folderOf } from './support.ts';

const context = { conditions: [], format: undefined, importAttributes: {}, importAssertions: {} };
const elsewhere = () => {
  throw new Error('not a module of ours');
};

function loadText(text: string): unknown {
  const dir = folderOf({ 'app/shape.ts': text });
  return load(`${pathToFileURL(join(dir, 'app/shape.ts')).href}?read=1`, context, elsewhere);
}

test('types are taken away, and everything keeps its place', async () => {
  expect(await loadText('export default (n: number) => n;')).toMatchObject({
    source: 'export default (n        ) => n;',
  });
});

test.each([
  ['\n  enum Size { Small }', 'line 2, column 3: TypeScript enum is not supported in strip-only mode'],
  ['export default (', /^line 1, column \d+: .*[Ee]xpected/],
])('what is more than types, or no TypeScript, is reported with its place: %j', async (text, reported) => {
  await expect(loadText(text)).rejects.toThrow(reported);
});
