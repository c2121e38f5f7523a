import { describe, expect, test } from 'vitest';
import { Requirements } from '../../../src/policy/authorization/requirements.ts';
import { readSupergraph } from '../../../src/supergraph/supergraph.ts';
import { composeSupergraph } from '../../worlds/compose.ts';
import { withFederationLink } from '../../worlds/subgraph-sdl.ts';

/** A supergraph of one subgraph; `edit` changes what composition wrote, as other compositions might have. */
function requirementsOf(typeDefs: string, edit = (sdl: string) => sdl) {
  const requirements = new Requirements(
    readSupergraph(edit(composeSupergraph(new Map([['all', withFederationLink(typeDefs)]])))),
  );
  return (type: string, field: string) => requirements.ofField(type, field).map(({ text }) => text);
}

const TYPES = `
  type Query { node: Node same: Same hit: Hit a: A level: Level b: Hidden }
  interface Node { id: ID }
  interface Same { id: ID }
  type A implements Node & Same @authenticated { id: ID @requiresScopes(scopes: [["a"]]) other: Query }
  type B implements Node { id: ID @policy(policies: [["p"], ["q"]]) }
  type C implements Same @authenticated @requiresScopes(scopes: [["c"]]) { id: ID }
  type Hidden implements Node @inaccessible @requiresScopes(scopes: [["hidden"]]) { id: ID @inaccessible }
  union Hit = A | B
  enum Level @requiresScopes(scopes: [["l"]]) { LOW }`.replace(' b: Hidden', ' b: Hidden @inaccessible');

describe('what a field needs', () => {
  const needs = requirementsOf(TYPES);

  test.each([
    ['Query', 'a', ['authenticated']],
    ['Query', 'level', ['scopes [["l"]]']],
    ['A', 'id', ['authenticated', 'scopes [["a"]]']],
    ['B', 'id', ['policies [["p"],["q"]]']],
    ['A', 'other', ['authenticated']],
    ['A', '__typename', []],
    ['Nothing', 'id', []],
  ])('%s.%s', (type, field, clauses) => {
    expect(needs(type, field)).toEqual(clauses);
  });

  test('what only some types of an interface or union need is no need of the field that returns it', () => {
    expect(needs('Query', 'node')).toEqual([]);
    expect(needs('Query', 'hit')).toEqual([]);
    expect(needs('Query', 'same')).toEqual(['authenticated']);
  });

  test('on an interface a field needs what it needs on every type that clients can see', () => {
    expect(needs('Node', 'id')).toEqual(
      expect.arrayContaining(['authenticated', 'scopes [["a"]]', 'policies [["p"],["q"]]']),
    );
    expect(needs('Same', 'id')).toEqual(expect.arrayContaining(['authenticated', 'scopes [["a"]]', 'scopes [["c"]]']));
  });
});

describe('supergraphs of other compositions', () => {
  test('may have needs on interfaces that their types do not have', () => {
    const needs = requirementsOf(
      `type Query { node: Node } interface Node { id: ID name: String } type A implements Node { id: ID name: String }
       type S @authenticated { id: ID @requiresScopes(scopes: [["x"]]) } extend type Query { s: S }`,
      (sdl) =>
        sdl
          .replace(/interface Node [^{]*/, (head) => `${head} @authenticated `)
          .replace(/(interface Node[^}]*id: ID)/, '$1 @requiresScopes(scopes: [["n"]])'),
    );
    expect(needs('Query', 'node')).toEqual(['authenticated']);
    expect(needs('Node', 'id')).toEqual(['authenticated', 'scopes [["n"]]']);
    expect(needs('Node', 'name')).toEqual(['authenticated']);
    expect(needs('A', 'id')).toEqual([]);
  });

  test('may leave out on interfaces what their types need', () => {
    const needs = requirementsOf(TYPES, (sdl) =>
      sdl.replaceAll(/(interface Node[^}]*)@\w+(\([^)]*\))?([^}]*\})/g, '$1$3'),
    );
    expect(needs('Query', 'node')).toEqual([]);
    expect(needs('Node', 'id')).toEqual(expect.arrayContaining(['scopes [["a"]]', 'policies [["p"],["q"]]']));
  });
});

test('a schema without needs is told as such', () => {
  const sdl = composeSupergraph(new Map([['all', withFederationLink('type Query { a: Int @tag(name: "x") }')]]));
  expect(new Requirements(readSupergraph(sdl)).areThereAny).toBe(false);
});
