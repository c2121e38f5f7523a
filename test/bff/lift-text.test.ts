import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { reshape, type Section } from '../../src/bff/endpoints/shape.ts';
import { liftingOf, liftText } from '../../src/bff/handlers/lift-text.ts';
import { folderOf } from './support.ts';

const SCHEMA = buildSchema(`
  type Query { me: User news: [String!] any: JSON }
  type User { id: ID! name: String best: User }
  scalar JSON
`);

async function endpointOf(text: string) {
  const dir = folderOf({ 'web/it.graphql': text });
  const { endpoints } = await loadEndpoints(dir, { publicSchema: SCHEMA, types: new Map(), cacheControl: [] });
  const [endpoint] = endpoints;
  if (!endpoint) throw new Error('The endpoint does not fit.');
  return endpoint;
}

test.each([
  ['{ a: me @flatten { id name } news }', { a: { id: '1', name: 'Ada' }, news: ['x'] }],
  ['{ news a: me @flatten { id name } }', { news: ['"a":{', '\\"a\\":', ',"news":null,'], a: { id: '"', name: '\\' } }],
  ['{ a: me @flatten { id name } b: me { best { id } } }', { a: null, b: { best: null } }],
  ['{ a: me @flatten { id } b: me @flatten { name } }', { a: { id: '1' }, b: { name: null } }],
  ['{ a: me @flatten { id @skip(if: true) } news }', { a: {}, news: null }],
  ['{ a: me @flatten { id } news @include(if: false) }', { a: { id: '1' } }],
])('%s: the text is lifted as the value would be', async (text, data) => {
  const { lifting, sections } = await endpointOf(text);
  if (!lifting) throw new Error('It is not to be lifted.');
  expect(liftText(JSON.stringify(data), lifting)).toBe(JSON.stringify(reshape(sections, data)));
});

test.each([
  ['a key of the root that stands deeper as well', '{ best: me @flatten { id } other: me { best { id } } }'],
  ['sections flattened deeper', '{ me { best @flatten { name } } }'],
  ['scalars that may hold any key', '{ a: me @flatten { id } any }'],
  ['nothing to lift', '{ me { id } }'],
])('%s: the answer has to be read', async (_, text) => {
  expect((await endpointOf(text)).lifting).toBeUndefined();
});

test('a root without sections has nothing to lift', () => {
  const root: Section = { children: new Map(), flatten: false, optional: undefined, reshapes: false };
  expect(liftingOf(root, parse('{ news }'), SCHEMA)).toBeUndefined();
});
