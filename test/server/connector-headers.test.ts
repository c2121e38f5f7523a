import { expect, test } from 'vitest';
import { withInProcessSources } from '../../src/composition/in-process-sources.ts';
import { parseSource } from '../../src/composition/source-file.ts';
import { connectorsRead } from '../../src/server/connector-headers.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { joined } from '../supergraph/join.ts';

/** Whether the connectors of a file read the headers `x-tenant` and `x-other` of a client. */
function reads(sdl: string): boolean[] {
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
  const supergraph = readSupergraph(
    withInProcessSources(joined('type Query @join__type(graph: A) { a: Int }'), [source]),
  );
  return ['x-tenant', 'x-other'].map(connectorsRead(supergraph));
}

const connect = (http: string, selection = '$.a') =>
  `type Query { a: Int @connect(http: {GET: "http://x/a" ${http}}, selection: "${selection}") }`;

test.each([
  ['none', connect(''), [false, false]],
  ['one that is taken over', connect('headers: [{name: "t", from: "X-Tenant"}]'), [true, false]],
  [
    'one of a source',
    `extend schema @source(name: "s", http: {baseURL: "http://x", headers: [{name: "t", from: "x-tenant"}]})\ntype Query { a: Int @connect(source: "s", http: {GET: "/"}, selection: "$.a") }`,
    [true, false],
  ],
  ['one in a mapping', connect('', "$request.headers.'X-Tenant'->first"), [true, false]],
  ['all of them', connect('', '$request.headers->size'), [true, true]],
])('%s', (_, sdl, expected) => {
  expect(reads(sdl)).toEqual(expected);
});
