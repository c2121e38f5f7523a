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
      `type Query { node: Node a: A } interface Node { id: ID name: String } type A implements Node { id: ID name: String }
       type S @authenticated { id: ID @requiresScopes(scopes: [["x"]]) } extend type Query { s: S }`,
      (sdl) =>
        sdl
          .replace(/interface Node [^{]*/, (head) => `${head} @authenticated `)
          .replace(/(interface Node[^}]*id: ID)/, '$1 @requiresScopes(scopes: [["n"]])'),
    );
    expect(needs('Query', 'node')).toEqual(['authenticated']);
    expect(needs('Node', 'id')).toEqual(['authenticated', 'scopes [["n"]]']);
    expect(needs('Node', 'name')).toEqual(['authenticated']);
    // a field that is read on the type itself needs what it needs through the interface
    expect(needs('Query', 'a')).toEqual(['authenticated']);
    expect(needs('A', 'id')).toEqual(['authenticated', 'scopes [["n"]]']);
    expect(needs('A', 'name')).toEqual(['authenticated']);
    expect(needs('S', 'id')).toEqual(['authenticated', 'scopes [["x"]]']);
  });

  const PETS = `type Query { pet: Pet dog: Dog cat: Cat any: Any }
    interface Named { name: String }
    interface Pet implements Named { name: String age: Int }
    type Dog implements Pet & Named { name: String age: Int breed: String }
    type Cat implements Pet & Named { name: String age: Int }
    union Any = Dog | Cat
    type S @authenticated { id: ID @requiresScopes(scopes: [["s"]]) p: ID @policy(policies: [["p"]]) }
    extend type Query { s: S }`;
  const USES = [
    ['@authenticated', 'authenticated'],
    ['@requiresScopes(scopes: [["n"]])', 'scopes [["n"]]'],
    ['@policy(policies: [["n"]])', 'policies [["n"]]'],
  ] as const;

  describe.each(USES)('%s', (use, clause) => {
    const on = (place: RegExp) => requirementsOf(PETS, (sdl) => sdl.replace(place, `$& ${use}`));

    test('on the field of an interface alone holds for that field of every type, and no other', () => {
      const needs = on(/interface Pet [^}]*age: Int/);
      for (const type of ['Pet', 'Dog', 'Cat']) expect(needs(type, 'age')).toEqual([clause]);
      for (const type of ['Named', 'Pet', 'Dog', 'Cat']) expect(needs(type, 'name')).toEqual([]);
      expect(needs('Query', 'pet')).toEqual([]);
    });

    test('on the field of an interface that an interface implements', () => {
      const needs = on(/interface Named [^}]*name: String/);
      for (const type of ['Named', 'Pet', 'Dog', 'Cat']) expect(needs(type, 'name')).toEqual([clause]);
      expect(needs('Dog', 'age')).toEqual([]);
    });

    test('on an interface alone holds for whatever implements it', () => {
      const needs = on(/interface Pet [^{]*/);
      for (const field of ['pet', 'dog', 'cat', 'any']) expect(needs('Query', field)).toEqual([clause]);
      expect(needs('Dog', 'breed')).toEqual([clause]);
      expect(needs('Named', 'name')).toEqual([clause]);
    });

    test('on the field of one type alone holds for that, and where it is read by its interface', () => {
      const needs = on(/type Dog [^}]*age: Int/);
      for (const type of ['Pet', 'Dog']) expect(needs(type, 'age')).toEqual([clause]);
      expect(needs('Cat', 'age')).toEqual([]);
    });

    test('on a union alone holds for every field that returns it', () => {
      const needs = on(/union Any/);
      expect(needs('Query', 'any')).toEqual([clause]);
    });
  });

  test('under names that the links of the supergraph give', () => {
    const needs = requirementsOf(PETS, (sdl) =>
      sdl
        .replace(/@link\(url: "[^"]*authenticated[^"]*"/, '$&, as: "auth"')
        .replaceAll(/@authenticated\b/g, '@auth')
        .replace(/type Dog [^}]*age: Int/, '$& @auth'),
    );
    expect(needs('S', 'id')).toEqual(['authenticated', 'scopes [["s"]]']);
    expect(needs('Dog', 'age')).toEqual(['authenticated']);
  });

  test.each(['https://specs.apollo.dev/authenticated', 'https://specs.apollo.dev/authenticated/v1'])(
    'linked without a whole version: %s',
    (url) => {
      const needs = requirementsOf(PETS, (sdl) =>
        sdl
          .replace(/@link\(url: "[^"]*authenticated[^"]*"/, `@link(url: "${url}", as: "auth"`)
          .replace(/type Dog [^}]*age: Int/, '$& @auth'),
      );
      expect(needs('Dog', 'age')).toEqual(['authenticated']);
    },
  );

  test('without a link, by their own names or by those of subgraphs', () => {
    const needs = requirementsOf(PETS, (sdl) =>
      sdl
        .replaceAll(/@link\(url: "[^"]*authenticated[^"]*"[^)]*\)/g, '')
        .replace(/type Dog [^}]*age: Int/, '$& @authenticated')
        .replace(/type Cat [^}]*age: Int/, '$& @federation__authenticated'),
    );
    expect(needs('Dog', 'age')).toEqual(['authenticated']);
    expect(needs('Cat', 'age')).toEqual(['authenticated']);
  });

  test('what several subgraphs ask of their own types is composed, and asks nothing of the other types', () => {
    const sdl = composeSupergraph(
      new Map([
        [
          'a',
          withFederationLink(
            'type Query { i: I } interface I { x: Int } type A implements I @authenticated { x: Int @policy(policies: [["a"]]) }',
          ),
        ],
        [
          'b',
          withFederationLink(
            'interface I { x: Int } type B implements I { x: Int @requiresScopes(scopes: [["b"]]) } type C implements I { x: Int }',
          ),
        ],
      ]),
    );
    const requirements = new Requirements(readSupergraph(sdl));
    const needs = (type: string) => requirements.ofField(type, 'x').map(({ text }) => text);
    expect(needs('A')).toEqual(['authenticated', 'policies [["a"]]']);
    expect(needs('B')).toEqual(['scopes [["b"]]']);
    expect(needs('C')).toEqual([]);
    expect(requirements.ofField('Query', 'i')).toEqual([]);
  });

  test('may leave out on interfaces what their types need', () => {
    const needs = requirementsOf(TYPES, (sdl) =>
      sdl.replaceAll(/(interface Node[^}]*)@\w+(\([^)]*\))?([^}]*\})/g, '$1$3'),
    );
    expect(needs('Query', 'node')).toEqual([]);
    expect(needs('Node', 'id')).toEqual(expect.arrayContaining(['scopes [["a"]]', 'policies [["p"],["q"]]']));
  });
});

test('a schema without requirements is recognised', () => {
  const sdl = composeSupergraph(new Map([['all', withFederationLink('type Query { a: Int @tag(name: "x") }')]]));
  expect(new Requirements(readSupergraph(sdl)).hasAny).toBe(false);
});
