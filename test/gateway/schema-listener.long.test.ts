import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadSupergraph, type SupergraphOrigin } from '../../src/composition/load-supergraph.ts';
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
async function gatewayOver(
  root: string,
  { bff, config = {}, origin }: { bff?: string; config?: object; origin?: SupergraphOrigin } = {},
) {
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
    schema: createSupergraphProvider(origin ?? { schemasDir: join(root, 'schemas') }),
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

/** A schema with many types; `version` is a field of Query. */
function largeSchema(version: number, types = 250): string {
  const all = Array.from(
    { length: types },
    (_, n) => `type T${n} { a(b: Int = ${n}): String next: T${(n + 1) % types} }`,
  );
  return `extend schema @subgraph(url: "http://127.0.0.1:1/graphql")
type Query { version${version}: Int start: T0 }
${all.join('\n')}`;
}

test('a large schema is composed and swapped in while requests are answered, and none fails', async () => {
  const root = await folder({ 'large.graphql': largeSchema(1) });
  const { server, said } = await gatewayOver(root);
  await writeFile(join(root, 'schemas', 'large.graphql'), largeSchema(2));
  let answered = 0;
  const failures: unknown[] = [];
  while (!said().includes('serving a new schema')) {
    const health = await fetch(new URL('/health', server.url));
    const response = await post(server.url, { query: '{ __typename }' });
    const body = await response.json();
    if (health.status !== 200 || response.status !== 200 || body.data?.__typename !== 'Query') failures.push(body);
    else answered++;
  }
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(3);
  expect(await rootFields(server)).toEqual(['version2', 'start']);
}, 120_000);

test.skipIf(process.platform === 'win32')(
  'a pipe in the folder is skipped with a warning, and ends neither reloads nor the gateway',
  async () => {
    const root = await folder(SHOP);
    execFileSync('mkfifo', [join(root, 'schemas', 'pipe.graphql')]);
    const { server, lines } = await gatewayOver(root);
    const warning = () => lines.filter(({ skipped }) => skipped !== undefined);
    expect(warning()).toMatchObject([{ level: 'warn', skipped: [expect.stringContaining('pipe.graphql')] }]);
    await writeFile(join(root, 'schemas', 'stock.graphql'), STOCK);
    await expect.poll(() => rootFields(server), patience).toEqual(['product', 'inStock']);
    await server.close();
  },
);

test.skipIf(process.platform === 'win32')(
  'a supergraph file that becomes a pipe: the last good one is served, and the gateway can end',
  async () => {
    const root = await folder(SHOP);
    const loaded = await loadSupergraph({ schemasDir: join(root, 'schemas') });
    const file = join(root, 'supergraph.graphql');
    await writeFile(file, loaded.ok ? loaded.update.sdl : '');
    const { server, lines } = await gatewayOver(root, { origin: { supergraphFile: file } });
    await rm(file);
    execFileSync('mkfifo', [file]);
    const isReported = () => lines.some(({ problems }) => JSON.stringify(problems ?? '').includes('it is a pipe'));
    await expect.poll(isReported, patience).toBe(true);
    expect(await rootFields(server)).toEqual(['product']);
    await server.close();
  },
);
