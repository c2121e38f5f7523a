import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { project, runCli } from './run-cli.ts';

const PRODUCTS = `extend schema @subgraph(url: "http://127.0.0.1:4001/graphql")
type Query { product(id: ID!): Product }
type Product @key(fields: "id") { id: ID! name: String }
`;

describe('compose', () => {
  test('prints the supergraph, or writes it to a file', async () => {
    const dir = await project({ 'schemas/products.graphql': PRODUCTS });
    const printed = await runCli(dir, ['compose']);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toContain('PRODUCTS @join__graph(name: "products", url: "http://127.0.0.1:4001/graphql")');

    expect(await runCli(dir, ['compose', '--out', 'out.graphql'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readFile(join(dir, 'out.graphql'), 'utf8')).toBe(printed.stdout);
  });

  test('tells problems on stderr with file and line, and exits 1', async () => {
    const dir = await project({ 'schemas/products.graphql': PRODUCTS.replace('Product }', 'Produkt }') });
    expect(await runCli(dir, ['compose'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `schemas/products.graphql:2:32  [products] INVALID_GRAPHQL  Unknown type Produkt
    hint: Define the type in this file: each subgraph declares all types that it uses.

1 problem
`,
    });
  });
});

describe('validate', () => {
  test('says what was read when all is good', async () => {
    const dir = await project({ 'schemas/products.graphql': PRODUCTS, 'headgate.yaml': 'limits: {}' });
    expect(await runCli(dir, ['validate'])).toEqual({
      code: 0,
      stderr: '',
      stdout: `config     headgate.yaml: good
schemas    schemas: good (products)
endpoints  none
`,
    });
  });

  test('lists the problems of every part, and exits 1', async () => {
    const dir = await project({
      'schemas/products.graphql': PRODUCTS,
      'headgate.yaml': 'limit: {}',
      'bff/web/product.graphql': 'query Product($id: ID!) @endpoint(path: "/product/:id") { product(id: $id) { nam } }',
    });
    const { code, stderr } = await runCli(dir, ['validate']);
    expect(code).toBe(1);
    expect(stderr).toContain('headgate.yaml:1:1  UNKNOWN_CONFIG_KEY  Unknown key "limit".');
    expect(stderr).toMatch(/bff\/web\/product\.graphql:1:\d+ .*Cannot query field "nam" on type "Product"/);
    expect(stderr).toMatch(/\n2 problems\n$/);
  });

  test('warns of what holds and is not safe, and finds nothing wrong with it', async () => {
    const jwks = 'authentication:\n  router:\n    jwt:\n      jwks:\n        - url: http://keys.example/jwks\n';
    const dir = await project({ 'schemas/products.graphql': PRODUCTS, 'headgate.yaml': jwks });
    const { code, stderr } = await runCli(dir, ['validate']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\nheadgate\.yaml:5:11 {2}UNSAFE_SETTING {2}authentication\.router\.jwt\.jwks\[0\]\.url: /);
    expect(stderr).toMatch(
      /Neither `issuer` nor `audience` is set.*\n {4}hint: Use https:\/\/\. Set `issuer` and `audience`/,
    );
  });

  test('warns of a key with its old name', async () => {
    const yaml = 'override_labels:\n  percent_by: x-user\n';
    const dir = await project({ 'schemas/products.graphql': PRODUCTS, 'headgate.yaml': yaml });
    expect(await runCli(dir, ['validate'])).toMatchObject({
      code: 0,
      stderr:
        '\nheadgate.yaml:2:3  RENAMED_KEY  override_labels.percent_by: This key is now called `override_labels.percent_header`; the old name still works.\n' +
        '    hint: Rename it in your config.\n\n1 warning\n',
    });
  });

  test('finds settings for a subgraph, and for connectors, that are not there', async () => {
    const dir = await project({
      'schemas/products.graphql': PRODUCTS,
      'headgate.yaml':
        'subgraphs:\n  product: { url: "http://127.0.0.1:1/" }\nconnectors:\n  sources:\n    products.api: { cache: true }\n',
    });
    const { code, stderr } = await runCli(dir, ['validate']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `
headgate.yaml:2:3  UNKNOWN_SUBGRAPH  subgraphs.product: there is no subgraph "product".
    hint: Did you mean "products"?
headgate.yaml:5:5  UNKNOWN_CONNECTORS  connectors.sources.products.api: no schema file has a @source of that name; expected SUBGRAPH.SOURCE.
    hint: There are none.

2 problems
`,
    });
  });
});

describe('validate: what is allowed and may not be meant', () => {
  test('is a warning, with its place and exit code 0', async () => {
    const dir = await project({
      'schemas/products.graphql': PRODUCTS,
      'headgate.yaml': "cors:\n  policies:\n    - match_origins: ['https://.*shop\\.example']\n",
    });
    const { code, stderr } = await runCli(dir, ['validate']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^\nheadgate\.yaml:3:23 {2}WARNING {2}cors\.policies\[0\]\.match_origins\[0\]: .*accepts https:\/\/evilshop\.example.*\n\n1 warning\n$/,
      ),
    });
  });
});

