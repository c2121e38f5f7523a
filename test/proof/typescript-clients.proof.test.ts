import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { engineOver, folderOf, serveBff } from '../bff/support.ts';
import { FEED_FILES, FEED_SDL, feedRoot } from './feed.ts';
import { emptyFolder, openApiGenerator, run, saveDocument, startShop, withPackages } from './support.ts';

let tools = '';

beforeAll(async () => {
  tools = await withPackages([
    ...['openapi-typescript@7.13.0', 'openapi-fetch@0.17.0', '@hey-api/openapi-ts@0.99.0', 'orval@7.13.2'],
    ...['typescript@5.9.3', '@types/node@20.19.43'],
  ]);
});

async function startFeed(): Promise<string> {
  const engine = engineOver(FEED_SDL, feedRoot);
  return (await serveBff({ dir: folderOf(FEED_FILES), engine: () => engine })).origin;
}

/** Compiles `program.ts` in a folder, with all that it imports, and calls its `run`. */
async function compileAndRun(dir: string, program: string, origin: string): Promise<unknown> {
  writeFileSync(join(dir, 'program.ts'), program);
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  const flags = ['--strict', '--skipLibCheck', '--noEmit', '--target', 'es2022', '--module', 'esnext'];
  const libraries = ['--lib', 'es2023,dom,dom.iterable', '--moduleResolution', 'bundler', '--types', 'node'];
  await run('npx', ['tsc', ...flags, ...libraries, join(dir, 'program.ts')], tools);
  const bundle = join(dir, 'bundle.mjs');
  await run(
    'npx',
    ['esbuild', join(dir, 'program.ts'), '--bundle', '--format=esm', '--platform=node', `--outfile=${bundle}`],
    process.cwd(),
  );
  const { run: start } = await import(/* @vite-ignore */ pathToFileURL(bundle).href);
  return start(origin);
}

/** A folder within that of the tools, so that what is generated finds the packages that it imports. */
async function folderFor(name: string, origin: string, path: string): Promise<string> {
  const dir = join(tools, `run-${name}`);
  await run('node', ['-e', `fs.rmSync('${dir}', { recursive: true, force: true }); fs.mkdirSync('${dir}')`], tools);
  await saveDocument(origin, path, join(dir, 'openapi.json'));
  return dir;
}

const FEED_LINES = [
  'post Hello by Ada, likes null',
  'event Picnic',
  'failed feed.0.likes',
  'read {"filter":{"inStock":true,"kind":"POST","words":"any"}}',
  'found Hello',
  'published e1',
  'gone true',
];

