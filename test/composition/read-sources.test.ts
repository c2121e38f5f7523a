import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { print } from 'graphql';
import { expect, test } from 'vitest';
import { readSources } from '../../src/composition/read-sources.ts';
import { folderWith, SHOP } from './folder.ts';

/** `file:line:column CODE message` of each problem, files without their folder. */
async function problemsOf(files: Record<string, string>, env: Record<string, string> = {}): Promise<string[]> {
  const dir = await folderWith(files);
  const { problems } = await readSources(dir, env);
  return problems.map(
    ({ file, line, column, code, message }) =>
      `${file.replace(`${dir}/`, '')}:${line}:${column} ${code} ${message.replace(dir, 'DIR')}`,
  );
}

const aFile = (url: string) => `extend schema @subgraph(url: "${url}")\ntype Query { a: Int }`;

test('a file is a subgraph, named as the file', async () => {
  const { sources, problems } = await readSources(await folderWith(SHOP));
  expect(problems).toEqual([]);
  expect(sources.map(({ name, kind, url }) => ({ name, kind, url }))).toEqual([
    { name: 'products', kind: 'subgraph', url: 'http://127.0.0.1:4001/graphql' },
    { name: 'reviews', kind: 'subgraph', url: 'http://127.0.0.1:4002/graphql' },
  ]);
});

test('.gql and .graphqls files and files in folders below are sources, too, named as the file', async () => {
  const dir = await folderWith({ 'products.gql': SHOP['products.graphql'] });
  await mkdir(join(dir, 'teams', 'social'), { recursive: true });
  await writeFile(join(dir, 'teams', 'social', 'reviews.graphqls'), SHOP['reviews.graphql']);
  await mkdir(join(dir, '.git'));
  await writeFile(join(dir, '.git', 'hidden.graphql'), 'not {');
  const { sources, problems } = await readSources(dir);
  expect(problems).toEqual([]);
  expect(sources.map(({ name, file }) => [name, file.replace(`${dir}/`, '')])).toEqual([
    ['products', 'products.gql'],
    ['reviews', 'teams/social/reviews.graphqls'],
  ]);
});

test('two files of the same name, whatever the folder and the ending', async () => {
  const dir = await folderWith(SHOP);
  await mkdir(join(dir, 'shop'));
  await writeFile(join(dir, 'shop', 'products.gql'), SHOP['products.graphql']);
  const { problems } = await readSources(dir);
  expect(problems).toMatchObject([
    {
      file: join(dir, 'shop', 'products.gql'),
      code: 'DUPLICATE_NAME',
      message: `The subgraph name "products" is already used by ${join(dir, 'products.graphql')}.`,
    },
  ]);
});

test('hidden files, other extensions and empty folders are left out', async () => {
  const dir = await folderWith({ ...SHOP, '.swap.graphql': 'not {', 'README.md': '# Schemas' });
  await mkdir(join(dir, 'old.graphql'));
  const { sources, problems } = await readSources(dir);
  expect(problems).toEqual([]);
  expect(sources.map((source) => source.name)).toEqual(['products', 'reviews']);
});

test('variables in the url are expanded', async () => {
  const dir = await folderWith({ 'a.graphql': aFile(`http://\${A_HOST:-localhost}:\${A_PORT}/graphql`) });
  const { sources } = await readSources(dir, { A_PORT: '5000' });
  expect(sources[0]?.url).toBe('http://localhost:5000/graphql');
});

test.each([
  [
    'no @subgraph',
    'type Query { a: Int }',
    '1:1 MISSING_SUBGRAPH_URL The file has no @subgraph with the URL of the subgraph.',
  ],
  [
    'not a URL',
    aFile('localhost:4001'),
    '1:15 INVALID_SUBGRAPH_URL "localhost:4001" cannot be used: expected an http://, https:// or unix:// URL.',
  ],
  ['an unset variable', aFile(`\${NOWHERE}`), '1:15 UNSET_VARIABLE The environment variable NOWHERE is not set.'],
  ['a syntax error', `${aFile('http://a')}\ntype {`, '3:6 INVALID_GRAPHQL Syntax Error: Expected Name, found "{".'],
  [
    'a missing argument',
    'extend schema @subgraph\ntype Query { a: Int }',
    '1:15 INVALID_GATEWAY_DIRECTIVE Argument "url" of required type "String!" was not provided.',
  ],
  [
    'a REST source without connectors',
    'extend schema @source(name: "r", http: {baseURL: "http://r"})\ntype Query { a: Int }',
    '2:14 MISSING_CONNECTOR Query.a has no connector.',
  ],
  [
    'a look-up that finds nothing',
    'extend schema @service(url: "http://s")\ntype Query { a(id: ID!): Int @merge(keyField: "id") }',
    '2:30 MERGE_RETURNS_NO_OBJECT The look-up "a" returns Int; expected an object or a list of objects.',
  ],
  [
    'two kinds of source',
    'extend schema @subgraph(url: "http://a")\ntype Query { a: Int @connect(http: {GET: "http://b"}, selection: "$") }',
    '2:21 MIXED_SOURCE_KINDS The file describes more than one kind of source: it has @subgraph and @connect.',
  ],
])('%s is reported with its place', async (_, text, problem) => {
  expect(await problemsOf({ 'a.graphql': text })).toEqual([`a.graphql:${problem}`]);
});

