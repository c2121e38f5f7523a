import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createBff } from '../../src/bff/bff.ts';
import { engineOver, folderOf } from '../bff/support.ts';
import { runCli } from './run-cli.ts';

const PRODUCTS = `extend schema @subgraph(url: "http://127.0.0.1:9/graphql")
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Query { product(id: ID!): Product }
type Product @key(fields: "id") { id: ID!, name: String!, price: Int }
`;
const STOCK = `extend schema @subgraph(url: "http://127.0.0.1:9/graphql")
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Product @key(fields: "id") { id: ID!, price: Int }
`;
const ENDPOINTS = {
  'bff/web/product.graphql': 'query ($id: ID!) {\n  product(id: $id) {\n    name\n    price\n  }\n}\n',
  'bff/web/name.graphql': 'query ($id: ID!) { product(id: $id) { name } }',
};

/** A project, and its supergraph as it is before the test changes something. */
async function project(): Promise<string> {
  const dir = folderOf({ 'schemas/products.graphql': PRODUCTS, ...ENDPOINTS });
  expect(await runCli(dir, ['compose', '--out', 'before.graphql'])).toMatchObject({ code: 0 });
  return dir;
}

test('validate: an endpoint at a path of login is never reached', async () => {
  const dir = folderOf({
    'schemas/products.graphql': PRODUCTS,
    'bff/web/me.graphql': ENDPOINTS['bff/web/name.graphql'],
    'bff/mobile/me.graphql': ENDPOINTS['bff/web/name.graphql'],
    'headgate.yaml':
      'login: { web: { issuer: "https://id.example", client_id: shop, public_url: "https://shop.example" } }',
  });
  const { code, stderr } = await runCli(dir, ['validate']);
  expect(code).toBe(1);
  expect(stderr).toContain(
    'bff/web/me.graphql:1:1  ENDPOINT_SHADOWED  /bff/web/me is a login path of the client "web", so this endpoint is never reached.',
  );
  expect(stderr).toMatch(/\n1 problem\n$/);
});

test('validate: a hint for what the schema does not have is reported with its place, and the name that was meant', async () => {
  const dir = folderOf({
    'schemas/products.graphql': PRODUCTS,
    ...ENDPOINTS,
    'headgate.yaml': `bff:
  cache:
    hints:
      Product: { max_age: 1m }
      Product.prise: { max_age: 1m }
      Prodct.name: { max_age: 1m }
      Wholly: { max_age: 1m }
`,
  });
  const { code, stderr } = await runCli(dir, ['validate']);
  expect(code).toBe(1);
  expect(stderr.trimEnd().split('\n')).toEqual([
    '',
    'headgate.yaml:5:7  UNKNOWN_CACHE_HINT  The type "Product" has no field "prise".',
    '    hint: Did you mean "Product.price"?',
    'headgate.yaml:6:7  UNKNOWN_CACHE_HINT  The schema has no type "Prodct".',
    '    hint: Did you mean "Product.name"?',
    'headgate.yaml:7:7  UNKNOWN_CACHE_HINT  The schema has no type "Wholly".',
    '    hint: Remove it, or use a "Type" or "Type.field" of the schema.',
    '',
    '3 problems',
  ]);
});

test('validate lists documents of manifests that do not fit the schema', async () => {
  const dir = await project();
  const operations = { d1: 'query Name { product(id: 1) { name } }', d2: 'query Old { product(id: 1) { colour } }' };
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(operations));
  writeFileSync(join(dir, 'headgate.yaml'), 'persisted_queries: { enabled: true, manifest: [manifest.json] }');
  const { code, stdout, stderr } = await runCli(dir, ['validate']);
  expect(code).toBe(1);
  expect(stdout).toContain('persisted  2 documents: 1 problem\n');
  expect(stderr).toContain(
    'manifest.json:1:1  INVALID_DOCUMENT  Old ("d2") at 1:30: Cannot query field "colour" on type "Product".',
  );
});

