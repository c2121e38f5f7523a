import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { loadEndpoints } from '../../../src/bff/endpoints/endpoints.ts';
import { clientFiles } from '../../../src/bff/types/client-files.ts';
import { folderOf } from '../support.ts';
import { documentOf, ref } from './support.ts';

const SDL = `
  type Query { item(id: ID, n: Int, s: String): Item, act(input: Problem, kind: Result): String, acts(inputs: [Problem!], n: [Int!]): String }
  type Mutation { act(input: Problem): String }
  type Item { id: ID!, call: Place }
  enum Place { HERE THERE }
  enum Result { WON LOST }
  input Problem { text: String }
`;

async function load(files: Record<string, string>) {
  const publicSchema = buildSchema(SDL);
  const dir = folderOf(files);
  const loaded = await loadEndpoints(dir, { publicSchema, types: new Map(), cacheControl: [] });
  const problems = loaded.problems.map(({ file, line, code, message }) => ({
    file: file.slice(dir.length + 1),
    line,
    code,
    message,
  }));
  return { ...loaded, publicSchema, problems };
}

test('two files that would be called the same in generated code are reported', async () => {
  const { problems, endpoints } = await load({
    'app/get-item.graphql': '{ item { id } }',
    'app/getItem.graphql': '\n{ item { id } }',
  });
  expect(problems).toMatchObject([{ file: 'app/getItem.graphql', line: 2, code: 'ENDPOINT_DUPLICATE_NAME' }]);
  expect(problems[0]?.message).toMatch(/"getItem", the same as for .*app\/get-item\.graphql/);
  expect(endpoints).toHaveLength(2);
});

test('such files have operation ids of their own all the same', async () => {
  const files = {
    'app/get-item.graphql': '{ item { id } }',
    'app/getItem.graphql': '{ item { id } }',
    'app/v2/get.graphql': '{ act }',
    'app/get-v2.graphql': '{ act }',
  };
  const { paths } = await documentOf(SDL, files);
  const idOf = (path: string): [string, string] => [path, paths[path].get.operationId];
  expect(Object.fromEntries(Object.keys(paths).map(idOf))).toEqual({
    '/bff/app/get-item': 'getItem',
    '/bff/app/getItem': 'getItem2',
    '/bff/app/get-v2': 'getV2',
    '/bff/app/v2/get': 'getV22',
  });
});

test('paths that differ only in the names of parameters are one in the document', async () => {
  const { paths } = await documentOf(SDL, {
    'app/a.graphql': 'query ($id: ID!) @endpoint(path: "/items/:id") { item(id: $id) { id } }',
    'app/b.graphql':
      'mutation ($key: String) @endpoint(path: "/items/:key", method: DELETE) { act(input: {text: $key}) }',
  });
  expect(Object.keys(paths)).toEqual(['/bff/app/items/{id}']);
  expect(paths['/bff/app/items/{id}'].delete.parameters[0]).toMatchObject({ name: 'id', in: 'path', required: true });
});

test('types that are called like our own components get another name', async () => {
  const files = {
    'app/it.graphql':
      'query ($input: Problem, $kind: Result) @endpoint(method: POST) { act(input: $input, kind: $kind) }',
  };
  const { components } = await documentOf(SDL, files);
  expect(components.schemas.Problem.required).toEqual(['type', 'title', 'status']);
  expect(components.schemas.ProblemInput.properties).toEqual({ text: { type: ['string', 'null'] } });
  expect(components.schemas.ItBody.properties.input).toEqual({ anyOf: [ref('ProblemInput'), { type: 'null' }] });
  expect(components.schemas).toHaveProperty('Result');
});

test('reserved words and names of the runtime are no names of functions and types', async () => {
  const { endpoints, publicSchema, problems } = await load({
    'app/delete.graphql': '{ item { id call } }',
    'app/new.graphql': 'query ($kind: Result) { act(kind: $kind) }',
    'app/call.graphql': 'query ($input: Problem) { act(input: $input) }',
    'app/encodeURIComponent.graphql': '{ act }',
  });
  expect(problems).toEqual([]);
  const { typescript } = clientFiles(endpoints, publicSchema, 'app');
  const functions = [...typescript.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  expect(functions).toEqual(['call', 'delete_', 'encodeURIComponent_', 'new_']);
  const types = [...typescript.matchAll(/^export (?:type|interface|class) (\w+)/gm)].map(([, name]) => name);
  expect(types).toEqual([...new Set(types)]);
  expect(types).toEqual(expect.arrayContaining(['Place', 'ResultEnum', 'ProblemInput', 'DeleteAnswerItem']));
});

test('variables of one type may be read from one parameter, and the document has it once', async () => {
  const document = await documentOf(SDL, {
    'app/it.graphql':
      'query ($a: Int! @from(query: "n") @range(min: 1), $n: Int @range(max: 9)) { item(n: $a) { id } more: item(n: $n) { id } }',
  });
  expect(document.paths['/bff/app/it'].get.parameters).toMatchObject([
    { name: 'n', in: 'query', required: true, schema: { type: 'integer', minimum: 1, maximum: 9 } },
  ]);
});

test('variables of different types from one parameter are reported', async () => {
  const { problems } = await load({
    'app/it.graphql': 'query (\n  $n: Int\n  $s: String @from(query: "n")\n) { item(n: $n, s: $s) { id } }',
  });
  expect(problems).toMatchObject([
    {
      file: 'app/it.graphql',
      line: 3,
      code: 'ENDPOINT_FROM',
      message: expect.stringContaining('$n (Int) and $s (String) are both read from "n" in the query'),
    },
  ]);
});

test('a list of objects has no room in a header', async () => {
  const { problems } = await load({
    'app/it.graphql':
      'query ($all: [Problem!] @from(header: "x-all"), $n: [Int!] @from(header: "x-n")) { acts(inputs: $all, n: $n) }',
  });
  expect(problems).toMatchObject([
    { code: 'ENDPOINT_FROM', message: expect.stringContaining('$all ([Problem!]) is read from the header ("x-all")') },
  ]);
});
