import { describe, expect, test } from 'vitest';
import type { UsageReport } from '../../src/usage/usage-report.ts';
import { TOKEN } from '../gateway/admin-client.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { project, runCli } from './run-cli.ts';

const SCHEMA = `extend schema @subgraph(url: "http://127.0.0.1:4001/graphql")
type Query { products(first: Int): [Product] }
interface Item { id: ID! }
type Product implements Item @key(fields: "id") { id: ID! name: String price: Int old: Int @deprecated tax: Int @deprecated }
`;

const last = '2026-01-31T12:00:00.000Z';
const REPORT: UsageReport = {
  since: '2026-01-01T12:00:00.000Z',
  until: last,
  overflowed: false,
  operations: [
    {
      ...{ id: 'a', name: 'Shelf', type: 'query', possible: [] },
      used: ['Int', 'Product', 'Product.name', 'Product.price', 'Query.products', 'Query.products(first:)', 'String'],
      uses: [
        { client: 'web', version: '1.2.3', count: 110, last },
        { client: 'ios', count: 9, last: '2026-01-20T08:30:00.000Z' },
      ],
    },
    {
      ...{ id: 'b', name: 'Tax', type: 'query', possible: [], used: ['Product', 'Product.tax', 'Query.products'] },
      uses: [{ client: undefined, count: 1, last }],
    },
  ],
};

const files = { 'schemas/products.graphql': SCHEMA, 'usage.json': JSON.stringify(REPORT) };

/** Checks the schema after a change against the one before, with the usage of the report. */
async function check(change: (schema: string) => string, report: UsageReport, ...flags: string[]) {
  const dir = await project({ ...files, 'usage.json': JSON.stringify(report) });
  await runCli(dir, ['compose', '--out', 'before.graphql']);
  const changed = await project({ ...files, 'schemas/products.graphql': change(SCHEMA) });
  return runCli(changed, ['check', '--against', `${dir}/before.graphql`, '--usage', `${dir}/usage.json`, ...flags]);
}

