import * as fc from 'fast-check';
import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { isPlainlyValid } from '../../src/operation/plainly-valid.ts';
import { runs } from '../runs.ts';

const schema = buildSchema(/* GraphQL */ `
  scalar Date
  enum Size { S M }
  input Filter { size: Size! tags: [String!] from: Date nested: Filter limit: Int! = 5 }
  type Query {
    pet(id: ID!, size: Size = S): Pet
    pets(filter: Filter, first: Int! = 10, ids: [ID!]): [Pet!]!
    cat: Cat
    any: Any
  }
  type Mutation { rename(id: ID!, name: String!): Cat }
  union Any = Cat | Dog
  interface Pet { name(upper: Boolean): String friend: Pet }
  type Cat implements Pet { name(upper: Boolean): String friend: Pet lives: Int! }
  type Dog implements Pet { name(upper: Boolean): String friend: Pet tricks: [String] }
`);

const plainly = (text: string) => isPlainlyValid(schema, parse(text));

describe('recognised as valid at once', () => {
  it.each([
    '{ cat { name } }',
    'query A { cat { name } } query B($u: Boolean!) { cat { name(upper: $u) } }',
    'mutation ($id: ID!, $name: String = "Tom") { rename(id: $id, name: $name) { ...on Pet { name } } }',
    '{ pet(id: 1) { ...C friend { ...C } } } fragment C on Cat { lives name @skip(if: false) }',
    'query ($f: Filter, $s: Size!) { pets(filter: $f) { name } more: pets(filter: { size: $s, tags: ["a"] }) { __typename } }',
    'query ($first: Int) { pets(first: $first, ids: "1") { name } }',
    'query ($ok: Boolean!) { any { ... on Dog @include(if: $ok) { tricks } } }',
  ])('%s', (text) => {
    expect(validate(schema, parse(text))).toEqual([]);
    expect(plainly(text)).toBe(true);
  });
});

describe('left to the full validation, though valid', () => {
  it.each(['{ __schema { types { name } } }', '{ pets(filter: { size: S, from: "2026-01-01" }) { name } }'])(
    '%s',
    (text) => {
      expect(validate(schema, parse(text))).toEqual([]);
      expect(plainly(text)).toBe(false);
    },
  );
});

test('names that every object has are no fields', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    expect(plainly(`{ ${name} }`)).toBe(false);
    expect(plainly(`{ pets(filter: { size: S, ${name}: 1 }) { name } }`)).toBe(false);
  }
});

test('is of one opinion with graphql-js on random documents, valid and not', () => {
  let valid = 0;
  fc.assert(
    fc.property(documents(), (text) => {
      const document = parse(text);
      const errors = validate(schema, document, specifiedRules);
      if (errors.length === 0) valid += 1;
      expect(isPlainlyValid(schema, document)).toBe(errors.length === 0);
    }),
    { numRuns: runs(1_500) },
  );
  expect(valid).toBeGreaterThan(runs(1_500) / 300);
});

/** Mostly sound documents: whatever is spread is defined, whatever is used is declared; each detail may be wrong. */
function documents(): fc.Arbitrary<string> {
  const often = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: wrong });
  const wrongValue = fc.constantFrom('1', '"a"', 'XL', 'null', '[1, "b"]', '$w', '{ size: S nope: 1 }');
  const given = (name: string, ...right: string[]) =>
    often(fc.constantFrom(...right), wrongValue).map((value) => `${name}: ${value}`);
  const field = (name: string, ...args: fc.Arbitrary<string>[]) =>
    fc.oneof(fc.constant(name), ...args.map((arg) => arg.map((text) => `${name}(${text})`)));
  const filter = fc.constantFrom(
    '{ size: S }',
    '{ size: $s, tags: "a" }',
    '{ size: M, tags: ["b", null] }',
    '{ limit: 1 }',
  );
  const pets = field(
    'pets',
    given('first', '1', '$n'),
    given('ids', '"a"', '["c", $v]'),
    filter.map((f) => `filter: ${f}`),
  );
  const root = fc.oneof(
    pets,
    given('id', '1', '$v').map((id) => `pet(${id})`),
    fc.constantFrom('cat', 'any', 'pet'),
  );
  const alias = fc.constantFrom('', '', 'x: ', 'y: ');
  const condition = often(
    fc.constantFrom('', '', '@skip(if: true)', '@include(if: $w)'),
    fc.constantFrom('@skip(if: 1)', '@skip', '@skip(if: true) @skip(if: false)'),
  );
  const leaf = often(
    field('name', given('upper', 'true', '$w')),
    fc.constantFrom('lives', 'tricks', '__typename', 'nope'),
  );
  const type = often(fc.constantFrom('... on Cat', '... on Dog', '... on Pet', '...'), fc.constantFrom('... on Nope'));
  const { items } = fc.letrec<{ items: string; item: string }>((tie) => ({
    item: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.tuple(alias, leaf, condition).map((parts) => parts.join(' ')),
      fc.tuple(alias, tie('items')).map(([key, below]) => `${key}friend { ${below} }`),
      fc.tuple(type, condition, tie('items')).map(([head, when, below]) => `${head} ${when} { ${below} }`),
      fc.constantFrom('...A', '...B'),
    ),
    items: fc.array(tie('item'), { minLength: 1, maxLength: 3 }).map((all) => all.join(' ')),
  }));
  const fragment = (name: string) =>
    fc
      .tuple(often(fc.constant('Pet'), fc.constantFrom('Cat', 'Any')), items)
      .map(([on, below]) => `fragment ${name} on ${on} { ${below} }`);
  const declared = {
    $v: often(fc.constant('ID!'), fc.constantFrom('ID', 'String!')),
    $w: often(fc.constantFrom('Boolean!', 'Boolean! = true', 'Boolean = true'), fc.constantFrom('Boolean', 'Nope')),
    $s: often(fc.constantFrom('Size!', 'Size = S'), fc.constantFrom('Size', 'Filter')),
    $n: often(fc.constantFrom('Int', 'Int!'), fc.constantFrom('Int = null', '[Int]')),
  };
  return fc
    .tuple(
      alias,
      root,
      items,
      fragment('A'),
      fragment('B'),
      fc.record(declared),
      often(fc.constant(true), fc.constant(false)),
    )
    .map(([key, name, below, a, b, types, tidy]) => {
      const body = `{ ${key}${name} { ${below} } }`;
      const rest = [a, b].filter((text, i) => !tidy || spreads(body, [a, b][1 - i] ?? '', 'AB'[i] ?? '', text));
      const all = [body, ...rest].join(' ');
      const used = Object.entries(types).filter(([variable]) => !tidy || all.includes(variable));
      const head = used.length > 0 ? `(${used.map(([variable, type]) => `${variable}: ${type}`).join(', ')})` : '';
      return `query ${head} ${all}`;
    });
}

/** Whether a fragment is spread in the operation, or in the other fragment where that is. */
function spreads(body: string, other: string, name: string, own: string): boolean {
  if (body.includes(`...${name}`)) return true;
  const otherName = name === 'A' ? 'B' : 'A';
  return own !== '' && body.includes(`...${otherName}`) && other.includes(`...${name}`);
}
