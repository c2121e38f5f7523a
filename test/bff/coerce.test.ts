import { buildSchema, GraphQLError, type OperationDefinitionNode, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { coerceParameters } from '../../src/bff/endpoints/coerce.ts';
import type { Method } from '../../src/bff/endpoints/directives.ts';
import { parametersFor } from '../../src/bff/endpoints/parameters.ts';
import { ExactNumber } from '../../src/shared/exact-json.ts';

const schema = buildSchema(`
  scalar DateTime
  enum Sort { NEW OLD }
  input Filter { text: String!, tags: [String!], sort: Sort = NEW }
  type Query { x(filter: Filter, at: DateTime, id: ID, ratio: Float): Int }
`);

/** Coerces a request of an endpoint with these variables; the path parameter, where there is one, is `id`. */
function coerce(
  variables: string,
  request: { path?: string; query?: string; body?: Record<string, unknown> },
  method: Method = 'GET',
) {
  const operation = parse(`query (${variables}) { x }`).definitions[0] as OperationDefinitionNode;
  const path = new Map(request.path === undefined ? [] : [['id', request.path]]);
  const parameters = parametersFor(operation, schema, [...path.keys()], method);
  const result = coerceParameters(parameters, {
    path,
    query: new URLSearchParams(request.query),
    headers: {},
    body: request.body,
  });
  return 'errors' in result ? result.errors : { ...result.variables };
}

describe("texts become values of the variable's type", () => {
  test.each([
    ['$v: Int', 'v=-12', -12],
    ['$v: Int!', 'v=2147483647', 2147483647],
    ['$v: Float', 'v=1.5e3', new ExactNumber('1.5e3')],
    ['$v: Boolean', 'v=true', true],
    ['$v: Boolean', 'v=false', false],
    ['$v: String', 'v=a+b%26c', 'a b&c'],
    ['$v: String', 'v=', ''],
    ['$v: String', 'v=null', 'null'],
    ['$v: ID', 'v=7', '7'],
    ['$v: Sort', 'v=OLD', 'OLD'],
    ['$v: DateTime', 'v=2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['$v: [Int!]', 'v=1&v=2', [1, 2]],
    ['$v: [Sort]', 'v=NEW', ['NEW']],
    ['$v: [String]', 'v=a,b', ['a,b']],
    ['$v: [[Int]]', 'v=[1,2]&v=[3]', [[1, 2], [3]]],
    ['$v: Filter', 'v={"text":"shoe","tags":["a"]}', { text: 'shoe', tags: ['a'] }],
    ['$v: [Filter!]', 'v={"text":"a"}&v={"text":"b"}', [{ text: 'a' }, { text: 'b' }]],
  ])('%s from ?%s', (variables, query, expected) => {
    expect(coerce(variables, { query })).toEqual({ v: expected });
  });
});

test('what is not given is left out, for its default', () => {
  expect(coerce('$a: Int = 5, $b: String, $c: Int! = 1, $d: [ID!]', {})).toEqual({});
});

test('a segment of the path is decoded', () => {
  expect(coerce('$id: ID!', { path: 'a%2Fb%20c+d' })).toEqual({ id: 'a/b c+d' });
});

test('a variable may have a name that objects have of their own', () => {
  expect(Object.entries(coerce('$__proto__: Int, $constructor: Int', { query: '__proto__=1&constructor=2' }))).toEqual([
    ['__proto__', 1],
    ['constructor', 2],
  ]);
  expect(coerce('$constructor: Int!', { body: {} }, 'POST')).toMatchObject([{ parameter: 'constructor', given: null }]);
});

describe('a mistake names the parameter, what was given and what is expected', () => {
  const int = 'a whole number from -2147483648 to 2147483647';
  test.each([
    ['$v: Int', 'v=five', 'five', `${int} (Int)`],
    ['$v: Int', 'v=1.5', '1.5', `${int} (Int)`],
    ['$v: Int', 'v=', '', `${int} (Int)`],
    ['$v: Int', 'v=2147483648', '2147483648', `${int} (Int)`],
    ['$v: Float', 'v=Infinity', 'Infinity', 'a number (Float)'],
    ['$v: Float', 'v=0x10', '0x10', 'a number (Float)'],
    ['$v: Boolean', 'v=1', '1', 'true or false (Boolean)'],
    ['$v: Sort', 'v=BEST', 'BEST', 'one of NEW, OLD (Sort)'],
    ['$v: ID!', '', null, 'an id (ID!)'],
    ['$v: [ID!]!', '', null, 'a list, each item an id ([ID!]!)'],
    ['$v: Int', 'v=1&v=2', ['1', '2'], `${int} (Int), given once`],
    ['$v: Filter', 'v=shoe', 'shoe', 'an object as JSON (Filter)'],
    [
      '$v: Filter!',
      'v=null',
      null,
      'an object as JSON (Filter!): Expected non-nullable type "Filter!" not to be null.',
    ],
    [
      '$v: [Filter!]!',
      'v=null',
      null,
      'an object as JSON (Filter!): Expected non-nullable type "Filter!" not to be null.',
    ],
  ])('%s from ?%s', (variables, query, given, expected) => {
    expect(coerce(variables, { query })).toEqual([{ parameter: 'v', in: 'query', given, expected }]);
  });

  test('an item of a list, and a place within JSON', () => {
    expect(coerce('$v: [Int!], $f: Filter', { query: 'v=1&v=x&f={"text":1,"sort":"BEST"}' })).toEqual([
      { parameter: 'v[1]', in: 'query', given: 'x', expected: `${int} (Int!)` },
      { parameter: 'f.text', in: 'query', given: 1, expected: 'text (String!)' },
      { parameter: 'f.sort', in: 'query', given: 'BEST', expected: 'one of NEW, OLD (Sort)' },
    ]);
  });

  test('a member that an input object does not have, or lacks', () => {
    const found = coerce('$f: Filter!', { body: { f: { txet: 'a' } } }, 'POST');
    expect(found).toMatchObject([
      {
        parameter: 'f',
        in: 'body',
        expected: expect.stringContaining('Field "text" of required type "String!" was not provided'),
      },
      { parameter: 'f', in: 'body', expected: expect.stringContaining('Did you mean "text"?') },
    ]);
  });

  test('a path segment that is no percent-encoded text', () => {
    expect(coerce('$id: ID!', { path: '%E0%A4%A' })).toMatchObject([
      { parameter: 'id', in: 'path', given: '%E0%A4%A' },
    ]);
  });

  test('unknown ones, with the nearest known', () => {
    expect(coerce('$id: ID!, $orders: Int', { path: 'u1', query: 'order=3&id=u2&zebra=1' })).toEqual([
      { parameter: 'order', in: 'query', given: '3', expected: 'no parameter of this name; did you mean "orders"?' },
      { parameter: 'id', in: 'query', given: 'u2', expected: 'no "id" in the query: it is read from the path' },
      { parameter: 'zebra', in: 'query', given: '1', expected: 'no parameter of this name; there are: "orders"' },
    ]);
  });

  test('long values are cut', () => {
    const [error] = coerce('$v: Int', { query: `v=${'9'.repeat(5000)}` }) as { given: string }[];
    expect(error?.given).toBe(`${'9'.repeat(200)}…`);
  });
});

describe('a JSON body', () => {
  test('gives values as they are', () => {
    const body = { n: 1, f: { text: 'a' }, none: null };
    expect(coerce('$n: Int!, $f: Filter, $none: Int', { body }, 'POST')).toEqual(body);
  });

  test('does not turn texts into numbers, and null is no value for what must be there', () => {
    expect(coerce('$n: Int!, $m: Int! = 1', { body: { n: '1', m: null } }, 'PUT')).toMatchObject([
      { parameter: 'n', in: 'body', given: '1' },
      { parameter: 'm', in: 'body', given: null },
    ]);
  });

  test('members that no variable has are refused, and parameters in the query string', () => {
    expect(coerce('$name: String', { body: { nmae: 'a', ['__proto__']: 1 }, query: 'name=b' }, 'POST')).toMatchObject([
      { parameter: 'name', in: 'query', expected: 'no "name" in the query: it is read from the body' },
      { parameter: 'nmae', in: 'body', expected: 'no parameter of this name; did you mean "name"?' },
      { parameter: '__proto__', in: 'body' },
    ]);
  });

  test('a custom scalar decides for itself what it takes', () => {
    const scalar = schema.getType('DateTime') as { parseValue?: (value: unknown) => unknown };
    const before = scalar.parseValue;
    scalar.parseValue = (value) => {
      if (typeof value !== 'string') throw new GraphQLError('not a date');
      return value;
    };
    try {
      expect(coerce('$d: DateTime', { body: { d: 5 } }, 'POST')).toMatchObject([
        { parameter: 'd', given: 5, expected: expect.stringContaining('(DateTime)') },
      ]);
    } finally {
      Object.assign(scalar, { parseValue: before });
    }
  });
});

describe('a request with thousands of mistakes gets the first fifty, in few words', () => {
  const many = (length: number, item: (i: number) => unknown) => Array.from({ length }, (_, i) => item(i));
  const unknown = Object.fromEntries(many(20_000, (i) => [`k${i}`, 1]) as [string, number][]);

  test.each<[string, string, Record<string, unknown>]>([
    ['members that no parameter has', '$n: Int', unknown],
    ['fields that an input object does not have', '$f: Filter', { f: unknown }],
    ['items of a wrong type', '$n: [Int!]', { n: many(20_000, (i) => `${i}`) }],
    ['items that are large', '$n: [Int!]', { n: many(1_000, () => unknown) }],
  ])('%s', (_, variables, body) => {
    const errors = coerce(variables, { body }, 'POST');
    expect(errors).toHaveLength(50);
    expect(JSON.stringify(errors).length).toBeLessThan(50 * 500);
  });

  test('values of a wide enum are listed in part', () => {
    const wide = buildSchema(`enum Wide { ${many(1_000, (i) => `V${i}`).join(' ')} } type Query { x(w: Wide): Int }`);
    const operation = parse('query ($w: Wide) { x }').definitions[0] as OperationDefinitionNode;
    const request = { path: new Map(), query: new URLSearchParams('w=a'), headers: {}, body: undefined };
    expect(coerceParameters(parametersFor(operation, wide, [], 'GET'), request)).toMatchObject({
      errors: [{ expected: expect.stringMatching(/^one of V0, V1, .*, V49 and 950 more \(Wide\)$/) }],
    });
  });
});