describe('usage', () => {
  const run = async (...flags: string[]) => runCli(await project(files), ['usage', '--file', 'usage.json', ...flags]);

  test('lists what is used, how often, when last and by whom', async () => {
    const { code, stdout } = await run();
    expect(code).toBe(0);
    expect(stdout).toBe(`2 operations, 120 requests in the last 30 days

Product.name  119 times, last 2026-01-31 12:00: query Shelf, web 1.2.3; query Shelf, ios
Product.price  119 times, last 2026-01-31 12:00: query Shelf, web 1.2.3; query Shelf, ios
Product.tax  once, last 2026-01-31 12:00: query Tax, a client without a name
Query.products  120 times, last 2026-01-31 12:00: query Shelf, web 1.2.3; query Shelf, ios; query Tax, a client without a name
Query.products(first:)  119 times, last 2026-01-31 12:00: query Shelf, web 1.2.3; query Shelf, ios
`);
  });

  test('says who uses one field', async () => {
    const { stdout } = await run('--field', 'Product.price', '--client', 'ios');
    expect(stdout).toBe(`1 operation, 9 requests in the last 30 days

Product.price
  query Shelf, ios: 9 times, last 2026-01-20 08:30
`);
    expect((await run('--field', 'Product.old')).stdout).toContain('Product.old\n  not used\n');
  });

  test.each([
    ['Product.nope', 'the schema has no such coordinate: "Product.nope". Did you mean "Product.'],
    ['product.name', 'the schema has no such coordinate: "product.name". Did you mean "Product.name"?'],
    ['Query.products(frist:)', 'Did you mean "Query.products(first:)"?'],
    ['name', 'Expected one such as Product.price'],
  ])('a coordinate that does not exist is a mistake: %s', async (field, message) => {
    const { code, stdout, stderr } = await run('--field', field);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
    expect((await run('--field', field, '--format', 'json')).code).toBe(2);
  });

  test.each(['Product', '@deprecated', '@deprecated(reason:)', 'Item.id'])('%s is a coordinate', async (field) => {
    expect((await run('--field', field)).code).toBe(0);
  });

  test('a coordinate that was used and has been removed is found', async () => {
    const dir = await project({ ...files, 'schemas/products.graphql': SCHEMA.replace('price: Int ', '') });
    const { code, stdout } = await runCli(dir, ['usage', '--file', 'usage.json', '--field', 'Product.price']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('query Shelf, web 1.2.3: 110 times')]);
  });

  test('a field that is used through its interface is used', async () => {
    const [shelf] = REPORT.operations;
    const report = { ...REPORT, operations: [{ ...shelf, used: ['Item.id'] }] };
    const dir = await project({ ...files, 'usage.json': JSON.stringify(report) });
    const { stdout } = await runCli(dir, ['usage', '--file', 'usage.json', '--field', 'Product.id']);
    expect(stdout).toContain('Product.id\n  query Shelf, web 1.2.3: 110 times');
  });

  test('without a schema, it says that it cannot check the coordinate', async () => {
    const dir = await project({ 'usage.json': JSON.stringify(REPORT) });
    const { code, stdout } = await runCli(dir, ['usage', '--file', 'usage.json', '--field', 'Product.nope']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('not used; give --schemas or --supergraph to check')]);
  });

  test('the schema is that of the running gateway', async () => {
    const { server } = await httpWorld(
      { stock: { typeDefs: 'type Query { stock: Int }', resolvers: { Query: { stock: () => 7 } } } },
      { config: { admin: { token: TOKEN, listen: '127.0.0.1:0' }, usage: { enabled: true } } },
    );
    const args = ['usage', '--url', new URL(server.adminUrl as string).origin, '--token', TOKEN, '--field'];
    // the files have another schema
    const dir = await project(files);
    const { code, stderr } = await runCli(dir, [...args, 'Product.price']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('no such coordinate: "Product.price"')]);
    const known = await runCli(dir, [...args, 'Query.stock']);
    expect([known.code, known.stdout]).toEqual([0, expect.stringContaining('Query.stock\n  not used\n')]);
  });

  test('says that a client was not seen', async () => {
    const { code, stdout, stderr } = await run('--client', 'wbe', '--field', 'Product.price');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe('error: --client: no client "wbe" was seen in the last 30 days. Did you mean "web"?\n');
  });

  test('prints JSON that it can read again', async () => {
    const { stdout } = await run('--format', 'json', '--client', 'ios');
    const { operations } = JSON.parse(stdout) as UsageReport;
    expect(operations.map(({ name, uses }) => [name, uses.length])).toEqual([['Shelf', 1]]);
    const dir = await project({ 'again.json': stdout });
    expect((await runCli(dir, ['usage', '--file', 'again.json'])).code).toBe(0);
  });

  test('lists what nobody uses, and what is deprecated', async () => {
    const unused = (await run('--unused')).stdout.split('\n').slice(2, -1);
    expect(unused).toEqual(['Item.id  not used', 'Product.id  not used', 'Product.old  not used']);
    expect((await run('--deprecated')).stdout).toContain('Product.old  not used\nProduct.tax  once, last');
    expect((await run('--unused', '--deprecated')).stdout.split('\n').slice(2, -1)).toEqual(['Product.old  not used']);
  });

  test('says what is missing to read usage', async () => {
    const dir = await project({ ...files, 'bad.json': '{"operations": 1}', 'headgate.yaml': 'telemetry: {}' });
    await runCli(dir, ['compose', '--out', 'before.graphql']);
    const problems = [
      [['usage'], 'no admin listener'],
      [['usage', '--url', 'http://127.0.0.1:1'], 'give --token'],
      [['usage', '--url', 'http://127.0.0.1:1', '--token', 'a-secret-token-of-mine'], 'cannot be reached'],
      [['usage', '--file', 'bad.json'], 'is no usage report'],
      [['usage', '--file', 'absent.json'], '--file: file not found: absent.json'],
      [['usage', '--file', 'schemas'], '--file: schemas is a folder; expected a file'],
      [['check', '--against', 'absent.graphql'], '--against: file not found: absent.graphql'],
      [['check', '--against', 'before.graphql', '--usage', 'absent.json'], 'file not found: absent.json'],
      [['usage', '--file', 'before.graphql', '--url', 'b'], 'give only one'],
      [['usage', '--redis', 'redis://:a-secret-password@127.0.0.1:1'], 'cannot be read from Redis'],
    ] as const;
    for (const [args, message] of problems) {
      const { code, stderr, stdout } = await runCli(dir, args);
      expect(code, args.join(' ')).toBe(2);
      expect(stderr).toContain(message);
      expect(stderr + stdout).not.toContain('a-secret');
    }
  });
});

describe('check --usage', () => {
  test('says whom a change breaks, and fails', async () => {
    const { code, stdout } = await check((schema) => schema.replace('price: Int ', ''), REPORT);
    expect(code).toBe(1);
    expect(stdout).toContain(`schema     1 breaking change
  FIELD_REMOVED  Product.price was removed.
    breaks query Shelf, web 1.2.3: 110 times, last 2026-01-31 12:00
    breaks query Shelf, ios: 9 times, last 2026-01-20 08:30
`);
  });

  test('a change that breaks nobody does not fail, unless --fail-on any', async () => {
    const change = (schema: string) => schema.replace('old: Int @deprecated ', '');
    const { code, stdout } = await check(change, REPORT);
    expect(stdout).toContain('breaks nobody: not used in the last 30 days');
    expect(code).toBe(0);
    expect((await check(change, REPORT, '--fail-on', 'any')).code).toBe(1);
  });

  test('--fail-on needs --usage', async () => {
    const dir = await project(files);
    await runCli(dir, ['compose', '--out', 'before.graphql']);
    const { code, stderr } = await runCli(dir, ['check', '--against', 'before.graphql', '--fail-on', 'any']);
    expect([code, stderr]).toEqual([2, 'error: --fail-on needs --usage\n']);
  });

  test('without any recorded usage, every change counts', async () => {
    const change = (schema: string) => schema.replace('old: Int @deprecated ', '');
    const { code, stdout } = await check(change, { ...REPORT, operations: [] });
    expect(stdout).toContain('No usage is recorded');
    expect(code).toBe(1);
  });
});