describe('init', () => {
  test('writes a project that is valid, and overwrites nothing', async () => {
    const dir = await project();
    expect(await runCli(dir, ['init'])).toMatchObject({ code: 0, stderr: '' });
    expect(await runCli(dir, ['validate'])).toMatchObject({ code: 0, stderr: '' });

    const again = await runCli(dir, ['init']);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('this folder has headgate.yaml, schemas/products.graphql');
  });
});

describe('plan', () => {
  const REVIEWS = `extend schema @subgraph(url: "http://127.0.0.1:4002/graphql")
type Product @key(fields: "id") { id: ID! rating: Float }
`;
  const files = { 'schemas/products.graphql': PRODUCTS, 'schemas/reviews.graphql': REVIEWS };
  const query = 'query Rating($id: ID!) { product(id: $id) { name rating } }';

  test('prints the fetches of an operation, from a file or standard input', async () => {
    const dir = await project({ ...files, 'query.graphql': query });
    const fromFile = await runCli(dir, ['plan', '--query', 'query.graphql']);
    expect(fromFile).toMatchObject({ code: 0, stderr: '' });
    expect(fromFile.stdout.indexOf('products')).toBeGreaterThanOrEqual(0);
    expect(fromFile.stdout.indexOf('reviews')).toBeGreaterThan(fromFile.stdout.indexOf('products'));
    expect(await runCli(dir, ['plan', '--query', '-'], query)).toEqual(fromFile);
  });

  test('also of a supergraph file, as JSON, and stage by stage', async () => {
    const dir = await project({ ...files, 'query.graphql': query });
    expect(await runCli(dir, ['compose', '--out', 'super.graphql'])).toMatchObject({ code: 0 });
    const from = ['plan', '--query', 'query.graphql', '--supergraph', 'super.graphql'];
    const json = await runCli(dir, [...from, '--format', 'json']);
    expect(JSON.stringify(JSON.parse(json.stdout))).toContain('"reviews"');
    const stage = await runCli(dir, [...from, '--stage', 'operation']);
    expect(stage.stdout).toContain('rating');
    expect(stage.stdout).not.toContain('reviews');
  });

  test('an invalid operation: where and why, exit 1', async () => {
    const dir = await project({ ...files, 'query.graphql': '{ product(id: 1) { nam } }' });
    const { code, stderr } = await runCli(dir, ['plan', '--query', 'query.graphql']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^query\.graphql:1:20 Cannot query field "nam" on type "Product"/);
  });

  test('the file of an endpoint: which directives to remove', async () => {
    const endpoint = 'query Rating($id: ID!) @endpoint(path: "/:id") { product(id: $id) @optional { name } }';
    const dir = await project({ ...files, 'rating.graphql': endpoint });
    const { code, stderr } = await runCli(dir, ['plan', '--query', 'rating.graphql']);
    expect(code).toBe(1);
    expect(stderr).toContain('rating.graphql:1:24 Unknown directive "@endpoint".');
    expect(stderr).toContain('hint: These are directives of endpoints. Remove them from the query.');
  });

  test('a file that is missing: exit 2', async () => {
    const dir = await project(files);
    const file = await runCli(dir, ['plan', '--query', 'query.graphql']);
    expect(file).toMatchObject({ code: 2, stderr: 'error: --query: file not found: query.graphql\n' });
    const folder = await runCli(dir, ['plan', '--query', 'queries/query.graphql']);
    expect(folder.stderr).toBe('error: --query: folder not found: queries, for queries/query.graphql\n');
    const empty = await runCli(dir, ['plan', '--query', '-'], '');
    expect(empty).toMatchObject({
      code: 2,
      stderr: 'error: --query: standard input is empty; expected an operation\n',
    });
  });

  test('a stage that there is not, and variables that are no object: exit 2', async () => {
    const dir = await project({ ...files, 'query.graphql': query });
    const stage = await runCli(dir, ['plan', '--query', 'query.graphql', '--stage', 'nope']);
    expect(stage.code).toBe(2);
    expect(stage.stderr).toMatch(/unknown stage "nope"\. The stages are operation, /);
    const variables = await runCli(dir, ['plan', '--query', 'query.graphql', '--variables', '[1]']);
    expect(variables).toMatchObject({ code: 2, stderr: expect.stringContaining('expected a JSON object') });
  });

  test('as for a request that labels of @override are on for', async () => {
    const rating = (label: string) => `extend schema @subgraph(url: "http://127.0.0.1:4003/graphql")
type Product @key(fields: "id") { id: ID! rating: Float @override(from: "reviews", label: "${label}") }
`;
    const dir = await project({ ...files, 'schemas/ratings.graphql': rating('percent(10)'), 'query.graphql': query });
    const asked = async (...flags: string[]) => {
      const { stdout } = await runCli(dir, ['plan', '--query', 'query.graphql', ...flags]);
      return ['reviews', 'ratings'].filter((name) => stdout.includes(name));
    };
    expect(await asked('--label', 'percent(10)')).toEqual(['ratings']);
    expect(await asked('--percent', '9')).toEqual(['ratings']);
    expect(await asked('--percent', '10')).toEqual(['reviews']);
    const unknown = await runCli(dir, ['plan', '--query', 'query.graphql', '--label', 'a', '--label', 'b']);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('has the label "a"') });
  });
});

