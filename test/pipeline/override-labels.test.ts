import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { OverrideLabels } from '../../src/pipeline/override-labels.ts';
import { runToEnd } from '../../src/shared/steps.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';

// as Apollo's and other compositions write it: the label on both sides of an override
const supergraph = readSupergraph(`
  schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5") { query: Query }
  enum join__Graph { A @join__graph(name: "a", url: "http://a.test") B @join__graph(name: "b", url: "http://b.test") }
  type Query @join__type(graph: A) @join__type(graph: B) { user: User @join__field(graph: A) }
  type User @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") {
    id: ID!
    name: String @join__field(graph: A)
    age: Int @join__field(graph: A, overrideLabel: "ages") @join__field(graph: B, override: "a", overrideLabel: "ages")
    size: Int
      @join__field(graph: A, usedOverridden: true, overrideLabel: "percent(30)")
      @join__field(graph: B, override: "a", overrideLabel: "percent(30)")
    shirt: String @join__field(graph: B, requires: "size")
    suit: String @join__field(graph: A, requires: "shirt")
  }
`);
const client = { requestId: 'test', headers: {} };

describe('labels of progressive @override', () => {
  const labels = runToEnd(OverrideLabels.read(supergraph, { overrideLabels: (all) => all }));

  it.each([
    ['{ user { id name } }', []],
    ['{ user { age } }', ['ages']],
    ['{ user { ...U } } fragment U on User { size age }', ['ages', 'percent(30)']],
    ['{ user { suit } }', ['percent(30)']],
  ])('%s meets %j', (query, met) => {
    expect(labels.usedBy(parse(query))).toEqual(met);
  });

  it('gives abilities for each set of labels once', () => {
    expect(labels.fieldIndex(['ages'])).toBe(labels.fieldIndex(['ages']));
    expect(labels.fieldIndex([])).not.toBe(labels.fieldIndex(['ages']));
  });

  it.each([
    [[], 'age', ['a']],
    [['ages'], 'age', ['b']],
    [[], 'size', ['a']],
    [['percent(30)'], 'size', ['b']],
  ] as const)('with %j on, %s is resolved by %j', (active, field, producers) => {
    const providers = labels.fieldIndex(active).providers('User', field);
    expect(providers.map(({ subgraph }) => subgraph.name)).toEqual(producers);
  });

  it('decides smaller percentages within larger ones', () => {
    const sure = runToEnd(OverrideLabels.read(supergraph, { overridePercentBy: ({ requestId }) => requestId }));
    const both = ['percent(10)', 'percent(60)'];
    const decided = Array.from({ length: 100 }, (_, n) => sure.active(both, { ...client, requestId: `${n}` }));
    expect(new Set(decided.map((on) => on.join()))).toEqual(new Set(['', 'percent(60)', 'percent(10),percent(60)']));
  });
});
