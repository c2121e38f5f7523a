import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { clientFiles } from '../../src/bff/types/client-text.ts';
import { engineOver, folderOf, serveBff } from './support.ts';

const SDL = `
  type Query { user(id: ID!, lang: String): User, tags(ids: [ID!]): [String!]! }
  type Mutation { rename(input: Rename!): User }
  "Someone with an account."
  type User { id: ID!, name: String!, mood: Mood, friends: [User!] }
  enum Mood { GOOD BAD }
  input Rename { id: ID!, name: String! = "Nameless" }
`;
const FILES = {
  'app/profile.graphql': `# Who someone is.
query ($id: ID!, $lang: String @from(header: "accept-language")) @endpoint(path: "/people/:id") {
  user(id: $id, lang: $lang) { id called: name mood friends @optional { id } }
}`,
  'app/rename.graphql': 'mutation ($input: Rename!) @endpoint(status: 201) { user: rename(input: $input) { name } }',
  'app/tags.graphql': 'query ($ids: [ID!]) { tags(ids: $ids) }',
  'app/v2/tags.graphql': '{ tags }',
  'app/v3/tags.graphql': '{ tags }',
  'app/client.yaml': 'deprecated: 2026-01-01\nversions: { v3: { enabled: false } }',
  'web/other.graphql': '{ tags }',
};
const people = {
  user: ({ id, lang }: { id: string; lang?: string }) =>
    id === 'u/1' ? { id, name: `Ada (${lang})`, mood: 'GOOD', friends: [] } : null,
  rename: ({ input }: { input: { id: string; name: string } }) => input,
  tags: ({ ids = [] }: { ids?: string[] }) => ids,
};

async function write() {
  const dir = folderOf(FILES);
  const schema = { publicSchema: buildSchema(SDL), types: new Map(), cacheControl: [] };
  const { endpoints, problems } = await loadEndpoints(dir, schema);
  expect(problems).toEqual([]);
  return { dir, ...clientFiles(endpoints, schema.publicSchema, 'app') };
}

test('types as the answers have them', async () => {
  const { typescript } = await write();
  expect(typescript).toContain(`export type Mood = "GOOD" | "BAD";`);
  expect(typescript).toContain(`/** The answer of {@link profile}. */
export type ProfileAnswer = {
  /** Someone with an account. */
  readonly user: {
    readonly id: string;
    readonly called: string;
    readonly mood: Mood | null;`);
  expect(typescript).toContain('export function tagsV2(options: CallOptions = {})');
  expect(typescript).toContain(
    ' * GET /bff/app/tags\n *\n * @deprecated Deprecated since 2026-01-01.\n */\nexport function tags(',
  );
  expect(typescript).not.toContain('/bff/app/v3/');
  expect(typescript).not.toContain('/bff/web/');
});

/** A program such as a frontend has it: it uses the types, so that a wrong one does not compile. */
const PROGRAM = `import { profile, rename, tags, tagsV2, ProblemError, type Mood } from './app.js';

export async function run(baseUrl: string) {
  const options = { baseUrl };
  const { data, headers } = await profile({ id: 'u/1', 'accept-language': 'de' }, options);
  const mood: Mood | null = data.user.mood;
  const failed: string[] = data.meta?.partial.map(({ code }) => code) ?? [];
  const renamed = await rename({ input: { id: '1', name: 'Bob' } }, { ...options, idempotencyKey: 'k' });
  const many = await tags({ ids: ['a', 'b c', '&'] }, options);
  const none = await tags(undefined, options);
  const later = await tagsV2(options);
  let problem: unknown;
  try {
    await profile({ id: 'nobody' }, options);
  } catch (error) {
    if (error instanceof ProblemError) problem = [error.status, error.problem.type];
  }
  return {
    called: data.user.called, mood, failed, etag: headers.get('etag') !== null,
    renamed: [renamed.status, renamed.data.user.name], many: many.data.tags, none: none.data.tags,
    later: later.data.tags, problem,
  };
}
`;

const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');

function compile(dir: string): string {
  const flags = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--target', 'es2022'];
  const modules = ['--module', 'nodenext', '--lib', 'es2022,dom'];
  try {
    execFileSync(process.execPath, [tsc, ...flags, ...modules, 'program.ts'], { cwd: dir, encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('the client compiles, strictly, and talks to a gateway', async () => {
  const { dir, typescript } = await write();
  const out = folderOf({ 'package.json': '{"type":"module"}', 'app.ts': typescript, 'program.ts': PROGRAM });
  expect(compile(out)).toBe('');
  const engine = engineOver(SDL, people);
  const { origin } = await serveBff({ dir, engine: () => engine });
  const { run } = await import(/* @vite-ignore */ pathToFileURL(join(out, 'program.js')).href);
  expect(await run(origin)).toEqual({
    called: 'Ada (de)',
    mood: 'GOOD',
    failed: [],
    etag: true,
    renamed: [201, 'Bob'],
    many: ['a', 'b c', '&'],
    none: [],
    later: [],
    problem: [404, 'urn:headgate:problem:not-found'],
  });
});

test('a program that is wrong about an answer does not compile', async () => {
  const { typescript } = await write();
  const wrong = PROGRAM.replace('data.user.called, mood', 'data.user.name, mood').replace("{ id: 'nobody' }", '{}');
  const errors = compile(folderOf({ 'package.json': '{"type":"module"}', 'app.ts': typescript, 'program.ts': wrong }));
  expect(errors).toContain("Property 'name' does not exist");
  expect(errors).toContain("Property 'id' is missing in type '{}'");
});

test('JSON Schema for other languages', async () => {
  const { jsonSchema, dir } = await write();
  writeFileSync(join(dir, 'app.schema.json'), jsonSchema);
  const { $defs } = JSON.parse(readFileSync(join(dir, 'app.schema.json'), 'utf8'));
  expect(Object.keys($defs)).toEqual(
    expect.arrayContaining([
      'Mood',
      'Rename',
      'ProfileAnswer',
      'ProfileParameters',
      'RenameParameters',
      'TagsV2Answer',
    ]),
  );
  expect($defs.RenameParameters.properties.input).toEqual({ $ref: '#/$defs/Rename' });
});
