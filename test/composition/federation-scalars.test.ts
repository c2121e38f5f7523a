import { describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderWith } from './folder.ts';

async function read(sdl: string) {
  const dir = await folderWith({ 'a.graphql': `extend schema @subgraph(url: "http://a.test")\n${sdl}` });
  return readSources(dir, {});
}

async function compose(sdl: string) {
  const { sources, problems } = await read(sdl);
  expect(problems).toEqual([]);
  const composed = composeSupergraph(sources);
  expect(composed).toMatchObject({ ok: true });
  return readSupergraph(composed.ok ? composed.supergraphSdl : '');
}

const link = (version: string, rest: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/${version}", ${rest})`;
const USES = 'type Query { a: Int @requiresScopes(scopes: [["s"]]) b: B } type B @key(fields: "id") { id: ID }';
const DEFINED = (fieldSet: string, scope: string) => `
  scalar ${fieldSet}
  scalar ${scope}
  directive @key(fields: ${fieldSet}!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
  directive @requiresScopes(scopes: [[${scope}!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM`;

/** Federation's scalars stand in import lists and definitions that frameworks write. */
const FILES: Record<string, string> = {
  imported: link('v2.5', 'import: ["@key", "FieldSet", "@requiresScopes", "Scope"]'),
  'imported from a later version': link('v2.14', 'import: ["@key", "@requiresScopes", "Scope", "Policy"]'),
  'imported under other names': link(
    'v2.8',
    'import: ["@key", {name: "FieldSet", as: "Set"}, "@requiresScopes", {name: "Scope", as: "S"}, "ContextFieldValue"]',
  ),
  'imported and defined':
    link('v2.6', 'import: ["@key", "FieldSet", "@requiresScopes", "Scope"]') + DEFINED('FieldSet', 'Scope'),
  'imported under other names and defined':
    link('v2.6', 'import: ["@key", {name: "FieldSet", as: "Set"}, "@requiresScopes", {name: "Scope", as: "S"}]') +
    DEFINED('Set', 'S'),
  'by full names and defined':
    link('v2.6', 'import: ["@key", "@requiresScopes"]') + DEFINED('federation__FieldSet', 'federation__Scope'),
  'by a prefix of the file’s choice and defined':
    link('v2.6', 'as: "fed2", import: ["@key", "@requiresScopes"]') + DEFINED('fed2__FieldSet', 'fed2__Scope'),
};

describe('the scalars of federation', () => {
  test.each(Object.keys(FILES))('%s', async (name) => {
    const supergraph = await compose(`${FILES[name]} ${USES}`);
    expect(supergraph.types.get('Query')?.fields.get('a')?.directives.get('requiresScopes')).toBeDefined();
    const types = Object.keys(supergraph.publicSchema.getTypeMap()).filter((type) => !type.startsWith('__'));
    expect(types.sort()).toEqual(['B', 'Boolean', 'ID', 'Int', 'Query', 'String']);
  });

  test('ContextFieldValue', async () => {
    const supergraph = await compose(`
      ${link('v2.8', 'import: ["@key", "@context", "@fromContext", "ContextFieldValue"]')}
      scalar ContextFieldValue
      type Query { shop: Shop }
      type Shop @key(fields: "id") @context(name: "shop") { id: ID! currency: String item: Item }
      type Item @key(fields: "id") { id: ID! price(in: String @fromContext(field: "$shop { currency }")): Int }`);
    expect(supergraph.publicSchema.getType('ContextFieldValue')).toBeUndefined();
    expect(supergraph.publicSchema.getType('Item')).toBeDefined();
  });

  test.each([
    [link('v2.9', 'import: ["Scope"]'), 'Scope'],
    [link('v2.9', 'import: [{name: "Scope", as: "S"}]'), 'S'],
    [link('v2.9', 'as: "fed2"'), 'fed2__Scope'],
    [link('v2.9', 'import: ["@key"]'), 'federation__Scope'],
  ])('are refused as types of fields: %s, %s', async (head, name) => {
    const { problems } = await read(`${head} scalar ${name}\ntype Query { a: [${name}] }`);
    expect(problems).toMatchObject([
      { line: 3, column: 18, message: expect.stringContaining(`${name} is a scalar of`) },
    ]);
  });

  test('of the file’s own by the same name, which are not imported', async () => {
    const supergraph = await compose(`${link('v2.9', 'import: ["@key"]')} scalar Scope type Query { scopes: [Scope] }`);
    expect(supergraph.publicSchema.getType('Scope')).toBeDefined();
  });
});