test('validate lists documents of manifests that exceed limits', async () => {
  const dir = await project();
  const deep = `query Deep ${'{ a '.repeat(20_000)}${'}'.repeat(20_000)}`;
  const long = `query Long { ${'product(id: 1) { name price id } '.repeat(10)} }`;
  const operations = { d1: long, d2: deep };
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(operations));
  const config = 'persisted_queries: { enabled: true, manifest: [manifest.json] }\nlimits: { parser_max_tokens: 60 }';
  writeFileSync(join(dir, 'headgate.yaml'), config);
  const { code, stderr } = await runCli(dir, ['validate']);
  expect(code).toBe(1);
  expect(stderr.trimEnd().split('\n').slice(1)).toEqual([
    'manifest.json:1:1  MAX_TOKENS_LIMIT  "d1": The document has more than 60 tokens, the limit of limits.parser_max_tokens.',
    '    hint: Divide the document into several ones, or raise the limit.',
    expect.stringMatching(
      /^manifest\.json:1:1 {2}MAX_RECURSION_LIMIT {2}"d2": .*limits\.parser_max_recursion allows \d+\.$/,
    ),
    '    hint: Divide the document into several ones, or raise the limit.',
    '',
    '2 problems',
  ]);
});

describe('check', () => {
  test('a field that is gone breaks a persisted document, which is named; what did not fit before is listed, but not broken', async () => {
    const dir = await project();
    const operations = [
      { id: 'd1', name: 'Price', body: 'query Price {\n  product(id: 1) { price }\n}' },
      { id: 'd2', name: 'Name', body: 'query Name { product(id: 1) { name } }' },
      { id: 'd3', name: 'Old', body: 'query Old { product(id: 1) { colour } }' },
    ];
    const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations };
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest));
    writeFileSync(join(dir, 'headgate.yaml'), 'persisted_queries: { enabled: true, manifest: [manifest.json] }');
    expect((await runCli(dir, ['check', '--against', 'before.graphql'])).stdout).toContain(
      'persisted  3 documents: 1 invalid before and now\n\ninvalid    manifest.json: Old ("d3")\n    1:30  Cannot query field "colour" on type "Product".\n',
    );
    writeFileSync(join(dir, 'schemas/products.graphql'), PRODUCTS.replace(', price: Int', ''));
    const { code, stdout } = await runCli(dir, ['check', '--against', 'before.graphql']);
    expect(code).toBe(1);
    expect(stdout).toContain('persisted  3 documents: 1 broken, 1 invalid before and now\n');
    expect(stdout).toContain(
      'broken     manifest.json: Price ("d1")\n    2:20  Cannot query field "price" on type "Product".\n',
    );
  });

  test('what is configured for the endpoints has to fit, too', async () => {
    const dir = await project();
    writeFileSync(join(dir, 'bff/web/me.graphql'), ENDPOINTS['bff/web/name.graphql']);
    writeFileSync(
      join(dir, 'headgate.yaml'),
      `login: { web: { issuer: "https://id.example", client_id: shop, public_url: "https://shop.example" } }
bff: { cache: { hints: { Product.price: { max_age: 1m } } } }`,
    );
    writeFileSync(join(dir, 'schemas/products.graphql'), PRODUCTS.replace('price: Int', 'cost: Int'));
    const { code, stdout } = await runCli(dir, ['check', '--against', 'before.graphql']);
    expect(code).toBe(1);
    expect(stdout).toContain('endpoints  bff: 1 broken, 2 problems\n');
    expect(stdout).toContain(
      'broken     headgate.yaml:2:26  UNKNOWN_CACHE_HINT  The type "Product" has no field "price".',
    );
    expect(stdout).toContain('broken     bff/web/me.graphql:1:1  ENDPOINT_SHADOWED');
  });

  test('a field that is gone breaks an endpoint, at a place', async () => {
    const dir = await project();
    writeFileSync(join(dir, 'schemas/products.graphql'), PRODUCTS.replace(', price: Int', ''));
    expect(await runCli(dir, ['check', '--against', 'before.graphql'])).toEqual({
      code: 1,
      stderr: '',
      stdout: `schema     1 breaking change
  FIELD_REMOVED  Product.price was removed.
endpoints  bff: 1 broken

broken     GET /bff/web/product
    bff/web/product.graphql:4:5  GRAPHQL_VALIDATION_FAILED  Cannot query field "price" on type "Product".
`,
    });
  });

  test('a field that has moved away makes an endpoint slower: a warning with both plans', async () => {
    const dir = await project();
    writeFileSync(join(dir, 'schemas/products.graphql'), PRODUCTS.replace(', price: Int', ''));
    writeFileSync(join(dir, 'schemas/stock.graphql'), STOCK);
    const { code, stdout } = await runCli(dir, ['check', '--against', 'before.graphql']);
    expect(code).toBe(0);
    expect(stdout).toContain('schema     no breaking changes\nendpoints  bff: 1 slower\n');
    expect(stdout).toContain(
      'warning    GET /bff/web/product (bff/web/product.graphql) takes 2 requests in 2 waves, and took 1 request in 1 wave\n  before\n',
    );
    const [before = '', now = ''] = stdout.slice(stdout.indexOf('  before\n')).split('  now\n');
    expect(before).not.toContain('stock');
    expect(now).toContain('stock');
  });
});

