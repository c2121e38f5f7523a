import { expect, test } from 'vitest';
import { withInProcessSources } from '../../src/composition/in-process-sources.ts';
import { parseSource } from '../../src/composition/source-file.ts';
import { analyzeVary } from '../../src/gateway/vary-analysis.ts';
import type { Engine } from '../../src/pipeline/engine.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { joined } from '../supergraph/join.ts';

const REPORTED = ['user-agent', 'x-request-id', 'traceparent', 'accept-encoding'];

/** An engine whose schema has a connector that sends on the header of this name. */
function engineWith(header: string): Engine {
  const sdl = `type Query { a: Int @connect(http: {GET: "http://x/a", headers: [{name: "t", from: "${header}"}]}, selection: "$.a") }`;
  const file = { name: 'b', file: 'b.graphql', text: sdl };
  const document = parseSource(file);
  if (document instanceof Error) throw document;
  const facts = { kind: 'rest' as const, url: 'headgate:b', gatewayDirectives: [], inProcessSdl: sdl };
  const composed = withInProcessSources(joined('type Query @join__type(graph: A) { a: Int }'), [
    { ...file, ...facts, document },
  ]);
  return { supergraph: readSupergraph(composed) } as Engine;
}

function readersOf(given: { engine?: () => Engine; rule?: string; label?: string; module?: string }) {
  return analyzeVary(
    { forwards: (name) => name === given.rule, forwardedNames: given.rule ? [given.rule] : [], forwardsAddress: false },
    { engine: given.engine ?? (() => undefined) },
    {
      override_labels: { labels: {}, header: undefined, percent_header: given.label },
      authorization: { directives: { enabled: true }, policies: { module: given.module } },
    } as Parameters<typeof analyzeVary>[2],
  );
}

const counting = (given: Parameters<typeof readersOf>[0]) => {
  const neutral = readersOf(given).ignoredHeaders();
  return REPORTED.filter((name) => !neutral.has(name));
};

test.each([
  ['nobody', {}, []],
  ['a rule', { rule: 'traceparent' }, ['traceparent']],
  ['a connector', { engine: () => engineWith('X-Request-Id') }, ['x-request-id']],
  ['what chooses labels', { label: 'x-request-id' }, ['x-request-id']],
  ['a module that decides policies', { module: 'policies.ts' }, ['user-agent']],
])('of the headers that mostly do not matter, those count that are read: by %s', (_, given, expected) => {
  expect(counting(given)).toEqual(expected);
});

test('another schema has other connectors', () => {
  let engine = engineWith('user-agent');
  const { ignoredHeaders: neutral, forwards } = readersOf({ engine: () => engine });
  expect([neutral().has('user-agent'), forwards('user-agent')]).toEqual([false, true]);
  engine = engineWith('x-tenant');
  expect([neutral().has('user-agent'), forwards('user-agent')]).toEqual([true, false]);
});

test('the names of all that is read tell caches what an answer depends on', () => {
  const engine = engineWith('x-tenant');
  expect(readersOf({ engine: () => engine, rule: 'accept-language', label: 'x-user' }).readNames()).toEqual([
    'accept-language',
    'x-tenant',
    'x-user',
  ]);
});