describe('the feed', () => {
  test('openapi-typescript with openapi-fetch', async () => {
    const origin = await startFeed();
    const dir = await folderFor('openapi-fetch', origin, '/bff/app/openapi.json');
    await run('npx', ['openapi-typescript', join(dir, 'openapi.json'), '--output', join(dir, 'schema.d.ts')], tools);
    const program = `import createClient from 'openapi-fetch';
import type { paths } from './schema';

export async function run(baseUrl: string): Promise<string[]> {
  const api = createClient<paths>({ baseUrl });
  const lines: string[] = [];
  const { data } = await api.GET('/bff/app/feed');
  for (const entry of data?.feed ?? []) {
    if (entry.__typename === 'Post') lines.push(\`post \${entry.title} by \${entry.author.name}, likes \${entry.likes}\`);
    else lines.push(\`event \${entry.title}\`);
  }
  for (const { path } of data?.meta?.partial ?? []) lines.push(\`failed \${path.join('.')}\`);
  const filtered = await api.GET('/bff/app/feed', { params: { query: { filter: { inStock: true, kind: 'POST', words: 'any' } } } });
  lines.push(\`read \${filtered.data?.feed[0]?.title}\`);
  const found = await api.GET('/bff/app/entries', { params: { query: { by: { title: 'Hello' } } } });
  if (found.data?.entry.__typename === 'Post') lines.push(\`found \${found.data.entry.title}\`);
  const published = await api.POST('/bff/app/entries', { params: { header: { 'Idempotency-Key': 'k1' } }, body: { title: 'Picnic' } });
  if (published.data?.entry.__typename === 'Event') lines.push(\`published \${published.data.entry.id}\`);
  const gone = await api.DELETE('/bff/app/entries/{entry}', { params: { path: { entry: 'p1' } } });
  lines.push(\`gone \${gone.data?.gone}\`);
  return lines;
}`;
    expect(await compileAndRun(dir, program, origin)).toEqual(FEED_LINES);
  });

  test('hey-api', async () => {
    const origin = await startFeed();
    const dir = await folderFor('hey-api', origin, '/bff/app/openapi.json');
    await run('npx', ['openapi-ts', '--input', join(dir, 'openapi.json'), '--output', join(dir, 'client')], tools);
    const program = `import { client } from './client/client.gen';
import * as api from './client/sdk.gen';

export async function run(baseUrl: string): Promise<string[]> {
  client.setConfig({ baseUrl });
  const lines: string[] = [];
  const { data } = await api.feed({ throwOnError: true });
  for (const entry of data.feed) {
    if (entry.__typename === 'Post') lines.push(\`post \${entry.title} by \${entry.author.name}, likes \${entry.likes}\`);
    else lines.push(\`event \${entry.title}\`);
  }
  for (const { path } of data.meta?.partial ?? []) lines.push(\`failed \${path.join('.')}\`);
  const filter = { inStock: true, kind: 'POST', words: 'any' } as const;
  lines.push(\`read \${(await api.feed({ query: { filter }, throwOnError: true })).data.feed[0]?.title}\`);
  const found = (await api.find({ query: { by: { title: 'Hello' } }, throwOnError: true })).data.entry;
  if (found.__typename === 'Post') lines.push(\`found \${found.title}\`);
  const headers = { 'Idempotency-Key': 'k2' };
  const published = (await api.publish({ headers, body: { title: 'Picnic' }, throwOnError: true })).data.entry;
  if (published.__typename === 'Event') lines.push(\`published \${published.id}\`);
  lines.push(\`gone \${(await api.delete_({ path: { entry: 'p1' }, throwOnError: true })).data.gone}\`);
  return lines;
}`;
    expect(await compileAndRun(dir, program, origin)).toEqual(FEED_LINES);
  });

  test('openapi-generator, typescript-fetch', async () => {
    const origin = await startFeed();
    const dir = await folderFor('typescript-fetch', origin, '/bff/app/openapi.json');
    await openApiGenerator('typescript-fetch', join(dir, 'openapi.json'), join(dir, 'client'));
    const program = `import { AppApi, Configuration, Kind } from './client';

export async function run(basePath: string): Promise<string[]> {
  const api = new AppApi(new Configuration({ basePath }));
  const lines: string[] = [];
  const { feed, meta } = await api.feed();
  for (const entry of feed) {
    if (entry.typename === 'Post') lines.push(\`post \${entry.title} by \${entry.author.name}, likes \${entry.likes}\`);
    else lines.push(\`event \${entry.title}\`);
  }
  for (const { path } of meta?.partial ?? []) lines.push(\`failed \${path.join('.')}\`);
  lines.push(\`read \${(await api.feed({ filter: { inStock: true, kind: Kind.Post, words: 'any' } })).feed[0]?.title}\`);
  const found = (await api.find({ by: { title: 'Hello' } })).entry;
  if (found.typename === 'Post') lines.push(\`found \${found.title}\`);
  const published = (await api.publish({ idempotencyKey: 'k3', publishBody: { title: 'Picnic' } })).entry;
  if (published.typename === 'Event') lines.push(\`published \${published.id}\`);
  lines.push(\`gone \${(await api._delete({ entry: 'p1' })).gone}\`);
  return lines;
}`;
    expect(await compileAndRun(dir, program, origin)).toEqual(FEED_LINES);
  });
});

