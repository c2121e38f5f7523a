import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadYogaPlugins } from '../../src/gateway/yoga-plugins.ts';

function moduleFile(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'headgate-yoga-')), name);
  writeFileSync(file, text);
  return file;
}

it('a module exports a plugin or a list of plugins, in TypeScript too', async () => {
  const one = moduleFile('one.ts', 'const name: string = "one"; export default { name };');
  const two = moduleFile('two.mjs', 'export default [{ name: "two" }, { name: "three" }];');
  expect(await loadYogaPlugins([one, two])).toEqual([{ name: 'one' }, { name: 'two' }, { name: 'three' }]);
});

it.each([
  [
    'export default "nothing";',
    /yoga\.plugins\[0\]: the default export of .*bad\.mjs is neither a plugin nor a list of plugins/,
  ],
  ['throw new Error("no key");', /yoga\.plugins\[0\]: .*bad\.mjs cannot be loaded: no key/],
])('a module that is none names its place in the config: %s', async (text, message) => {
  await expect(loadYogaPlugins([moduleFile('bad.mjs', text)])).rejects.toThrow(message);
});

it('a module that is missing names its place in the config', async () => {
  await expect(loadYogaPlugins(['nowhere.mjs'])).rejects.toThrow(
    'yoga.plugins[0]: nowhere.mjs cannot be loaded: file not found',
  );
});
