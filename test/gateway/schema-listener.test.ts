import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { type RunningServer, startServer } from '../../src/gateway/server.ts';
import { SHOP } from '../composition/folder.ts';
import { post, recordingLogger } from './serving.ts';

const STOCK = `extend schema @subgraph(url: "http://127.0.0.1:4003/graphql")
type Query { inStock: Boolean }`;
const patience = { timeout: 30_000 };

async function folder(files: Readonly<Record<string, string>>, parent?: string, name = 'schemas'): Promise<string> {
  const root = parent ?? (await mkdtemp(join(tmpdir(), 'headgate-deploy-')));
  if (parent === undefined) onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(root, name, file), text);
  return root;
}

/** A gateway as `headgate start` runs it, over the folder `schemas` of `root`. */
async function gatewayOver(root: string, { bff, config = {} }: { bff?: string; config?: object } = {}) {
  const { logger, lines } = recordingLogger();
  const server = await startServer({
    config: {
      ...configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' }, ...config }),
      supergraph: {
        ...configFileSchema.parse({}).supergraph,
        listen: { host: '127.0.0.1', port: 0 },
        introspection: true,
      },
      production: false,
    },
    schema: createSupergraphProvider({ schemasDir: join(root, 'schemas') }),
    logger,
    bffDir: bff,
  });
  onTestFinished(() => server.close());
  return { server, lines, said: () => lines.map(({ msg }) => msg) };
}

async function rootFields({ url }: RunningServer): Promise<string[]> {
  const answer = await (await post(url, { query: '{ __schema { queryType { fields { name } } } }' })).json();
  return answer.data.__schema.queryType.fields.map(({ name }: { name: string }) => name);
}

test('schemas that are removed and copied anew, again and again', async () => {
  const root = await folder(SHOP);
  await folder({ ...SHOP, 'stock.graphql': STOCK }, root, 'with-stock');
  await folder(SHOP, root, 'without-stock');
  const { server } = await gatewayOver(root);
  for (const [release, fields] of [
    ['with-stock', ['product', 'inStock']],
    ['without-stock', ['product']],
    ['with-stock', ['product', 'inStock']],
  ] as const) {
    await rm(join(root, 'schemas'), { recursive: true });
    await cp(join(root, release), join(root, 'schemas'), { recursive: true });
    await expect.poll(() => rootFields(server), patience).toEqual(fields);
  }
});

test('schemas that are a link to a release, which is made to lead to another', async () => {
  const root = await folder(SHOP, undefined, 'release-1');
  await folder({ ...SHOP, 'stock.graphql': STOCK }, root, 'release-2');
  await symlink('release-1', join(root, 'schemas'));
  const { server } = await gatewayOver(root);
  await symlink('release-2', join(root, 'next'));
  await rename(join(root, 'next'), join(root, 'schemas'));
  await expect.poll(() => rootFields(server), patience).toEqual(['product', 'inStock']);
  await rm(join(root, 'release-2', 'stock.graphql'));
  await expect.poll(() => rootFields(server), patience).toEqual(['product']);
});

test('schemas that are gone are said to be gone and to be back, and served meanwhile', async () => {
  const root = await folder(SHOP);
  const { server, lines, said } = await gatewayOver(root);
  await rename(join(root, 'schemas'), join(root, 'away'));
  await expect.poll(said, patience).toContain('the watched path was removed; keeping the last good version');
  await expect.poll(said, patience).toContain('the schema has problems; the last good one keeps serving');
  expect(await rootFields(server)).toEqual(['product']);
  await rename(join(root, 'away'), join(root, 'schemas'));
  await expect.poll(said, patience).toContain('the watched path is back');
  expect(lines.find(({ msg }) => msg === 'the watched path is back')).toMatchObject({ path: join(root, 'schemas') });
});

test('a subgraph that is removed while endpoints need it: a warning that names it and them', async () => {
  const root = await folder({ ...SHOP, 'stock.graphql': STOCK });
  await mkdir(join(root, 'bff', 'web'), { recursive: true });
  await writeFile(join(root, 'bff', 'web', 'stock.graphql'), 'query Stock @endpoint(path: "/stock") { inStock }');
  const { server, lines, said } = await gatewayOver(root, { bff: join(root, 'bff') });

  await rm(join(root, 'schemas', 'stock.graphql'));
  await expect.poll(() => rootFields(server), patience).toEqual(['product']);
  await expect
    .poll(said, patience)
    .toContain('subgraphs were removed from the schema, and endpoints that need them no longer work');
  expect(lines.find(({ level, removed }) => level === 'warn' && removed !== undefined)).toMatchObject({
    removed: ['stock'],
    endpoints: ['GET /bff/web/stock'],
  });
  expect(said()).toContain('BFF endpoints have problems');

  await writeFile(join(root, 'schemas', 'stock.graphql'), STOCK);
  await expect.poll(said, patience).toContain('BFF endpoints have no problems any longer');
});

test('a field that is removed while an endpoint needs it is logged with the change, not with the next request', async () => {
  const root = await folder({ ...SHOP, 'stock.graphql': STOCK });
  await mkdir(join(root, 'bff', 'web'), { recursive: true });
  await writeFile(join(root, 'bff', 'web', 'stock.graphql'), 'query Stock @endpoint(path: "/stock") { inStock }');
  const { said } = await gatewayOver(root, { bff: join(root, 'bff') });
  expect(said()).not.toContain('BFF endpoints have problems');

  await writeFile(join(root, 'schemas', 'stock.graphql'), STOCK.replace('inStock', 'isInStock'));
  await expect.poll(said, patience).toContain('BFF endpoints have problems');
});
