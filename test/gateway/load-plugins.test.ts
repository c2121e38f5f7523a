import { expect, it } from 'vitest';
import * as z from 'zod';
import { configFileSchema } from '../../src/config/config.ts';
import { loadPlugins, readGivenPlugins } from '../../src/gateway/load-plugins.ts';
import type { ConfigSchema } from '../../src/plugins/plugin.ts';
import { pluginFile } from '../plugins/world.ts';
import { recordingLogger } from './serving.ts';

const { logger } = recordingLogger();

const load = (path: string, more: object = {}) =>
  loadPlugins(configFileSchema.parse({ plugins: [{ path, ...more }] }).plugins, logger);

it('a file is a plugin, in TypeScript too, and imports headgate/plugin', async () => {
  const path = pluginFile(
    'tenant.ts',
    `import { definePlugin, GatewayError } from 'headgate/plugin';
     interface Config { readonly header: string }
     export default definePlugin<Config>({ name: 'tenant', reads: 'nothing', hooks: { onRequest() { throw new GatewayError(403, 'A', 'b'); } } });`,
  );
  const [loaded] = await load(path, { config: { header: 'x-tenant' }, timeout: '1s', on_error: 'ignore' });
  expect(loaded).toMatchObject({
    ...{ name: 'tenant', config: { header: 'x-tenant' }, timeoutMs: 1_000, onError: 'ignore', file: path },
  });
});

it.each([
  [
    'export default 1;',
    /^plugins\[0\]: the default export of .*bad\.mjs is no plugin\. Write "export default definePlugin/,
  ],
  ['export default {hooks: {}};', /^plugins\[0\]: the default export of .*bad\.mjs has no "name"\./],
  ['export default {name: "a"};', /^plugins\[0\]: the plugin "a" has no "hooks"\./],
  ['throw new Error("no key");', /^plugins\[0\]: .*bad\.mjs cannot be loaded: no key$/],
  [
    'export default {name: "a", hooks: {onReqest() {}}};',
    /the plugin "a" has an unknown hook "onReqest"\. Did you mean "onRequest"\?/,
  ],
  ['export default {name: "a", hooks: {before() {}}};', /unknown hook "before"\. Hooks are onSchemaChange, /],
  ['export default {name: "a", hooks: {onRequest: 1}};', /"hooks\.onRequest" is not a function/],
  ['export default {name: "a", hooks: {}, reads: {body: true}};', /the plugin "a": "reads": unknown key "body"\./],
  ['export default {name: "a", hooks: {}, configSchema: 1};', /"configSchema" is neither a Standard Schema nor/],
])('a file that is none names its place in the config: %s', async (text, message) => {
  await expect(load(pluginFile('bad.mjs', text))).rejects.toThrow(message);
});

it('a file that is missing names its place in the config', async () => {
  await expect(load('nowhere.mjs')).rejects.toThrow('plugins[0]: nowhere.mjs cannot be loaded: file not found');
});

it('config that the plugin does not accept names its key', async () => {
  const plugin = { name: 'a', hooks: {}, configSchema: z.object({ rules: z.array(z.object({ max: z.number() })) }) };
  await expect(readGivenPlugins([{ plugin, config: { rules: [{ max: 'many' }] } }], logger)).rejects.toThrow(
    'plugins[0].config.rules[0].max: expected a number, received a string',
  );
  const parsed = {
    name: 'b',
    hooks: {},
    configSchema: {
      parse: () => {
        throw new Error('expected a token');
      },
    },
  };
  await expect(readGivenPlugins([{ plugin: parsed }], logger)).rejects.toThrow('plugins[0].config: expected a token');
});

it('config that is none of the alternatives of a plugin says which there are', async () => {
  const schema = z.strictObject({ mode: z.union([z.literal('off'), z.strictObject({ max: z.number() })]) });
  const problemOf = async (config: unknown, configSchema: ConfigSchema<unknown> = schema) => {
    const plugin = { name: 'a', hooks: {}, configSchema };
    return await readGivenPlugins([{ plugin, config }], logger).then(String, ({ message }: Error) => message);
  };
  expect(await problemOf({ mode: 5 })).toBe('plugins[0].config.mode: expected "off" or a section of keys');
  expect(await problemOf({ mode: { max: 'many' } })).toBe(
    'plugins[0].config.mode.max: expected a number, received a string',
  );
  expect(await problemOf({ mode: 'off', more: 1 })).toBe('Unknown key "plugins[0].config.more".');
  // a schema that only parses throws the same
  expect(await problemOf({ mode: 5 }, { parse: (value) => schema.parse(value) })).toBe(
    'plugins[0].config.mode: expected "off" or a section of keys',
  );
});

it('config that the plugin accepts is what its schema returns', async () => {
  const plugin = { name: 'a', hooks: {}, configSchema: z.object({ max: z.number().default(5) }) };
  expect(await readGivenPlugins([{ plugin, config: {} }], logger)).toMatchObject([{ config: { max: 5 } }]);
});

it('the config file refuses unknown keys of a plugin', () => {
  const plugins = [{ path: 'a.ts', timeOut: '1s' }];
  expect(configFileSchema.safeParse({ plugins }).success).toBe(false);
  expect(configFileSchema.safeParse({ plugins: [{ path: 'a.ts', on_error: 'retry' }] }).success).toBe(false);
});
