import { expect, test } from 'vitest';
import { withInProcessSources } from '../../src/composition/in-process-sources.ts';
import type { SourceDefinition } from '../../src/composition/source-definition.ts';
import { parseSource } from '../../src/composition/source-file.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { joined } from '../supergraph/join.ts';

const SUPERGRAPH = joined('type Query @join__type(graph: A) @join__type(graph: B) { a: Int @join__field(graph: A) }');

function sourceOf(name: string, text: string): SourceDefinition {
  const document = parseSource({ name, file: `${name}.graphql`, text: 'type Query { a: Int }' });
  if (document instanceof Error) throw document;
  return {
    name,
    file: `${name}.graphql`,
    kind: 'rest',
    url: 'http://x',
    document,
    gatewayDirectives: [],
    inProcessSdl: text,
  };
}

test.each([
  ['plain', 'extend schema @source(name: "s", http: {baseURL: "http://x"})\ntype Query { a: Int }'],
  ['with a secret that stays a variable', `extend schema @source(name: "s", http: {baseURL: "\${SECRET_URL}"})`],
  ['with block strings', 'type Query {\n  a: Int @connect(selection: """\n  $.a\n  """)\n}'],
  ['with blank lines at its beginning', '\n\n  # indented\ntype Query { a: Int }'],
  ['with line ends of Windows', 'type Query {\r\n  a: Int\r\n}'],
  ['with backslashes and quotes', 'type Query { "a \\"b\\" \\\\ ü 😀" a: Int }'],
])("a source's own SDL comes through the supergraph unchanged: %s", (_, text) => {
  const sdl = withInProcessSources(SUPERGRAPH, [sourceOf('b', text)]);
  const { subgraphs } = readSupergraph(sdl);
  expect(subgraphs.map(({ name, inProcess }) => ({ name, inProcess }))).toEqual([
    { name: 'a', inProcess: undefined },
    { name: 'b', inProcess: { kind: 'rest', sdl: text } },
  ]);
});

test('clients see nothing of it', () => {
  const { publicSchema, types } = readSupergraph(withInProcessSources(SUPERGRAPH, [sourceOf('b', 'type Query')]));
  expect(publicSchema.getDirectives().map(({ name }) => name)).not.toContain('headgate__source');
  expect(publicSchema.getType('headgate__SourceKind')).toBeUndefined();
  expect([...types.keys()]).toEqual(['Query']);
});

test('a supergraph without such sources is left as it is', () => {
  const { inProcessSdl: _, ...subgraph } = sourceOf('b', '');
  expect(withInProcessSources(SUPERGRAPH, [{ ...subgraph, kind: 'subgraph' }])).toBe(SUPERGRAPH);
});
