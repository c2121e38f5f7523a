import { describe, expect, it } from 'vitest';
import { run, smallWorld } from './world.ts';

const world = smallWorld();

/** What the resolver of `echo` was given. */
async function echoed(definition: string, args: string, variables?: Record<string, unknown>): Promise<unknown> {
  const { dataText, errors } = await run(world, `query ${definition} { echo(${args}) }`, { variables });
  expect(errors).toEqual([]);
  return JSON.parse(JSON.parse(dataText ?? '').echo);
}

const red = { text: 'x', colour: 'RED' };

describe('variables', () => {
  it.each([
    ['text', '($v: String)', 'text: $v', 'hello', { colour: 'RED', text: 'hello' }],
    ['whole numbers', '($v: Int)', 'count: $v', 3, { ...red, count: 3 }],
    ['numbers', '($v: Float)', 'ratio: $v', 1, { ...red, ratio: 1 }],
    ['truth', '($v: Boolean)', 'on: $v', false, { ...red, on: false }],
    ['ids', '($v: ID)', 'id: $v', 'u1', { ...red, id: 'u1' }],
    ['ids as numbers', '($v: ID)', 'id: $v', 7, { ...red, id: '7' }],
    ['enums', '($v: Colour)', 'colour: $v', 'GREEN', { text: 'x', colour: 'GREEN' }],
    ['lists', '($v: [String!])', 'tags: $v', ['a', 'b'], { ...red, tags: ['a', 'b'] }],
    ['one value for a list', '($v: [String!])', 'tags: $v', 'a', { ...red, tags: ['a'] }],
    [
      'input objects, with the defaults of their fields',
      '($v: Filter)',
      'filter: $v',
      { limit: 1, inner: {} },
      { ...red, filter: { tag: 'all', limit: 1, inner: { tag: 'all' } } },
    ],
    ['custom scalars', '($v: JSON)', 'json: $v', { a: [1, null] }, { ...red, json: { a: [1, null] } }],
    ['null', '($v: String)', 'text: $v', null, { text: null, colour: 'RED' }],
    ['parts of objects', '($v: String!)', 'filter: { tag: $v }', 'a', { ...red, filter: { tag: 'a' } }],
    ['parts of lists', '($v: String!)', 'tags: ["a", $v]', 'b', { ...red, tags: ['a', 'b'] }],
  ])('can be %s', async (_, definition, args, value, expected) => {
    expect(await echoed(definition, args, { v: value })).toEqual(expected);
  });

  it('that are left out leave the argument its default', async () => {
    expect(await echoed('($v: String)', 'text: $v')).toEqual(red);
    expect(await echoed('($v: Colour)', 'colour: $v', {})).toEqual(red);
  });

  it('have defaults of their own', async () => {
    expect(await echoed('($v: String = "y")', 'text: $v')).toEqual({ text: 'y', colour: 'RED' });
    expect(await echoed('($v: String = "y")', 'text: $v', { v: 'z' })).toEqual({ text: 'z', colour: 'RED' });
    expect(await echoed('($v: String = "y")', 'text: $v', { v: null })).toEqual({ text: null, colour: 'RED' });
  });

  it('that the operation does not declare are ignored', async () => {
    expect(await echoed('', 'text: "a"', { other: 1 })).toEqual({ text: 'a', colour: 'RED' });
  });

  it('go to the second subgraph as well as to the first', async () => {
    const query = 'query ($id: ID!, $n: Int = 1) { user(id: $id) { name posts(first: $n) } }';
    const { data } = await world.query(query, { id: 'u7' });
    expect(data).toEqual({ user: { name: 'name of u7', posts: ['u7/0'] } });
  });
});

describe('variables of a wrong type', () => {
  it.each([
    ['a missing one', '($v: ID!)', 'id: $v', {}, /Variable "\$v" of required type "ID!" was not provided/],
    [
      'null where none may be',
      '($v: ID!)',
      'id: $v',
      { v: null },
      /Variable "\$v" of non-null type "ID!" must not be null/,
    ],
    ['text for a number', '($v: Int)', 'count: $v', { v: '3' }, /got invalid value "3".*Int cannot represent/],
    ['a fraction for a whole number', '($v: Int)', 'count: $v', { v: 1.5 }, /non-integer/],
    ['a number for text', '($v: String)', 'text: $v', { v: 1 }, /String cannot represent/],
    [
      'no value of an enum',
      '($v: Colour)',
      'colour: $v',
      { v: 'BLUE' },
      /Value "BLUE" does not exist in "Colour" enum/,
    ],
    [
      'a field that is not in an input',
      '($v: Filter)',
      'filter: $v',
      { v: { tagg: 'a' } },
      /Field "tagg" is not defined/,
    ],
    ['a null deep inside', '($v: Filter)', 'filter: $v', { v: { inner: { tag: null } } }, /at "v\.inner\.tag"/],
    ['a list with a hole', '($v: [String!])', 'tags: $v', { v: ['a', null] }, /at "v\[1\]"/],
  ])('are refused: %s', async (_, definition, args, variables, message) => {
    expect(await run(world, `query ${definition} { echo(${args}) }`, { variables })).toMatchObject({
      dataText: undefined,
      refusal: 'variables',
      errors: [{ message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  it('are reported with where each is declared, also of one operation of several', async () => {
    const query = 'query Other { echo }\nquery This($a: Int,\n  $b: ID!) { echo(count: $a, id: $b) }';
    const { errors } = await run(world, query, { variables: { a: 'x' }, operationName: 'This' });
    expect(errors.map(({ locations }) => locations)).toEqual([[{ line: 2, column: 12 }], [{ line: 3, column: 3 }]]);
  });

  it('are reported all together', async () => {
    const query = 'query ($a: Int, $b: ID!) { echo(count: $a, id: $b) }';
    expect((await run(world, query, { variables: { a: 'x' } })).errors).toHaveLength(2);
  });
});
