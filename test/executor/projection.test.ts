import { describe, expect, it } from 'vitest';
import { show } from './execute.ts';

describe('null propagates to the nearest place that may be null', () => {
  const typeDefs = `
    type Query { a: A must: A! list: [A] listMust: [A!] mustList: [A]! mustListMust: [A!]! deep: [[A!]] deepMust: [[A!]!] grid: [[Int]!]! }
    type A { x: Int y: Int! a: A must: A! }
  `;
  const missing = (type: string) => `Cannot return null for non-nullable field ${type}.`;

  it.each([
    ['a nullable field stays null alone', '{ a { x } }', { a: { x: null } }, '{"a":{"x":null}}'],
    ['a null object', '{ a { y } }', { a: null }, '{"a":null}'],
    ['a null list', '{ list { y } }', { list: null }, '{"list":null}'],
    ['a null item', '{ list { x } }', { list: [{ x: 1 }, null] }, '{"list":[{"x":1},null]}'],
    ['an empty list', '{ mustListMust { x } }', { mustListMust: [] }, '{"mustListMust":[]}'],
    ['lists in lists', '{ grid }', { grid: [[1, null], []] }, '{"grid":[[1,null],[]]}'],
  ])('not at all: %s', async (_, query, data, text) => {
    expect(await show(typeDefs, query, data)).toEqual([text]);
  });

  it.each([
    ['to the object around', '{ a { x y } }', { a: { x: 1 } }, '{"a":null}', 'a.y', 'A.y'],
    [
      'to the item of the list',
      '{ list { y } }',
      { list: [{ y: 1 }, {}] },
      '{"list":[{"y":1},null]}',
      'list.1.y',
      'A.y',
    ],
    [
      'past a list of items that must be',
      '{ listMust { y } }',
      { listMust: [{ y: 1 }, {}] },
      '{"listMust":null}',
      'listMust.1.y',
      'A.y',
    ],
    ['past an object that must be', '{ a { must { y } } }', { a: { must: {} } }, '{"a":null}', 'a.must.y', 'A.y'],
    [
      'to the inner list',
      '{ deep { y } }',
      { deep: [[{ y: 1 }], [{}]] },
      '{"deep":[[{"y":1}],null]}',
      'deep.1.0.y',
      'A.y',
    ],
    [
      'past the inner list',
      '{ deepMust { y } }',
      { deepMust: [[{ y: 1 }], [{}]] },
      '{"deepMust":null}',
      'deepMust.1.0.y',
      'A.y',
    ],
    ['to the data', '{ must { y } a { x } }', { must: {}, a: { x: 1 } }, 'null', 'must.y', 'A.y'],
    [
      'to the data from a list',
      '{ mustListMust { x } }',
      { mustListMust: [null] },
      'null',
      'mustListMust.0',
      'Query.mustListMust',
    ],
    ['to the data, from the root', '{ must { x } }', {}, 'null', 'must', 'Query.must'],
    [
      'under the client’s own key',
      '{ mine: a { why: y } }',
      { mine: { why: null } },
      '{"mine":null}',
      'mine.why',
      'A.y',
    ],
  ])('%s', async (_, query, data, text, path, field) => {
    expect(await show(typeDefs, query, data)).toEqual([text, `${path}: ${missing(field)}`]);
  });

  it('in several places, each reported', async () => {
    expect(await show(typeDefs, '{ list { y } a { y } }', { list: [{}, { y: 2 }, {}], a: {} })).toEqual([
      '{"list":[null,{"y":2},null],"a":null}',
      `list.0.y: ${missing('A.y')}`,
      `list.2.y: ${missing('A.y')}`,
      `a.y: ${missing('A.y')}`,
    ]);
  });
});

describe('an object type that promises more than its interface', () => {
  const typeDefs = `
    type Query { node: Node }
    interface Node { name: String }
    type Strict implements Node { name: String! }
    type Loose implements Node { name: String }
  `;

  it('is held to its own promise', async () => {
    expect(await show(typeDefs, '{ node { name } }', { node: { __typename: 'Loose', name: null } })).toEqual([
      '{"node":{"name":null}}',
    ]);
    expect(await show(typeDefs, '{ node { name } }', { node: { __typename: 'Strict', name: null } })).toEqual([
      '{"node":null}',
      'node.name: Cannot return null for non-nullable field Strict.name.',
    ]);
  });
});

