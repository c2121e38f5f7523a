import { buildASTSchema, parse, printSchema, validateSchema } from 'graphql';
import { expect, test } from 'vitest';
import { buildSchemaInSteps } from '../../src/shared/build-schema.ts';
import { runToEnd } from '../../src/shared/steps.ts';

const SDL = `
"The schema" schema { query: Root mutation: Change }
directive @show("Why" reason: String! = "none" @deprecated(reason: "unused")) repeatable on FIELD | QUERY
"A root" type Root implements Node & Named { id: ID! name: String "Finds" find(by: Filter = { text: "a", sizes: [SMALL] }, first: Int = 10): [[Hit!]!] }
type Change { rename(id: ID!): Root @deprecated(reason: "no") }
interface Named { name: String }
interface Node implements Named { id: ID! name: String }
union Hit = Root | Other
type Other { at: Date, next: Other, self: Other! }
enum Size { "Tiny" SMALL LARGE @deprecated }
input Filter { text: String! = "x" sizes: [Size!] = [LARGE] nested: Filter }
input Either @oneOf { a: Int b: String }
scalar Date @specifiedBy(url: "https://example.com/date")
scalar Float
`;

test('a schema that is built in steps is the one that graphql-js builds', () => {
  const document = parse(SDL);
  const schema = runToEnd(buildSchemaInSteps(document.definitions));
  const expected = buildASTSchema(document, { assumeValid: true });
  expect(printSchema(schema)).toBe(printSchema(expected));
  expect(
    schema
      .toConfig()
      .directives.map(({ name }) => name)
      .sort(),
  ).toEqual(
    expected
      .toConfig()
      .directives.map(({ name }) => name)
      .sort(),
  );
  expect(Object.keys(schema.getTypeMap()).sort()).toEqual(Object.keys(expected.getTypeMap()).sort());
});

test('it is valid by the rules of graphql-js', () => {
  const schema = runToEnd(buildSchemaInSteps(parse(SDL).definitions));
  Object.assign(schema, { __validationErrors: undefined });
  expect(validateSchema(schema)).toEqual([]);
});

test('without a schema definition, the root types have their usual names', () => {
  const schema = runToEnd(buildSchemaInSteps(parse('type Query { a: Int } type Mutation { b: Int }').definitions));
  expect(schema.getQueryType()?.name).toBe('Query');
  expect(schema.getMutationType()?.name).toBe('Mutation');
  expect(schema.getSubscriptionType()).toBeUndefined();
});

test('a type that is not defined is named', () => {
  expect(() => runToEnd(buildSchemaInSteps(parse('type Query { a: Missing }').definitions))).toThrow(
    'Unknown type: "Missing".',
  );
});

test('no step makes the fields of more than one type', () => {
  const types = Array.from({ length: 50 }, (_, n) => `type T${n} { a: Int }`);
  const steps = buildSchemaInSteps(parse(`type Query { a: Int } ${types.join(' ')}`).definitions);
  let count = 0;
  while (!steps.next().done) count++;
  expect(count).toBeGreaterThan(50);
});