test('the problems of every file are reported, not only those of the first', async () => {
  const files = { 'a.graphql': 'type {', 'b.graphql': 'type Query { b: Int }', '9.graphql': aFile('http://c') };
  expect((await problemsOf(files)).map((text) => text.split(' ', 2))).toEqual([
    ['9.graphql:1:1', 'INVALID_NAME'],
    ['a.graphql:1:6', 'INVALID_GRAPHQL'],
    ['b.graphql:1:1', 'MISSING_SUBGRAPH_URL'],
  ]);
});

test('two names that differ by case alone', async () => {
  expect(await problemsOf({ 'Users.graphql': aFile('http://a'), 'users.graphql': aFile('http://b') })).toEqual([
    'users.graphql:1:1 DUPLICATE_NAME The subgraph name "users" is already used by DIR/Users.graphql.',
  ]);
});

test('a folder that is empty, missing, or a file', async () => {
  const dir = await folderWith({ file: '' });
  const codes = async (path: string) => (await readSources(path)).problems.map((problem) => problem.code);
  expect(await codes(dir)).toEqual(['NO_SCHEMAS']);
  expect(await codes(join(dir, 'none'))).toEqual(['NO_SCHEMAS_FOLDER']);
  expect(await codes(join(dir, 'file'))).toEqual(['NO_SCHEMAS_FOLDER']);
});

test('a file that cannot be read', async () => {
  const dir = await folderWith(SHOP);
  await symlink('gone.graphql', join(dir, 'link.graphql'));
  await chmod(join(dir, 'link.graphql'), 0o600).catch(() => undefined);
  const { problems } = await readSources(dir);
  expect(problems).toMatchObject([{ code: 'UNREADABLE_FILE', hint: 'It is a link to a file that does not exist.' }]);
});

test('what is no file is not read: from a pipe, nothing may ever come', {
  skip: process.platform === 'win32',
}, async () => {
  const dir = await folderWith(SHOP);
  await symlink('/dev/null', join(dir, 'device.graphql'));
  execFileSync('mkfifo', [join(dir, 'pipe.graphql')]);
  const { sources, problems, skipped } = await readSources(dir);
  expect(sources).toHaveLength(2);
  expect(problems).toEqual([]);
  expect(skipped).toEqual([join(dir, 'device.graphql'), join(dir, 'pipe.graphql')]);
});

test("the gateway's directives need no import, are taken out, and are kept with their place", async () => {
  const dir = await folderWith({
    'a.graphql': `extend schema @subgraph(url: "http://a")
type Query {
  search(text: String!): Int @rateLimit(limit: 10, by: ["ip"]) @deprecated
}
type Hit @rateLimit(limit: 5, window: "10s", algorithm: SLIDING_WINDOW) { id: ID }
`,
  });
  const { sources, problems } = await readSources(dir);
  expect(problems).toEqual([]);
  expect(sources[0]?.gatewayDirectives).toEqual([
    {
      directive: 'rateLimit',
      coordinate: 'Query.search',
      args: { limit: 10, window: '1m', by: ['ip'], algorithm: 'TOKEN_BUCKET' },
      line: 3,
      column: 30,
    },
    {
      directive: 'rateLimit',
      coordinate: 'Hit',
      args: { limit: 5, window: '10s', by: ['client'], algorithm: 'SLIDING_WINDOW' },
      line: 5,
      column: 10,
    },
  ]);
  expect(sources[0] && print(sources[0].document)).toBe(`type Query {
  search(text: String!): Int @deprecated
}

type Hit {
  id: ID
}`);
});

test("wrong uses of the gateway's directives", async () => {
  const text = `extend schema @subgraph(url: "http://a")
type Query { a: Int @rateLimit(limit: "ten") b: Int @rateLimit(limit: 1, windw: "1m") }
enum E @rateLimit(limit: 1) { X }`;
  expect(await problemsOf({ 'a.graphql': text })).toEqual([
    'a.graphql:2:39 INVALID_GATEWAY_DIRECTIVE Argument "limit" on directive "@rateLimit" is "ten"; expected Int!.',
    'a.graphql:2:74 INVALID_GATEWAY_DIRECTIVE Unknown argument "windw" on directive "@rateLimit"; it takes limit, window, burst, by, algorithm, name.',
    'a.graphql:3:8 INVALID_GATEWAY_DIRECTIVE Directive "@rateLimit" may not be used here; it belongs on FIELD_DEFINITION or OBJECT.',
  ]);
});
