import { expect, test } from 'vitest';
import { documentHash, readManifests } from '../../../src/policy/persisted/manifests.ts';
import { project } from '../../cli/run-cli.ts';

const apollo = (...operations: object[]) =>
  JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });

test('manifests of Apollo and of Relay, and folders of documents, make one list', async () => {
  const dir = await project({
    'apollo.json': apollo({ id: 'a1', name: 'A', type: 'query', body: 'query A { a }' }),
    'relay.json': JSON.stringify({ r1: 'query R { r }' }),
    'queries/home.graphql': 'query Home { home }',
    'queries/more/cart.gql': 'mutation Cart { cart }',
    'queries/README.md': 'not a query',
  });
  const manifest = readManifests(['apollo.json', 'relay.json', 'queries'].map((name) => `${dir}/${name}`));
  expect(Object.fromEntries(manifest)).toEqual({
    a1: 'query A { a }',
    r1: 'query R { r }',
    [documentHash('query Home { home }')]: 'query Home { home }',
    [documentHash('mutation Cart { cart }')]: 'mutation Cart { cart }',
  });
});

test('a byte order mark is no part of the text', async () => {
  const dir = await project({
    'apollo.json': `\ufeff${apollo({ id: 'a1', name: 'A', type: 'query', body: 'query A { a }' })}`,
    'queries/home.graphql': '\ufeffquery Home { home }',
  });
  expect(Object.fromEntries(readManifests([`${dir}/apollo.json`, `${dir}/queries`]))).toEqual({
    a1: 'query A { a }',
    [documentHash('query Home { home }')]: 'query Home { home }',
  });
});

test('mistakes are reported with the file and what is wrong in it', async () => {
  const dir = await project({
    'broken.json': '{"a": ',
    'list.json': '[]',
    'number.json': '{"a": 7}',
    'no-body.json': apollo({ id: 'a1' }),
    'syntax.json': JSON.stringify({ a: 'query {\n  b(' }),
    'one.json': JSON.stringify({ a: '{ a }' }),
    'other.json': JSON.stringify({ a: '{ b }' }),
  });
  const problem = (...names: string[]) => {
    try {
      readManifests(names.map((name) => `${dir}/${name}`));
      return 'good';
    } catch (error) {
      return (error as Error).message.replaceAll(/\S*(?=\/[\w-]+\.json)\//g, '');
    }
  };
  expect(problem('broken.json')).toMatch(/^broken\.json: not valid JSON: /);
  expect(problem('list.json')).toBe('list.json: expected an object with operations.');
  expect(problem('number.json')).toMatch(/^number\.json: "a" must be the text of an operation/);
  expect(problem('no-body.json')).toBe('no-body.json: operations[0] needs an "id" and a "body", both strings.');
  expect(problem('syntax.json')).toBe('syntax.json:2:5: operation "a": Syntax Error: Expected Name, found <EOF>.');
  expect(problem('one.json', 'other.json')).toBe(
    'other.json: "a" is a different operation in one.json. An id must stand for one text.',
  );
  expect(problem('one.json', 'one.json')).toBe('good');
  expect(problem('gone.json')).toBe(
    'gone.json: the manifest cannot be read: ENOENT. Check the path in persisted_queries.manifest.',
  );
});

test('every operation that is not GraphQL is reported, in all manifests', async () => {
  const dir = await project({
    'one.json': JSON.stringify({ a: '{ a', b: '{ b }', c: 'query {' }),
    'two.json': JSON.stringify({ d: '}' }),
  });
  expect(() => readManifests([`${dir}/one.json`, `${dir}/two.json`])).toThrow(
    /one\.json:1:4: operation "a": .+\n.*one\.json:1:8: operation "c": .+\n.*two\.json:1:1: operation "d": [^\n]+$/,
  );
});
