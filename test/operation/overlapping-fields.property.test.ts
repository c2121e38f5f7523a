import * as fc from 'fast-check';
import { buildSchema, OverlappingFieldsCanBeMergedRule, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { MAX_FIELDS_COMPARED, overlappingFieldsRule } from '../../src/operation/overlapping-fields.ts';
import { runs } from '../runs.ts';

const schema = buildSchema(/* GraphQL */ `
  type Query { pet(id: Int, with: Filter): Pet cat: Cat dog: Dog any: Any }
  input Filter { a: Int b: [Int] }
  union Any = Cat | Dog
  interface Pet { name(upper: Boolean): String friend: Pet }
  type Cat implements Pet { name(upper: Boolean): String friend: Pet lives: Int! age: Int tags: [String] }
  type Dog implements Pet { name(upper: Boolean): String friend: Pet lives: String age: Int tags: String }
`);

const messages = (text: string) =>
  validate(schema, parse(text), [overlappingFieldsRule]).map(({ message, locations }) => ({
    message,
    at: locations?.map(({ line, column }) => `${line}:${column}`).join(' '),
  }));

test('the same field twice is one field', () => {
  expect(messages('{ pet(id: 1, with: {a: 1, b: [2]}) { name } pet(with: {b: [2], a: 1}, id: 1) { name } }')).toEqual(
    [],
  );
});

test('different fields under one key', () => {
  expect(messages('{ cat { name name: age } }')).toMatchInlineSnapshot(`
    [
      {
        "at": "1:9 1:14",
        "message": "Fields "name" conflict: they are of the types "String" and "Int". Give one of them another alias to get both.",
      },
    ]
  `);
});

test('different arguments, met only when the selections of two fields are merged', () => {
  expect(messages('{ cat { friend { name } } cat { friend { name(upper: true) } } }')).toMatchInlineSnapshot(`
    [
      {
        "at": "1:18 1:42",
        "message": "Fields "name" conflict: "name" has different arguments in each. Give one of them another alias to get both.",
      },
    ]
  `);
});

test('different types may answer differently under one key, as long as the shape is the same', () => {
  expect(messages('{ any { ... on Cat { x: age } ... on Dog { x: age } } }')).toEqual([]);
  expect(messages('{ any { ... on Cat { x: name } ... on Dog { x: name(upper: true) } } }')).toEqual([]);
  expect(messages('{ any { ... on Cat { lives } ... on Dog { lives } } }')).toMatchInlineSnapshot(`
    [
      {
        "at": "1:22 1:43",
        "message": "Fields "lives" conflict: they are of the types "String" and "Int!". Give one of them another alias to get both.",
      },
    ]
  `);
});

test('a field repeated thousands of times is compared once with each', () => {
  const twice = Array.from({ length: 5_000 }, () => 'cat { name }').join(' ');
  expect(messages(`{ ${twice} }`)).toEqual([]);
  expect(messages(`{ ${twice} cat { name: age } }`)).toHaveLength(1);
});

test('fragments that double at each level are looked at once each, and cycles end', () => {
  const doubling = Array.from(
    { length: 60 },
    (_, i) => `fragment F${i} on Pet { a: friend { ...F${i + 1} } b: friend { ...F${i + 1} } }`,
  );
  expect(messages(`{ pet { ...F0 } } ${doubling.join(' ')} fragment F60 on Pet { name }`)).toEqual([]);
  expect(messages('{ pet { ...F } } fragment F on Pet { friend { ...F } }')).toEqual([]);
});

test('a document made to be compared for ever is refused', () => {
  // at each level `a` goes on with all fragments and `b` with all but one: 2^18 different sets of fragments
  const rows = Array.from({ length: 18 }, (_, level) =>
    Array.from({ length: 18 }, (_, i) => {
      const next = `friend { ...F${level + 1}_${i} }`;
      return `fragment F${level}_${i} on Pet { a: ${next} ${i === level ? '' : `b: ${next}`} }`;
    }).join(' '),
  );
  const last = Array.from({ length: 18 }, (_, i) => `fragment F18_${i} on Pet { name }`).join(' ');
  const [reported] = messages(
    `{ pet { ${Array.from({ length: 18 }, (_, i) => `...F0_${i}`).join(' ')} } } ${rows.join(' ')} ${last}`,
  );
  expect(reported?.message ?? '').toContain(String(MAX_FIELDS_COMPARED));
});

test('agrees with graphql-js on random documents', () => {
  const key = fc.constantFrom('', 'x: ', 'y: ');
  const leaf = fc.tuple(
    key,
    fc.constantFrom('name', 'name(upper: true)', 'name(upper: false)', 'age', 'lives', 'tags'),
  );
  const { selections } = fc.letrec<{ selections: string; item: string }>((tie) => ({
    item: fc.oneof(
      { maxDepth: 4 },
      leaf.map((parts) => parts.join('')),
      fc.tuple(key, tie('selections')).map(([alias, below]) => `${alias}friend { ${below} }`),
      fc
        .tuple(fc.constantFrom('... on Cat', '... on Dog', '... on Pet', '...'), tie('selections'))
        .map(([head, below]) => `${head} { ${below} }`),
      fc.constantFrom('...A', '...B'),
    ),
    selections: fc.array(tie('item'), { minLength: 1, maxLength: 4 }).map((items) => items.join(' ')),
  }));
  fc.assert(
    fc.property(selections, selections, selections, (root, a, b) => {
      const document = parse(
        `{ pet { ${root} a: friend { ...A } b: friend { ...B } } } fragment A on Pet { ${a} } fragment B on Cat { ${b} }`,
      );
      const theirs = validate(schema, document, [OverlappingFieldsCanBeMergedRule]);
      const ours = validate(schema, document, [overlappingFieldsRule]);
      expect(ours.length > 0).toBe(theirs.length > 0);
    }),
    { numRuns: runs(500) },
  );
});
