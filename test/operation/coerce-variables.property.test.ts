import * as fc from 'fast-check';
import { buildSchema, type GraphQLSchema, getVariableValues, type OperationDefinitionNode, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { coerceVariables } from '../../src/operation/coerce-variables.ts';
import { runs } from '../runs.ts';

const schema = buildSchema(/* GraphQL */ `
  scalar JSON
  enum Colour { RED GREEN BLUE }
  input Filter {
    limit: Int = 10
    ratio: Float
    tag: String! = "all"
    id: ID
    on: Boolean
    colour: Colour = RED
    colours: [Colour!]
    grid: [[Int]]
    json: JSON
    one: One
    inner: Filter
    needed: Needed
  }
  input Needed { a: Int! b: [String!]! }
  input One @oneOf { a: Int b: String c: Filter }
  type Query { a(filter: Filter, one: One): Int }
`);

const definitionsOf = (text: string) =>
  (parse(`query (${text}) { a }`).definitions[0] as OperationDefinitionNode).variableDefinitions ?? [];

function coerce(text: string, given: Record<string, unknown>, options = {}) {
  const { coerced, errors } = coerceVariables(schema, definitionsOf(text), given, { maxErrors: 20, ...options });
  return coerced ?? errors?.map(({ definition, message }) => `${definition}: ${message}`);
}

/** Any JSON, but often with the names and values that the schema knows. */
const { value: anyValue } = fc.letrec((again) => {
  const likely = ['RED', 'GREN', 'x', '', 0, -1, 1.5, 2147483647, 2147483648, 1e300, true, false, null];
  const names = ['limit', 'ratio', 'tag', 'id', 'on', 'colour', 'colours', 'grid', 'json', 'one', 'inner', 'needed'];
  const name = fc.constantFrom(...names, 'a', 'b', 'c', 'limt', 'constructor');
  return {
    value: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...likely) },
      { weight: 3, arbitrary: fc.dictionary(name, again('value'), { maxKeys: 4, noNullPrototype: true }) },
      { weight: 2, arbitrary: fc.array(again('value'), { maxLength: 3 }) },
    ),
  };
});

const TYPES = [
  'Int',
  'Float!',
  '[ID]',
  'String',
  'Boolean!',
  'Colour',
  '[[Colour!]]!',
  'JSON',
  'Filter',
  '[Filter!]',
  'One',
];
const DEFAULTS: Record<string, string> = {
  Int: ' = 3',
  Colour: ' = BLUE',
  Filter: ' = { inner: {} }',
  '[ID]': ' = [1, "b"]',
};

const variable = fc.record({
  type: fc.constantFrom(...TYPES),
  hasDefault: fc.boolean(),
  value: fc.option(anyValue, { nil: undefined }),
});

/** Which errors there are: their order is ours, and so is what they suggest. */
const wordsOf = (messages: readonly string[]) => messages.map((text) => text.replace(/ Did you mean .*/, '')).sort();

/** Long values are printed in part. */
const isShort = (message: string) => message.length < 200;

describe('variables are coerced as graphql-js does', () => {
  it('to the same values, or with the same errors', () => {
    fc.assert(
      fc.property(fc.array(variable, { minLength: 1, maxLength: 3 }), (variables) => {
        const text = variables.map(
          ({ type, hasDefault }, i) => `$v${i}: ${type}${hasDefault ? (DEFAULTS[type] ?? '') : ''}`,
        );
        const given = Object.fromEntries(
          variables.flatMap(({ value }, i) => (value === undefined ? [] : [[`v${i}`, value]])),
        );
        const definitions = definitionsOf(text.join(', '));
        const expected = getVariableValues(schema, definitions, given);
        const { coerced, errors = [] } = coerceVariables(schema, definitions, given, { maxErrors: 1_000 });
        expect(coerced).toEqual(expected.coerced);
        const theirs = (expected.errors ?? []).map(({ message }) => message);
        expect(errors).toHaveLength(theirs.length);
        if (theirs.every(isShort)) expect(wordsOf(errors.map(({ message }) => message))).toEqual(wordsOf(theirs));
      }),
      { numRuns: runs(3_000) },
    );
  });

  it.each([
    { a: null, b: 'x' },
    { b: 'x', a: null },
    { b: null, a: 1 },
  ])('with the errors of a @oneOf in any order: %j', (one) => {
    const definitions = definitionsOf('$one: One');
    const expected = getVariableValues(schema, definitions, { one }).errors?.map(({ message }) => message) ?? [];
    const { errors = [] } = coerceVariables(schema, definitions, { one }, { maxErrors: 20 });
    expect(wordsOf(errors.map(({ message }) => message))).toEqual(wordsOf(expected));
  });

  it('except that what objects inherit is no field', () => {
    const odd = buildSchema('input Odd { constructor: Int, toString: Int = 1 } type Query { a(odd: Odd): Int }');
    const definitions = definitionsOf('$odd: Odd');
    expect(coerceVariables(odd, definitions, { odd: {} }, { maxErrors: 9 }).coerced).toEqual({ odd: { toString: 1 } });
  });
});

