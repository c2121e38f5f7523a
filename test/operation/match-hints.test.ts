import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { matchHints } from '../../src/operation/match-hints.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { composeSupergraph } from '../worlds/compose.ts';
import { withFederationLink } from '../worlds/subgraph-sdl.ts';

const TYPES = `type Query { dog: Dog pet: Pet open: Int }
  interface Pet { name: String age: Int }
  type Dog implements Pet { name: String age: Int }
  type Cat implements Pet { name: String age: Int }
  type Hidden @authenticated { id: ID @policy(policies: [["p"]]) }
  extend type Query { hidden: Hidden }`;

/** Where the first field of the query stands that not everyone may read; `edit` changes what composition wrote. */
function guardedField(query: string, edit: (sdl: string) => string): string | undefined {
  const sdl = composeSupergraph(new Map([['all', withFederationLink(TYPES)]]));
  const { publicSchema: schema, types } = readSupergraph(edit(sdl));
  return matchHints(parse(query), { schema, types, hints: new Map() }).guardedField;
}

test.each([
  ['nothing', '{ open dog { name } }', /$^/, undefined],
  ['the field of an interface alone', '{ dog { name } }', /interface Pet [^}]*name: String/, 'Dog.name'],
  ['another field of the interface', '{ dog { age } }', /interface Pet [^}]*name: String/, undefined],
  ['an interface alone', '{ dog { age } }', /interface Pet [^{]*/, 'Query.dog'],
  ['the root type', '{ open }', /type Query [^{]*/, 'Query.open'],
])('@authenticated on %s guards %s', (_, query, place, expected) => {
  expect(guardedField(query, (sdl) => sdl.replace(place, '$& @authenticated'))).toBe(expected);
});

test('what composition wrote on an interface for one type guards no other one', () => {
  const edit = (sdl: string) =>
    sdl.replace(/(interface Pet|type Cat) [^}]*name: String/g, (place) => `${place} @authenticated`);
  expect(guardedField('{ dog { name } }', edit)).toBeUndefined();
  expect(guardedField('{ pet { name } }', edit)).toBe('Pet.name');
});
