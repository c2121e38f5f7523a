import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { openPlugins } from '../../src/gateway/open-plugins.ts';
import { startServer } from '../../src/gateway/server.ts';
import { folderOf } from '../bff/support.ts';
import { folderWith } from '../composition/folder.ts';
import { pluginFile } from '../plugins/world.ts';
import { stubApi } from '../sources/rest/stub-api.ts';
import { post, recordingLogger } from './serving.ts';

/** A plugin that sends a header to the subgraph, with what it reads. */
const plugin = (value: string, reads = "'nothing'") => `
  globalThis.pluginEvents ??= [];
  export default { name: 'added', reads: ${reads}, hooks: {
    onFetch({ headers }) { headers.set('x-added', '${value}'); },
    onResponse({ response }) { response.headers.set('x-plugin', '${value}'); },
    onSchemaChange() { globalThis.pluginEvents.push('schema of ${value}'); },
    onShutdown() { globalThis.pluginEvents.push('end of ${value}'); },
  } };`;

it('a file that a plugin imports is watched, too', async () => {
  const file = pluginFile('main.mjs', `import './value.mjs'; export default { name: 'main', hooks: {} };`);
  const imported = join(dirname(file), 'value.mjs');
  writeFileSync(imported, '');
  const { logger, lines } = recordingLogger();
  const sections = [{ path: file, timeout: 5_000, on_error: 'fail' as const }];
  const plugins = await openPlugins({ sections, dev: true, logger });
  onTestFinished(() => plugins?.close());
  writeFileSync(imported, '// changed');
  await expect.poll(() => lines.map(({ msg }) => msg)).toEqual(['plugins reloaded']);
});

it('a changed file becomes the plugin; a broken one leaves the last good one in place', async () => {
  const events = () => (globalThis as { pluginEvents?: string[] }).pluginEvents ?? [];
  onTestFinished(() => {
    delete (globalThis as { pluginEvents?: string[] }).pluginEvents;
  });
  const file = pluginFile('added.mjs', plugin('first'));
  const subgraph = await stubApi(({ headers }) => ({ data: { hello: headers['x-added'] } }));
  const schemasDir = await folderWith({
    'shop.graphql': `extend schema @subgraph(url: "${subgraph.url}") type Query { hello: String }`,
  });
  const config = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' }, plugins: [{ path: file }] });
  const { logger, lines } = recordingLogger();
  const server = await startServer({
    config: { ...config, supergraph: { ...config.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir }),
    dev: true,
    logger,
  });
  onTestFinished(() => server.close());
  const said = async () => (await (await post(server.url, { query: '{ hello }' })).json()).data.hello;
  expect(await said()).toBe('first');

  writeFileSync(file, plugin('second', "{ headers: ['x-a'] }"));
  await expect.poll(said).toBe('second');
  expect(events()).toEqual(['schema of first', 'schema of second', 'end of first']);
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'plugins reloaded', plugins: ['added'] }));

  writeFileSync(file, 'export default nonsense;');
  await expect
    .poll(() => lines.filter(({ level }) => level === 'error'))
    .toEqual([expect.objectContaining({ msg: 'the plugins cannot be reloaded; keeping the previous ones' })]);
  expect(await said()).toBe('second');

  writeFileSync(file, plugin('third'));
  await expect.poll(said).toBe('third');
});

it('a cached response of an endpoint ends with the plugin that took part in it', async () => {
  const file = pluginFile('added.mjs', plugin('first'));
  onTestFinished(() => {
    delete (globalThis as { pluginEvents?: string[] }).pluginEvents;
  });
  const subgraph = await stubApi(({ headers }) => ({ data: { hello: headers['x-added'] } }));
  const schemasDir = await folderWith({
    'shop.graphql': `extend schema @subgraph(url: "${subgraph.url}") type Query { hello: String }`,
  });
  const config = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' }, plugins: [{ path: file }] });
  const { logger } = recordingLogger();
  const server = await startServer({
    config: { ...config, supergraph: { ...config.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir }),
    bffDir: folderOf({ 'web/hello.graphql': 'query @endpoint(cache: {maxAge: "1h"}) { hello }' }),
    dev: true,
    logger,
  });
  onTestFinished(() => server.close());
  const hello = async () => {
    const response = await fetch(server.url.replace('/graphql', '/bff/web/hello'));
    return [response.headers.get('cache-status'), (await response.json()).hello];
  };
  await hello();
  expect(await hello()).toEqual(['headgate; hit', 'first']);
  writeFileSync(file, plugin('second'));
  await expect.poll(async () => (await hello())[1]).toBe('second');
});

it('onSchemaChange is called for a canary, and again with the current schema when it ends', async () => {
  const seen: string[] = [];
  const schema = (field: string) =>
    `extend schema @subgraph(url: "http://127.0.0.1:1") type Query { hello: String ${field}: String }`;
  const schemasDir = await folderWith({ 'shop.graphql': schema('first') });
  const canary = { share: '50%', duration: '1h' };
  const config = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0', canary } });
  const { logger } = recordingLogger();
  const server = await startServer({
    config: { ...config, supergraph: { ...config.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir }),
    plugins: [
      {
        name: 'watcher',
        hooks: {
          onSchemaChange({ isCanary, supergraphSdl }) {
            seen.push(`${isCanary} ${supergraphSdl.includes('second')}`);
          },
        },
      },
    ],
    logger,
  });
  onTestFinished(() => server.close());
  expect(seen).toEqual(['false false']);
  writeFileSync(join(schemasDir, 'shop.graphql'), schema('second'));
  await expect.poll(() => seen).toEqual(['false false', 'true true']);
  writeFileSync(join(schemasDir, 'shop.graphql'), schema('first'));
  await expect.poll(() => seen).toEqual(['false false', 'true true', 'false false']);
});