describe('leaf values', () => {
  const typeDefs = `
    type Query { int: Int float: Float string: String id: ID boolean: Boolean json: JSON colour: Colour colours: [Colour!] }
    scalar JSON
    enum Colour { RED GREEN }
  `;

  it.each([
    ['int', 7, '7'],
    ['int', -2147483648, '-2147483648'],
    ['float', 1.5, '1.5'],
    ['float', 2, '2'],
    ['string', 'a "quoted" \\ line\nbreak \u2028 ü 😀', JSON.stringify('a "quoted" \\ line\nbreak \u2028 ü 😀')],
    ['string', 'plain', '"plain"'],
    ['string', 5, '"5"'],
    ['id', 5, '"5"'],
    ['id', 'u1', '"u1"'],
    ['boolean', false, 'false'],
    ['colour', 'RED', '"RED"'],
    ['json', { a: [1, 'x"y', null, { b: false }] }, '{"a":[1,"x\\"y",null,{"b":false}]}'],
    ['json', [1, 2], '[1,2]'],
    ['json', 'text', '"text"'],
    ['json', 1.25, '1.25'],
  ])('%s: %j is %s', async (field, value, text) => {
    expect(await show(typeDefs, `{ ${field} }`, { [field]: value })).toEqual([`{"${field}":${text}}`]);
  });

  it.each([
    ['int', 1.5, 'a value of type Int'],
    ['int', 2147483648, 'a value of type Int'],
    ['int', '7', 'a value of type Int'],
    ['float', 'much', 'a value of type Float'],
    ['string', { a: 1 }, 'a value of type String'],
    ['string', ['a'], 'a value of type String'],
    ['boolean', 1, 'a value of type Boolean'],
    ['colour', 'BLUE', 'a value of enum Colour'],
    ['colour', 1, 'a value of enum Colour'],
  ])('%s: %j is none', async (field, value, expected) => {
    expect(await show(typeDefs, `{ ${field} }`, { [field]: value })).toEqual([
      `{"${field}":null}`,
      `${field}: Expected ${expected} for Query.${field}.`,
    ]);
  });

  it('that are wrong count as null where they must not be', async () => {
    expect(await show(typeDefs, '{ colours }', { colours: ['RED', 'BLUE'] })).toEqual([
      '{"colours":null}',
      'colours.1: Expected a value of enum Colour for Query.colours.',
    ]);
  });

  it('are no lists, and lists are no leaves', async () => {
    expect(await show(typeDefs, '{ colours int }', { colours: 'RED', int: [1] })).toEqual([
      '{"colours":null,"int":null}',
      'colours: Expected a list for Query.colours.',
      'int: Expected a value of type Int for Query.int.',
    ]);
  });
});

describe('enum values that are not shown', () => {
  it('are as if they were not there', async () => {
    const typeDefs = 'type Query { colour: Colour } enum Colour { RED SECRET @inaccessible }';
    expect(await show(typeDefs, '{ colour }', { colour: 'SECRET' })).toEqual([
      '{"colour":null}',
      'colour: Expected a value of enum Colour for Query.colour.',
    ]);
  });
});

describe('the keys of an object', () => {
  const typeDefs = `
    type Query { me: User hits: [Hit!]! }
    type User { id: ID! name: String friend: User }
    type File { id: ID! path: String }
    union Hit = User | File
  `;

  it('stand in the order in which the client wrote them, not in the subgraph’s', async () => {
    const data = { me: { friend: { id: '2', name: 'b' }, id: '1', name: 'a' } };
    expect(await show(typeDefs, '{ me { name id friend { name id } } }', data)).toEqual([
      '{"me":{"name":"a","id":"1","friend":{"name":"b","id":"2"}}}',
    ]);
  });

  it('are those that the type of the object selects', async () => {
    const query = '{ hits { type: __typename ... on User { name } ... on File { id path } ... on User { id } } }';
    const data = {
      hits: [
        { __typename: 'User', name: 'a', id: '1' },
        { __typename: 'File', id: '2', path: '/' },
      ],
    };
    expect(await show(typeDefs, query, data)).toEqual([
      '{"hits":[{"type":"User","name":"a","id":"1"},{"type":"File","id":"2","path":"/"}]}',
    ]);
  });

  it('hold each alias, though fetched once', async () => {
    expect(await show(typeDefs, '{ me { a: name b: name name } }', { me: { a: 'x' } })).toEqual([
      '{"me":{"a":"x","b":"x","name":"x"}}',
    ]);
  });

  it('are not more than the client asked for', async () => {
    expect(await show(typeDefs, '{ me { id } }', { me: { id: '1', password: 'x' }, extra: 1 })).toEqual([
      '{"me":{"id":"1"}}',
    ]);
  });
});

describe('runtime types', () => {
  const typeDefs = `
    type Query { hit: Hit other: Boat }
    union Hit = User | File | Hidden
    type User { id: ID! }
    type File { id: ID! }
    type Hidden @inaccessible { id: ID! }
    type Boat { id: ID! }
  `;
  const query = '{ hit { __typename ... on User { id } } }';

  it('that the abstract type does not have are refused', async () => {
    expect(await show(typeDefs, query, { hit: { __typename: 'Boat', id: '1' } })).toEqual([
      '{"hit":null}',
      'hit: Expected a runtime type of Hit, but found "Boat".',
    ]);
  });

  it('that clients must not know of are refused without a name', async () => {
    expect(await show(typeDefs, query, { hit: { __typename: 'Hidden', id: '1' } })).toEqual([
      '{"hit":null}',
      'hit: The public schema has no type for this value of Hit.',
    ]);
  });

  it('of a value that is no object are none', async () => {
    expect(await show(typeDefs, query, { hit: 'User' })).toEqual([
      '{"hit":null}',
      'hit: Expected an object of type Hit.',
    ]);
  });
});

describe('names that JavaScript knows', () => {
  it('are aliases like others', async () => {
    const typeDefs = 'type Query { me: User } type User { name: String }';
    const [text] = await show(typeDefs, '{ me { __proto__: name toString: name } }', {
      me: { name_1: 'x', toString: 'x' },
    });
    expect(text).toBe('{"me":{"__proto__":"x","toString":"x"}}');
  });

  it('in data change nothing', async () => {
    const typeDefs = 'type Query { me: User json: JSON } type User { name: String } scalar JSON';
    const data = JSON.parse('{"me":{"__proto__":{"name":"evil"},"constructor":1},"json":{"__proto__":{"a":1}}}');
    expect(await show(typeDefs, '{ me { name } json }', data)).toEqual([
      '{"me":{"name":null},"json":{"__proto__":{"a":1}}}',
      'me.name: The subgraph "all" did not return the requested field User.name.',
    ]);
    expect(({} as { name?: string }).name).toBeUndefined();
  });
});