describe('what is wrong', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['$v: Int', { v: '3' }, '0: Variable "$v" got invalid value "3"; Int cannot represent non-integer value: "3"'],
    [
      '$a: Int, $v: [Filter]',
      { v: [{}, { inner: { tag: null } }] },
      '1: Variable "$v" got invalid value null at "v[1].inner.tag"; Expected non-nullable type "String!" not to be null.',
    ],
    [
      '$v: Filter',
      { v: { limt: 1 } },
      '0: Variable "$v" got invalid value { limt: 1 }; Field "limt" is not defined by type "Filter". Did you mean "limit"?',
    ],
    [
      '$v: Colour',
      { v: 'GREN' },
      '0: Variable "$v" got invalid value "GREN"; Value "GREN" does not exist in "Colour" enum. Did you mean the enum value "GREEN"?',
    ],
    [
      '$v: Needed',
      JSON.parse('{"v": {"a": 1, "b": "x", "__proto__": 1}}'),
      '0: Variable "$v" got invalid value { a: 1, b: "x", __proto__: 1 }; Field "__proto__" is not defined by type "Needed".',
    ],
  ])('%s of %j', (text, given, message) => {
    expect(coerce(text, given)).toEqual([message]);
  });

  it('suggests nothing where it may not', () => {
    expect(String(coerce('$v: Colour', { v: 'GREN' }, { hideSuggestions: true }))).not.toContain('Did you mean');
    expect(String(coerce('$v: Filter', { v: { limt: 1 } }, { hideSuggestions: true }))).not.toContain('Did you mean');
  });
});

/** Counts the properties of objects that are read, at any depth. */
function counting<T extends object>(target: T, count: { reads: number }): T {
  return new Proxy(target, {
    get(object, name) {
      if (typeof name === 'string' && name !== 'length') count.reads += 1;
      const value = Reflect.get(object, name);
      return typeof value === 'object' && value !== null ? counting(value, count) : value;
    },
  });
}

describe('the work for wrong values is bounded', () => {
  const many = (length: number, item: (i: number) => unknown) => Array.from({ length }, (_, i) => item(i));
  const large = Object.fromEntries(many(5_000, (i) => [`k${i}`, 1]) as [string, unknown][]);
  const unknown = Object.fromEntries(many(100_000, (i) => [`k${i}`, 1]) as [string, unknown][]);
  const limitError = 'Variable "$v" got invalid';

  it.each<[string, string, unknown]>([
    ['unknown fields', '$v: Filter', unknown],
    ['unknown fields, each in its own object', '$v: [Filter]', many(100_000, (i) => ({ [`k${i}`]: 1 }))],
    ['objects that lack what they need', '$v: [Needed!]', many(100_000, () => ({}))],
    ['items of a wrong type', '$v: [Int!]', many(100_000, (i) => `${i}`)],
    ['large items of a wrong type', '$v: [Int!]', many(1_000, () => large)],
    ['names of no enum value', '$v: [Colour!]', many(100_000, (i) => `GREEM${i}`)],
    ['nulls', '$v: [Int!]', many(100_000, () => null)],
  ])('%s', (_, text, value) => {
    const count = { reads: 0 };
    const { errors = [] } = coerceVariables(
      schema as GraphQLSchema,
      definitionsOf(text),
      { v: counting(value as object, count) },
      { maxErrors: 20 },
    );
    expect(errors).toHaveLength(21);
    expect(errors[0]?.message).toContain(limitError);
    expect(errors[20]?.message).toMatch(/^Too many errors/);
    expect(count.reads).toBeLessThan(2_000);
    expect(errors.map(({ message }) => message).join('').length).toBeLessThan(20_000);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['given objects', '$v: [Wide!]', { v: many(300_000, () => ({})) }],
    ['literals', `$v: [Wide!] = [${'{} '.repeat(3_000)}]`, {}],
  ])('fields of %s that get their default', (_, text, given) => {
    const fields = many(100, (i) => `f${i}: Int = ${i}`).join(' ');
    const wide = buildSchema(`input Wide { ${fields} } type Query { a(wide: Wide): Int }`);
    expect(coerceVariables(wide, definitionsOf(text), given, { maxErrors: 20 }).errors).toEqual([
      {
        definition: 0,
        message: expect.stringMatching(/^Variable "\$v" got an invalid value.*; More than 200000 fields/),
      },
    ]);
  });

  it('a value that nests ten thousand levels', () => {
    let value: unknown = {};
    for (let i = 0; i < 10_000; i++) value = { inner: value };
    expect(coerce('$v: Filter', { v: value })).toEqual([
      expect.stringMatching(/; Lists and objects nest more than 1000/),
    ]);
  });

  it('names as long as the request', () => {
    const long = 'x'.repeat(1_000_000);
    for (const [text, value] of [
      ['$v: Colour', long],
      ['$v: Int', long],
      ['$v: Filter', { [long]: long }],
      [`$${long}: Int!`, null],
    ] as const)
      expect(String(coerce(text, { v: value })).length).toBeLessThan(1_000);
  });
});
