import { expect, test } from 'vitest';
import { withInProcessSources } from '../../src/composition/in-process-sources.ts';
import { parseSource } from '../../src/composition/source-file.ts';
import { connectorsSection } from '../../src/config/sections/connectors.ts';
import { connectorFacts, unknownConnectors } from '../../src/gateway/connector-facts.ts';
import { readSupergraph, type Supergraph } from '../../src/supergraph/supergraph.ts';
import { joined } from '../supergraph/join.ts';

function supergraphOf(sdl: string): Supergraph {
  const file = { name: 'b', file: 'b.graphql', text: sdl };
  const document = parseSource(file);
  if (document instanceof Error) throw document;
  const source = {
    ...file,
    kind: 'rest' as const,
    url: 'headgate:b',
    document,
    gatewayDirectives: [],
    inProcessSdl: sdl,
  };
  const composed = withInProcessSources(joined('type Query @join__type(graph: A) { a: Int }'), [source]);
  return readSupergraph(composed);
}

const connect = (http: string, selection = '$.a') =>
  `type Query { a: Int @connect(http: {GET: "http://x/a" ${http}}, selection: "${selection}") }`;

test.each([
  ['none', connect(''), [false, false]],
  [
    'one that only correlates requests',
    connect('headers: [{name: "traceparent", from: "traceparent"}]'),
    [false, false],
  ],
  ['one that is taken over', connect('headers: [{name: "t", from: "X-Tenant"}]'), [true, false]],
  [
    'one of a source',
    `extend schema @source(name: "s", http: {baseURL: "http://x", headers: [{name: "t", from: "x-tenant"}]})\ntype Query { a: Int @connect(source: "s", http: {GET: "/"}, selection: "$.a") }`,
    [true, false],
  ],
  [
    'one in the query of a source',
    `extend schema @source(name: "s", http: {baseURL: "http://x", queryParams: "tenant: $request.headers.'X-Tenant'->first"})\ntype Query { a: Int @connect(source: "s", http: {GET: "/"}, selection: "$.a") }`,
    [true, false],
  ],
  ['one in a mapping', connect('', "$request.headers.'X-Tenant'->first"), [true, false]],
  ['all of them', connect('', '$request.headers->size'), [true, true]],
])('%s', (_, sdl, expected) => {
  const read = connectorFacts(supergraphOf(sdl)).subgraphs.get('b');
  const isRead = (name: string) => read?.headers.has(name) || read?.patterns.some((matches) => matches(name));
  expect(['x-tenant', 'x-other'].map(isRead)).toEqual(expected);
});

test('keys of the config that no source has', () => {
  const sdl = `extend schema @source(name: "s", http: {baseURL: "http://x"})\n${connect('')}`;
  const config = connectorsSection.parse({
    sources: { 'b.s': {}, 'b.t': {}, s: {}, b: {} },
    subgraphs: { b: {}, c: {}, 'b.s': {} },
  });
  const unknown = unknownConnectors(config, supergraphOf(sdl));
  expect(unknown.map(({ section, name }) => `${section}.${name}`)).toEqual([
    ...['sources.b.t', 'sources.s', 'sources.b'],
    ...['subgraphs.c', 'subgraphs.b.s'],
  ]);
});