describe('bff types', () => {
  test('writes a client for each frontend', async () => {
    const dir = await project();
    expect(await runCli(dir, ['bff', 'types', '--out', 'made'])).toEqual({
      code: 0,
      stderr: '',
      stdout: 'wrote made/web.ts\nwrote made/web.schema.json\n',
    });
  });

  test('says which clients there are', async () => {
    const dir = await project();
    const { code, stderr } = await runCli(dir, ['bff', 'types', '--client', 'mobil', '--out', 'made']);
    expect(code).toBe(2);
    expect(stderr).toContain('bff has no endpoints of "mobil". Its clients: web.');
  });
});

describe('check: what it is compared with', () => {
  test('has to be a supergraph', async () => {
    const dir = await project();
    writeFileSync(join(dir, 'before.graphql'), 'type Query { a: Int }');
    expect(await runCli(dir, ['check', '--against', 'before.graphql'])).toMatchObject({
      code: 2,
      stderr:
        'error: --against before.graphql: This is not a supergraph: it has no "join__Graph" enum that names the subgraphs. Expected the output of `headgate compose --out FILE`.\n',
    });
  });
});

describe('cache purge', () => {
  test('says where it looked, when there is no gateway', async () => {
    const dir = await project();
    const purge = (url: string) => runCli(dir, ['cache', 'purge', '--url', url, '--tag', 'a', '--token', 't']);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    expect(await purge(url)).toMatchObject({
      code: 2,
      stderr: `error: no gateway responds at ${url} (ECONNREFUSED). Start it, or name its URL with --url.\n`,
    });
    const invalidate = (entity: string) =>
      runCli(dir, ['cache', 'purge', '--url', url, '--entity', entity, '--key', 'k']);
    expect(await invalidate('Product:{id: 7}')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^error: --entity: the key in "Product:\{id: 7\}" is not JSON \(.*\); expected Product:/,
      ),
    });
    expect((await purge('localhost:4000')).stderr).toContain('"localhost:4000" is not an http:// or https:// URL');
  });

  test('says where the invalidation API is, when it is not at the URL', async () => {
    const server = createServer((_, res) => res.writeHead(404).end('{"errors": [{"message": "There is nothing."}]}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { stderr } = await runCli(await project(), ['cache', 'purge', '--url', url, '--tag', 'a', '--key', 'k']);
    expect(stderr).toBe(
      `error: ${url}/invalidation responded with 404: --url must be that of the admin listener (by default http://127.0.0.1:9090), and response_cache.invalidation.shared_key must be set in its config.\n`,
    );
  });

  test('has a running gateway forget, for who has the token', async () => {
    const engine = engineOver('type Query { product(id: ID!): Product } type Product { id: ID! }', {
      product: ({ id }: { id: string }) => ({ id }),
    });
    const dir = folderOf({
      'web/product.graphql': 'query ($id: ID!) @endpoint(cache: {maxAge: 60}) { product(id: $id) { id } }',
    });
    const token = 'a-token-of-the-test';
    const bff = await createBff({ dir, engine: () => engine, purgeToken: token });
    const server = createServer((req, res) => void bff.handle(req, res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const id of ['p1', 'p2', 'p3']) await fetch(`${url}/bff/web/product?id=${id}`);

    const purge = (...args: string[]) => runCli(dir, ['cache', 'purge', '--url', url, ...args]);
    expect(await purge('--entity', 'Product:p1', '--token', 'another-token-here')).toMatchObject({ code: 2 });
    expect(await purge('--entity', 'Product:p1', '--token', token)).toMatchObject({ stdout: 'purged 1 response\n' });
    expect(await purge('--tag', 'web/product', '--token', token)).toMatchObject({ stdout: 'purged 2 responses\n' });
    expect(await purge('--token', token)).toMatchObject({ code: 2 });
    const { code, stderr } = await purge('--tag', 'web/product');
    expect(code).toBe(2);
    for (const name of ['--key', 'response_cache.invalidation.shared_key', '--token', 'bff.purge_token'])
      expect(stderr).toContain(name);
  });
});