test('config schema prints a JSON schema', async () => {
  const { code, stdout } = await runCli(await project(), ['config', 'schema']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ title: 'headgate.yaml', type: 'object' });
});

test.each([
  [['serve'], /unknown command 'serve'/],
  [['start', '--prot', '1'], /unknown option '--prot'[\s\S]*--port/],
  [['start', '--port', '99999'], /Expected a whole number from 0 to 65535/],
  [['start', '--schemas', 'a', '--supergraph', 'b'], /--schemas and --supergraph exclude each other/],
  [['start', '--bff', 'nowhere'], /--bff: folder not found: nowhere/],
  [['dev', '--config', 'nowhere.yaml'], /--config: file not found: nowhere\.yaml/],
  [['compose', '--schemas', 'nowhere'], /--schemas: folder not found: nowhere/],
  [['compose', '--out', 'nowhere/supergraph.graphql'], /--out: folder not found: nowhere/],
  [['validate', '--supergraph', '.'], /--supergraph: \. is a folder; expected a file/],
  [['limits', '--query', 'nowhere.graphql'], /--query: file not found: nowhere\.graphql/],
  [['keys', 'list', '--file', 'nowhere.json'], /--file: file not found: nowhere\.json/],
  [['bff', 'types', '--bff', 'nowhere', '--out', 'types'], /--bff: folder not found: nowhere/],
])('bad arguments %j: an error message, exit 2', async (args, message) => {
  const { code, stderr } = await runCli(await project(), args);
  expect({ code, reported: message.test(stderr) }).toEqual({ code: 2, reported: true });
});
