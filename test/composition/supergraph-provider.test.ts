import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  CompositionError,
  createSupergraphProvider,
  type SupergraphProvider,
} from '../../src/composition/supergraph-provider.ts';
import { folderWith, SHOP } from './folder.ts';

/** Watches, and returns what was reported as short lines. */
async function watching(provider: SupergraphProvider): Promise<string[]> {
  return (await watchingWithReload(provider)).reported;
}

async function watchingWithReload(provider: SupergraphProvider): Promise<{ reported: string[]; reload(): void }> {
  const reported: string[] = [];
  const watch = await provider.watch({
    update: ({ sdl, sources }) =>
      void reported.push(
        sources
          ? sources.map((source) => source.name).join(' ')
          : sdl.includes('inStock')
            ? 'with stock'
            : 'without stock',
      ),
    problems: (problems) => reported.push(problems.map((problem) => problem.code).join(' ')),
  });
  onTestFinished(() => watch.close());
  return { reported, reload: () => watch.reload?.() };
}

const STOCK = `extend schema @subgraph(url: "http://stock")
type Product @key(fields: "id") { id: ID! inStock: Boolean }`;

test('a folder that does not compose throws with every problem', async () => {
  const dir = await folderWith({ ...SHOP, 'a.graphql': 'type {', 'b.graphql': 'type {' });
  const error = await createSupergraphProvider({ schemasDir: dir })
    .load()
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CompositionError);
  expect((error as CompositionError).problems.map((problem) => problem.subgraph)).toEqual(['a', 'b']);
});

test('files added, broken, fixed and removed', async () => {
  const dir = await folderWith(SHOP);
  const provider = createSupergraphProvider({ schemasDir: dir });
  await provider.load();
  const reported = await watching(provider);

  await writeFile(join(dir, 'stock.graphql'), STOCK);
  await vi.waitFor(() => expect(reported).toEqual(['products reviews stock']));

  await writeFile(join(dir, 'stock.graphql'), `${STOCK} type {`);
  await vi.waitFor(() => expect(reported.slice(1)).toEqual(['INVALID_GRAPHQL']));

  await writeFile(join(dir, 'stock.graphql'), STOCK);
  await vi.waitFor(() => expect(reported.slice(2)).toEqual(['products reviews stock']));

  await rm(join(dir, 'stock.graphql'));
  await vi.waitFor(() => expect(reported.slice(3)).toEqual(['products reviews']));
});

test('an editor that writes a second file and renames it', async () => {
  const dir = await folderWith({ ...SHOP, 'stock.graphql': STOCK });
  const provider = createSupergraphProvider({ schemasDir: dir });
  await provider.load();
  const reported = await watching(provider);
  await writeFile(join(dir, '.stock.graphql.tmp'), STOCK.replace('Boolean', 'Boolean!'));
  await rename(join(dir, '.stock.graphql.tmp'), join(dir, 'stock.graphql'));
  await vi.waitFor(() => expect(reported).toEqual(['products reviews stock']));
});

test('a change that changes nothing is not reported', async () => {
  const dir = await folderWith(SHOP);
  const provider = createSupergraphProvider({ schemasDir: dir });
  await provider.load();
  const reported = await watching(provider);
  await writeFile(join(dir, 'products.graphql'), `${SHOP['products.graphql']}\n# a comment\n`);
  await writeFile(join(dir, 'stock.graphql'), STOCK);
  await vi.waitFor(() => expect(reported).toEqual(['products reviews stock']));
});

test('a reload reports problems again, and a good supergraph only if it is another one', async () => {
  const dir = await folderWith(SHOP);
  const provider = createSupergraphProvider({ schemasDir: dir });
  await provider.load();
  const { reported, reload } = await watchingWithReload(provider);
  reload();
  await writeFile(join(dir, 'stock.graphql'), `${STOCK} type {`);
  await vi.waitFor(() => expect(reported).toEqual(['INVALID_GRAPHQL']));
  reload();
  await vi.waitFor(() => expect(reported).toEqual(['INVALID_GRAPHQL', 'INVALID_GRAPHQL']));
});

test('the symlink swap of a mounted ConfigMap', async () => {
  const dir = await folderWith({});
  const version = async (name: string, files: Record<string, string>) => {
    await mkdir(join(dir, name));
    for (const [file, text] of Object.entries(files)) await writeFile(join(dir, name, file), text);
    await symlink(name, join(dir, '..data_tmp'));
    await rename(join(dir, '..data_tmp'), join(dir, '..data'));
  };
  await version('..2026_01_01', SHOP);
  for (const file of Object.keys(SHOP)) await symlink(`..data/${file}`, join(dir, file));
  const provider = createSupergraphProvider({ schemasDir: dir });
  await provider.load();
  const reported = await watching(provider);

  await version('..2026_01_02', {
    ...SHOP,
    'products.graphql': SHOP['products.graphql'].replace('name: String', 'name: String!'),
  });
  await rm(join(dir, '..2026_01_01'), { recursive: true });
  await vi.waitFor(() => expect(reported).toEqual(['products reviews']));
});

test('one supergraph file, replaced and broken', async () => {
  const schemas = await folderWith({ ...SHOP, 'stock.graphql': STOCK });
  const { sdl } = await createSupergraphProvider({ schemasDir: schemas }).load();
  const { sdl: smaller } = await createSupergraphProvider({ schemasDir: await folderWith(SHOP) }).load();

  const dir = await folderWith({ 'supergraph.graphql': smaller });
  const file = join(dir, 'supergraph.graphql');
  const provider = createSupergraphProvider({ supergraphFile: file });
  expect(await provider.load()).toEqual({ sdl: smaller });
  const reported = await watching(provider);

  await writeFile(join(dir, 'new'), sdl);
  await rename(join(dir, 'new'), file);
  await vi.waitFor(() => expect(reported).toEqual(['with stock']));
  await writeFile(file, 'type Query { a: Int }');
  await vi.waitFor(() => expect(reported.slice(1)).toEqual(['NOT_A_SUPERGRAPH']));
});

test.each([
  [
    'source/v0.1", for: EXECUTION',
    '2:1 UNSUPPORTED_SPEC The supergraph requires https://specs.apollo.dev/source/v0.1, which is not supported',
  ],
  [
    'padlock/v0.1", for: SECURITY',
    '2:1 UNSUPPORTED_SPEC The supergraph requires https://specs.apollo.dev/padlock/v0.1, which is not supported',
  ],
])('a supergraph that needs what is not known here is refused: %s', async (link, reported) => {
  const dir = await folderWith({});
  const file = join(dir, 'super.graphql');
  const write = (spec: string) =>
    writeFile(
      file,
      `schema @link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY)\n@link(url: "https://specs.apollo.dev/${spec})
      { query: Query } enum join__Graph { A } type Query { a: Int }`,
    );
  await write(link);
  const error = await createSupergraphProvider({ supergraphFile: file })
    .load()
    .catch((thrown: unknown) => thrown);
  const [problem] = (error as CompositionError).problems;
  expect(`${problem?.line}:${problem?.column} ${problem?.code} ${problem?.message}`).toContain(reported);
  await write('cost/v0.1"');
  expect((await createSupergraphProvider({ supergraphFile: file }).load()).sdl).toContain('cost');
});