const SHOP_PROGRAM = `import createClient from 'openapi-fetch';
import type { paths } from './schema';

export async function run(baseUrl: string): Promise<string[]> {
  const api = createClient<paths>({ baseUrl });
  const path = { userId: 'u2' };
  const mobile = await api.GET('/bff/mobile/dashboard/{userId}', { params: { path, query: { orders: 2 } } });
  const web = await api.GET('/bff/web/dashboard/{userId}', { params: { path, query: { orders: 2 } } });
  const product = await api.GET('/bff/mobile/products/{id}', { params: { path: { id: 'p7' } } });
  const page = await api.GET('/bff/web/products/{id}', { params: { path: { id: 'p7' } } });
  const orders = await api.GET('/bff/web/users/{userId}/orders', { params: { path, query: { pageSize: 1 } } });
  const body = { input: { userId: 'u2', items: [{ productId: 'p7', quantity: 1 }] } };
  const placed = await api.POST('/bff/mobile/orders', { params: { header: { 'Idempotency-Key': 'k' } }, body });
  const failed = (meta: { partial: { path: string[] }[] } | undefined) => meta?.partial.map((one) => one.path.join('.')).join();
  return [
    \`\${mobile.data?.profile.name} \${mobile.data?.recent?.orders.length} \${failed(mobile.data?.meta)}\`,
    \`\${web.data?.profile.name} \${web.data?.orders?.length} \${failed(web.data?.meta)}\`,
    \`\${product.data?.id} \${page.data?.product.id} \${orders.data?.orders.length} \${placed.data?.order.status}\`,
  ];
}`;

test.each([
  [[], ['Ines Kowalski 2 undefined', 'Ines Kowalski 2 undefined', 'p7 p7 1 PENDING']],
  [
    ['orders'] as const,
    ['Ines Kowalski undefined recent', 'Ines Kowalski undefined orders', 'p7 p7 undefined undefined'],
  ],
])('openapi-fetch calls each endpoint of the demo, with %j down', async (down, lines) => {
  const origin = await startShop(down);
  const dir = await folderFor(`shop-${down.length}`, origin, '/bff/openapi.json');
  await run('npx', ['openapi-typescript', join(dir, 'openapi.json'), '--output', join(dir, 'schema.d.ts')], tools);
  expect(await compileAndRun(dir, SHOP_PROGRAM, origin)).toEqual(lines);
});

const ORVAL_PROGRAM = `import * as api from './client';

export async function run(): Promise<string[]> {
  const mobile = await api.mobileDashboard('u2', { orders: 2 });
  const web = await api.webDashboard('u2', { orders: 2 });
  const product = await api.mobileProduct('p7');
  const page = await api.webProduct('p7');
  const none = await api.mobileProduct('none');
  const orders = await api.webOrders('u2', { pageSize: 1 });
  const placed = await api.mobilePlaceOrder(
    { input: { userId: 'u2', items: [{ productId: 'p7', quantity: 1 }] } },
    { headers: { 'Idempotency-Key': 'k' } },
  );
  return [
    mobile.status === 200 ? \`\${mobile.data.profile.name} \${mobile.data.recent?.orders.length}\` : mobile.data.title,
    web.status === 200 ? \`\${web.data.profile.name} \${web.data.orders?.length}\` : web.data.title,
    product.status === 200 ? product.data.id : product.data.title,
    page.status === 200 ? page.data.product.id : page.data.title,
    none.status === 200 ? none.data.id : none.data.title,
    orders.status === 200 ? String(orders.data.orders.length) : orders.data.title,
    placed.status === 201 ? placed.data.order.status : placed.data.title,
  ];
}`;

test('orval calls each endpoint of the demo', async () => {
  const origin = await startShop();
  const dir = await folderFor('orval', origin, '/bff/openapi.json');
  const output = { target: join(dir, 'client.ts'), client: 'fetch', baseUrl: origin };
  const config = join(dir, 'orval.config.cjs');
  writeFileSync(config, `module.exports = ${JSON.stringify({ shop: { input: join(dir, 'openapi.json'), output } })}`);
  await run('npx', ['orval', '--config', config], tools);
  const lines = ['Ines Kowalski 2', 'Ines Kowalski 2', 'p7', 'p7', 'Not Found', '1', 'PENDING'];
  expect(await compileAndRun(dir, ORVAL_PROGRAM, origin)).toEqual(lines);
});

test('openapi-generator has code for Swift and Java', async () => {
  const origin = await startFeed();
  for (const [generator, file] of [
    ['swift6', /FeedAnswerFeed\.swift$/],
    ['java', /FeedAnswerFeed\.java$/],
  ] as const) {
    const dir = emptyFolder();
    await saveDocument(origin, '/bff/app/openapi.json', join(dir, 'openapi.json'));
    await openApiGenerator(generator, join(dir, 'openapi.json'), join(dir, 'client'));
    expect(readdirSync(dir, { recursive: true, encoding: 'utf8' }).some((name) => file.test(name))).toBe(true);
  }
});
