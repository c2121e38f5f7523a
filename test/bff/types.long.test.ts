import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { clientFiles } from '../../src/bff/types/client-files.ts';
import { engineOver, folderOf, serveBff } from './support.ts';

const SDL = `
  type Query { user(id: ID!, lang: String): User, tags(ids: [ID!]): [String!]!, score(problem: Problem, text: String): Result }
  type Mutation { rename(input: Rename!): User, remove(id: ID!): Boolean }
  "Someone with an account."
  type User { id: ID!, name: String!, mood: Mood, friends: [User!] }
  enum Mood { GOOD BAD }
  enum Result { WON LOST }
  input Problem @oneOf { text: String, number: Int }
  input Rename { id: ID!, name: String! = "Nameless" }
`;
const FILES = {
  'app/profile.graphql': `# Who someone is.
query ($id: ID!, $lang: String @from(header: "accept-language")) @endpoint(path: "/people/:id") {
  user(id: $id, lang: $lang) { id called: name mood friends @optional { id } }
}`,
  'app/rename.graphql': 'mutation ($input: Rename!) @endpoint(status: 201) { user: rename(input: $input) { name } }',
  'app/tags.graphql': 'query ($ids: [ID!]) { tags(ids: $ids) }',
  'app/call.graphql': 'query ($problem: Problem, $headers: String) { call: score(problem: $problem, text: $headers) }',
  'app/delete.graphql': `mutation ($id: ID!) @endpoint(path: "/people/:id", method: DELETE, idempotency: {required: true}) {
    gone: remove(id: $id)
  }`,
  'app/home.graphql':
    '{ me: user(id: "u/1") { id } guest: user(id: "u/1") @optional { name } none: user(id: "?") @optional { id } }',
  'app/1st.graphql': 'query ($toString: String) { user(id: "u/1", lang: $toString) { name } }',
  'app/v2/tags.graphql': '{ tags }',
  'app/v3/tags.graphql': '{ tags }',
  'app/client.yaml': 'deprecated: 2026-01-01\nversions: { v3: { enabled: false } }',
  'web/other.graphql': '{ tags }',
};
const people = {
  user: ({ id, lang }: { id: string; lang?: string }) =>
    id === 'u/1' ? { id, name: `Ada (${lang})`, mood: 'GOOD', friends: [] } : null,
  rename: ({ input }: { input: { id: string; name: string } }) => input,
  score: ({ problem, text }: { problem?: object; text?: string }) =>
    JSON.stringify({ problem, text }) === '{"problem":{"number":7},"text":"hi"}' ? 'WON' : 'LOST',
  remove: ({ id }: { id: string }) => id === 'u1',
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
  expect(typescript).toContain(`/** Someone with an account. */
export type ProfileAnswerUser = {
  readonly id: string;
  readonly called: string;
  readonly mood: Mood | null;
  readonly friends: ReadonlyArray<ProfileAnswerUserFriends> | null;
};`);
  expect(typescript).toContain(
    'export type ProfileAnswer = {\n  readonly user: ProfileAnswerUser;\n  readonly meta?: AnswerMeta;',
  );
  expect(typescript).toContain('export function tagsV2(given: CallOptions = {}, options?: CallOptions)');
  expect(typescript).toContain(
    ' * GET /bff/app/tags\n *\n * @deprecated Deprecated since 2026-01-01.\n */\nexport function tags(',
  );
  expect(typescript).not.toContain('/bff/app/v3/');
  expect(typescript).not.toContain('/bff/web/');
});

/** A program such as a frontend has it: it uses the types, so that a wrong one does not compile. */
const PROGRAM = `import { _1st, call, delete_, profile, rename, streamHome, tags, tagsV2, ProblemError, type Mood, type ResultEnum } from './app.js';

export async function run(baseUrl: string) {
  const options = { baseUrl };
  const { data, headers } = await profile({ id: 'u/1', 'accept-language': 'de' }, options);
  const mood: Mood | null = data.user.mood;
  const failed: string[] = data.meta?.partial.map(({ code }) => code) ?? [];
  const renamed = await rename({ input: { id: '1', name: 'Bob' } }, { ...options, idempotencyKey: 'k' });
  const many = await tags({ ids: ['a', 'b c', '&'] }, options);
  const none = await tags(undefined, options);
  const later = await tagsV2(options);
  const same = [await tags(options), await tagsV2({ baseUrl })];
  const won: ResultEnum | null = (await call({ problem: { number: 7 }, headers_: 'hi', baseUrl })).data.call;
  const refused = await Promise.all(['..', '.', ''].map((id) => profile({ id }, options).then(() => 'sent', String)));
  const gone = (await delete_({ id: 'u1', ...options, idempotencyKey: 'k2' })).data.gone;
  const unkeyed = await delete_({ id: 'u1', baseUrl, idempotencyKey: '' }).then(() => 'sent', String);
  const odd = [await _1st(options), await _1st({ toString_: 'fr' }, options)].map(({ data }) => data.user?.name);
  const pieces: unknown[] = [];
  for await (const { data, path } of streamHome(options)) pieces.push({ path, data });
  let problem: unknown;
  try {
    await profile({ id: 'nobody' }, options);
  } catch (error) {
    if (error instanceof ProblemError) problem = [error.status, error.problem.type];
  }
  return {
    called: data.user.called, mood, failed, etag: headers.get('etag') !== null,
    renamed: [renamed.status, renamed.data.user.name], many: many.data.tags, none: none.data.tags,
    later: later.data.tags, problem, same: same.map((one) => one.data.tags), won, refused, gone, unkeyed, odd, pieces,
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
    same: [[], []],
    won: 'WON',
    refused: [
      'TypeError: "id" cannot be "..": it is part of the path.',
      'TypeError: "id" cannot be ".": it is part of the path.',
      'TypeError: "id" cannot be "": it is part of the path.',
    ],
    gone: true,
    unkeyed: 'TypeError: DELETE /bff/app/people/{id} needs an idempotencyKey.',
    odd: ['Ada (undefined)', 'Ada (fr)'],
    pieces: [
      { data: { me: { id: 'u/1' } } },
      { path: ['guest'], data: { me: { id: 'u/1' }, guest: { name: 'Ada (undefined)' } } },
      { path: ['none'], data: { me: { id: 'u/1' }, guest: { name: 'Ada (undefined)' }, none: null } },
    ],
  });
});

test('a program that is wrong about an answer does not compile', async () => {
  const { typescript } = await write();
  const wrong = PROGRAM.replace('data.user.called, mood', 'data.user.name, mood')
    .replace("{ id: 'nobody' }", '{}')
    .replace(", ...options, idempotencyKey: 'k2' })", ' }, options)')
    .replace('{ number: 7 }', "{ number: 7, text: 'and more' }");
  const errors = compile(folderOf({ 'package.json': '{"type":"module"}', 'app.ts': typescript, 'program.ts': wrong }));
  expect(errors).toContain("Property 'name' does not exist");
  expect(errors).toContain("Property 'id' is missing in type '{}'");
  expect(errors).toContain("Property 'idempotencyKey' is missing");
  expect(errors).toContain("Type 'string' is not assignable to type 'undefined'");
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
