import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSource } from '../../src/composition/read-source.ts';

const text = readFileSync(new URL('../../docs/federation.md', import.meta.url), 'utf8');

/** The rows of the table below a heading, each as its cells. */
function rowsOf(heading: string): string[][] {
  const section = text.slice(text.indexOf(`\n## ${heading}\n`)).split('\n## ')[1] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function problemsOf(version: string, schema: string, ...imports: readonly string[]): string[] {
  const list = imports.map((name) => `"${name}"`).join(', ');
  const link = version === '1' ? '' : `@link(url: "https://specs.apollo.dev/federation/${version}", import: [${list}])`;
  const source = {
    name: 'a',
    file: 'a.graphql',
    text: `extend schema @subgraph(url: "http://a.test") ${link}\n${schema}`,
  };
  const read = readSource(source, {});
  if (Array.isArray(read)) return read.map(({ file, line, code }) => `${file}:${line} ${code}`);
  const composition = composeSupergraph([read]);
  return composition.ok ? [] : composition.problems.map(({ file, line, code }) => `${file}:${line} ${code}`);
}

const ENTITY = 'type Query { t: T } type T @key(fields: "id") { id: ID! }';

const CONTEXT =
  'type Query { t: T } type T @key(fields: "id") @context(name: "c") { id: ID! n: String u: U } type U @key(fields: "id") { id: ID! f(n: String @fromContext(field: "$c { n }")): Int }';

/** A use of each directive; `@key` stands in most of them. */
const USES: Readonly<Record<string, string>> = {
  '@key': ENTITY,
  '@requires':
    'type Query { t: T } type T @key(fields: "id") { id: ID! x: Int @external y: Int @requires(fields: "x") }',
  '@provides': 'type Query { t: T @provides(fields: "x") } type T @key(fields: "id") { id: ID! x: Int @external }',
  '@external': 'type Query { t: T @provides(fields: "x") } type T @key(fields: "id") { id: ID! x: Int @external }',
  '@extends': 'type Query { t: T } type T @key(fields: "id") @extends { id: ID! @external }',
  '@tag': 'type Query { x: Int @tag(name: "a") }',
  '@shareable': 'type Query { x: Int @shareable }',
  '@override': 'type Query { x: Int @override(from: "b") }',
  '@inaccessible': 'type Query { x: Int y: Int @inaccessible }',
  '@composeDirective':
    'extend schema @link(url: "https://example.com/mine/v1.0", import: ["@mine"]) @composeDirective(name: "@mine") directive @mine on OBJECT type Query @mine { x: Int }',
  '@interfaceObject': 'type Query { x: Int } type I @interfaceObject @key(fields: "id") { id: ID! x: Int }',
  '@authenticated': 'type Query { x: Int @authenticated }',
  '@requiresScopes': 'type Query { x: Int @requiresScopes(scopes: [["a"]]) }',
  '@policy': 'type Query { x: Int @policy(policies: [["a"]]) }',
  '@context': CONTEXT,
  '@fromContext': CONTEXT,
  '@cost': 'type Query { x: Int @cost(weight: 3) }',
  '@listSize': 'type Query { x: [Int] @listSize(assumedSize: 3) }',
  '@cacheTag': 'type Query { x: Int @cacheTag(format: "x") }',
};

/** What a directive cannot do alone: a second file would define these. */
const INCOMPLETE = /EXTERNAL_MISSING_ON_BASE|EXTENSION_WITH_NO_BASE|INTERFACE_OBJECT_USAGE_ERROR/;

function known(problems: readonly string[]): string[] {
  return problems.filter((problem) => !INCOMPLETE.test(problem));
}

function importsFor(directive: string): string[] {
  const used = [...(USES[directive] ?? '').matchAll(/@\w+/g)].map(([name]) => name);
  return [...new Set([...used, directive])].filter((name) => name in USES);
}

describe('the versions in docs/federation.md', () => {
  const versions = rowsOf('Versions').map(([version = '']) => version);

  test('are all there are', () => {
    expect(versions[0]).toBe('1');
    expect(problemsOf(`v2.${versions.length - 1}`, ENTITY, '@key')).toEqual([
      'a.graphql:1 UNKNOWN_FEDERATION_LINK_VERSION',
    ]);
  });

  test.each(versions)('%s composes', (version) => {
    expect(problemsOf(version, ENTITY, '@key')).toEqual([]);
  });
});

describe('the directives in docs/federation.md', () => {
  const rows = rowsOf('Directives').map(([name = '', version = '', support = '']) => ({
    name: name.replaceAll('`', ''),
    version,
    support,
  }));

  test('are all that are known', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(USES).sort());
  });

  test.each(rows)('$name of $version: $support', ({ name, version, support }) => {
    const schema = USES[name] ?? '';
    if (support.startsWith('refused')) {
      expect(problemsOf(version, schema, name)).toEqual(['a.graphql:1 INVALID_LINK_DIRECTIVE_USAGE']);
      expect(problemsOf(version, schema.replace('@', '@federation__'))).toEqual(['a.graphql:2 UNSUPPORTED_DIRECTIVE']);
      return;
    }
    const imports = importsFor(name);
    expect(known(problemsOf(version, schema, ...imports))).toEqual([]);
    expect(known(problemsOf('v2.15', schema, ...imports))).toEqual([]);
    const minor = Number(version.split('.')[1] ?? 0);
    if (minor > 0) {
      expect(problemsOf(`v2.${minor - 1}`, schema, ...imports)).toContain('a.graphql:1 INVALID_LINK_DIRECTIVE_USAGE');
    }
  });
});
