import { describe, expect, test } from 'vitest';
import { mapRequest, mapResponse } from '../../../src/connectors/mapping/evaluate.ts';
import { parseMapping } from '../../../src/connectors/mapping/parse.ts';
import { parseJson, stringifyJson } from '../../../src/shared/exact-json.ts';

/** What a mapping makes of a body, as plain JSON. */
function map(mapping: string, body: unknown, variables: Record<string, unknown> = {}): unknown {
  const value = mapResponse(parseMapping(mapping), body, variables);
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

const PRODUCT = {
  id: 7,
  product_name: 'Lamp',
  'odd key': 'odd',
  brand: { name: 'Lux', country: { code: 'DE' } },
  variants: [
    { id: 1, colour: 'red', size: { w: 2 } },
    { id: 2, colour: 'blue', size: { w: 3 } },
  ],
  tags: ['a', 'b'],
  kind: 'lamp',
  gone: null,
};

describe('names, aliases and paths', () => {
  test.each([
    ['id', { id: 7 }],
    ['id name: product_name', { id: 7, name: 'Lamp' }],
    ['id, name: product_name', { id: 7, name: 'Lamp' }],
    ['brand { name }', { brand: { name: 'Lux' } }],
    ['maker: brand { title: name }', { maker: { title: 'Lux' } }],
    ['country: brand.country.code', { country: 'DE' }],
    ['x: "odd key"', { x: 'odd' }],
    ['x: $."odd key"', { x: 'odd' }],
    ['id brand.country { code }', { id: 7, code: 'DE' }],
    ['id $.brand { name }', { id: 7, name: 'Lux' }],
    ['info: { id name: product_name }', { info: { id: 7, name: 'Lamp' } }],
    ['# a comment\nid # another\n', { id: 7 }],
    ['brand.name', 'Lux'],
    ['$.brand { name }', { name: 'Lux' }],
    ['$', PRODUCT],
    ['@', PRODUCT],
  ])('%s', (mapping, expected) => {
    expect(map(mapping, PRODUCT)).toEqual(expected);
  });

  test('what is missing is null, so that it is known to be given', () => {
    expect(map('id price brand { size } x: brand.none', PRODUCT)).toEqual({
      id: 7,
      price: null,
      brand: { size: null },
      x: null,
    });
    expect(map('gone { id }', PRODUCT)).toEqual({ gone: null });
  });

  test('a string where an object was selected stays one, and can be recognised', () => {
    expect(map('brand { name }', { brand: 'Lux' })).toEqual({ brand: 'Lux' });
  });
});

describe('arrays are taken item by item', () => {
  test.each([
    ['variants { id }', { variants: [{ id: 1 }, { id: 2 }] }],
    ['colours: variants.colour', { colours: ['red', 'blue'] }],
    [
      '$.variants { id w: size.w }',
      [
        { id: 1, w: 2 },
        { id: 2, w: 3 },
      ],
    ],
    ['tags: tags { id: $ }', { tags: [{ id: 'a' }, { id: 'b' }] }],
    ['joined: variants.id->joinNotNull(",")', { joined: '1,2' }],
    ['$.variants->first { id }', { id: 1 }],
    ['$(variants.colour)->map({ name: @ })', [{ name: 'red' }, { name: 'blue' }]],
  ])('%s', (mapping, expected) => {
    expect(map(mapping, PRODUCT)).toEqual(expected);
  });

  test('a body that is an array', () => {
    expect(map('id', [{ id: 1 }, { id: 2 }])).toEqual([{ id: 1 }, { id: 2 }]);
  });
});

describe('literals, variables and choices', () => {
  test.each([
    ["__typename: $('Product')", { __typename: 'Product' }],
    ['x: $({ a: 1, "b": [true, null, -1.5], c: $.id })', { x: { a: 1, b: [true, null, -1.5], c: 7 } }],
    ['x: $("abc")->slice(0, 2)', { x: 'ab' }],
    ['x: $({ n: 98.6->sub(32)->mul(5)->div(9)->toString->slice(0, 2) })', { x: { n: '37' } }],
    ['id: $args.id q: $args.filter { min }', { id: 'a', q: { min: 3 } }],
    ['x: $args.none?.deep->size', { x: null }],
    ['x: gone?.deep', { x: null }],
    ['x: $(gone ?? "other")', { x: 'other' }],
    ['x: $(gone ?! "other")', { x: null }],
    ['x: $(none ?! "other")', { x: 'other' }],
    ['id ...brand { name }', { id: 7, name: 'Lux' }],
    ["id ... kind->match(['lamp', { bright: true }], [@, { bright: false }])", { id: 7, bright: true }],
  ])('%s', (mapping, expected) => {
    const variables = { $args: { id: 'a', filter: { min: 3, max: 4 } } };
    expect(map(mapping, PRODUCT, variables)).toEqual(expected);
  });

  test('$ is the nearest { … }, @ the value that a method is applied to', () => {
    expect(map('variants { id all: size.w->echo([@, $.id]) }', PRODUCT)).toEqual({
      variants: [
        { id: 1, all: [2, 1] },
        { id: 2, all: [3, 2] },
      ],
    });
  });
});

describe('methods', () => {
  test.each([
    ['"abc"->first', 'a'],
    ['"abc"->last', 'c'],
    ['[1, 2, 3]->last', 3],
    ['[1, 2, 3]->slice(1)', [2, 3]],
    ['"añ😀b"->slice(1, 3)', 'ñ😀'],
    ['"😀"->size', 1],
    ['[1, 2]->size', 2],
    ['{ a: 1, b: 2 }->size', 2],
    ['{ a: 1 }->entries', [{ key: 'a', value: 1 }]],
    ['{ a: 1 }->keys', ['a']],
    ['{ a: 1 }->values', [1]],
    ['[1, 2, 3]->get(-1)', 3],
    ['{ a: 1 }->get("a")', 1],
    ['{ a: 1 }->has("b")', false],
    ['["a", null, "b", 1]->joinNotNull("-")', 'a-b-1'],
    ['1->map(@->add(1))', [2]],
    ['[1, 2]->map(@->mul(2))', [2, 4]],
    ['[1, 2, 3, 4]->filter(@->mod(2)->eq(0))', [2, 4]],
    ['[1, 2, 3]->find(@->gt(1))', 2],
    ['"b"->match(["a", 1], ["b", 2])', 2],
    ['"x"->match(["a", 1], [@, "other"])', 'other'],
    ['"x"->match(["a", 1], ["default"])', 'default'],
    ['5->matchIf([@->gt(3), "big"], [true, "small"])', 'big'],
    ['{ a: [1] }->eq({ a: [1] })', true],
    ['1->ne(2)', true],
    ['1->lt(2)', true],
    ['2->lte(2)', true],
    ['"b"->gt("a")', true],
    ['"b"->gt(1)', undefined],
    ['1->gte(2)', false],
    ['true->and(true, false)', false],
    ['false->or(false, true)', true],
    ['true->not', false],
    ['7->add(1, 2)', 10],
    ['7->div(2)', 3.5],
    ['7->div(0)', undefined],
    ['"7"->add(1)', undefined],
    ['null->typeof', 'null'],
    ['[1]->typeof', 'array'],
    ['{ a: [1] }->jsonStringify', '{"a":[1]}'],
    ['"[1]"->jsonParse', [1]],
    ['"{"->jsonParse', undefined],
    ['12->toString', '12'],
    ['"12px"->parseInt', 12],
    ['"ff"->parseInt(16)', 255],
    ['1->in([1, 2])', true],
    ['[1, 2]->contains(3)', false],
    ['"a,b,c"->split(",")', ['a', 'b', 'c']],
    ['"a,b,c"->split(",", 2)', ['a', 'b,c']],
    ['" a "->trim', 'a'],
  ])('%s', (expression, expected) => {
    expect(map(`$(${expression})`, {})).toEqual(expected);
  });
});

describe('keys that mean something to JavaScript', () => {
  const hostile = JSON.parse('{"__proto__": {"admin": true}, "constructor": "c", "list": [1]}');

  test('are keys like any other, and nothing is inherited', () => {
    const mapped = mapResponse(parseMapping('__proto__ constructor x: admin n: list.length t: list.map'), hostile, {});
    expect(JSON.stringify(mapped)).toBe(
      '{"__proto__":{"admin":true},"constructor":"c","x":null,"n":[null],"t":[null]}',
    );
    expect(Object.getPrototypeOf(mapped)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
    expect(map('x: toString y: hasOwnProperty', {})).toEqual({ x: null, y: null });
  });
});

test('in what is sent, missing values are left out and null stays', () => {
  const mapping = parseMapping('name: $args.name note: $args.note tags: $args.tags->map({ id: @ })');
  const sent = mapRequest(mapping, { $args: { name: 'x', note: null } });
  expect(JSON.stringify(sent)).toBe('{"name":"x","note":null}');
});

test('ten thousand items are one pass', () => {
  const items = Array.from({ length: 10_000 }, (_, id) => ({ id, name: `n${id}` }));
  const mapped = map('$.items { id title: name }', { items }) as unknown[];
  expect(mapped).toHaveLength(10_000);
  expect(mapped[9_999]).toEqual({ id: 9_999, title: 'n9999' });
});

test.each([
  ['a b.c', 'This path is beside named fields, but has no name.', 2],
  ['a {', 'Expected "}", found the end.', 3],
  ['a: "x', 'Unterminated string.', 3],
  ['x: $(', 'Expected a name, found the end.', 5],
  ['x: $({ a 1 })', 'Expected ":", found "1".', 9],
  ['x: list->', 'Expected the name of a method, found the end.', 9],
  ['x: $(a ?? b ?! c)', '"??" and "?!" cannot be mixed.', 12],
  ['x: =', 'Expected a name, found "=".', 3],
  [`x: ${'$('.repeat(200)}`, 'The mapping is nested too deeply.', 203],
])('%s cannot be read', (mapping, message, offset) => {
  expect(() => parseMapping(mapping)).toThrow(expect.objectContaining({ message, offset }));
});

describe('numbers that JavaScript cannot hold', () => {
  const BODY =
    '{"id":9007199254740993,"near":9007199254740992,"same":9007199254740993.0,"price":1.10,"big":1e400,"n":2}';

  test.each([
    ['id price big', '{"id":9007199254740993,"price":1.10,"big":1e400}'],
    ['$(9007199254740993)', '9007199254740993'],
    ['$([1.10, 007, .5, -.50, 5., -0])', '[1.10,7,0.5,-0.50,5,-0]'],
    ['id->eq(near)', 'false'],
    ['id->eq(same)', 'true'],
    ['id->eq(9007199254740993)', 'true'],
    ['id->eq("9007199254740993")', 'false'],
    ['id->ne(near)', 'true'],
    ['id->gt(near)', 'true'],
    ['near->lt(id)', 'true'],
    ['id->lte(same)', 'true'],
    ['big->gt(id)', 'true'],
    ['$(-9007199254740993)->lt(-9007199254740992)', 'true'],
    ['$(0.10000000000000000555)->gt(0.1)', 'true'],
    ['price->eq(1.1)', 'true'],
    ['id->match([9007199254740992, "near"], [9007199254740993, "it"])', '"it"'],
    ['$([9007199254740992])->contains(id)', 'false'],
    ['id->in([9007199254740993])', 'true'],
    ['id->typeof', '"number"'],
    ['id->toString', '"9007199254740993"'],
    ['$([$.id, $.price])->joinNotNull("-")', '"9007199254740993-1.10"'],
    ['id->jsonStringify', '"9007199254740993"'],
    ['$("[9007199254740993,1.10]")->jsonParse', '[9007199254740993,1.10]'],
    ['$("9007199254740993")->parseInt', '9007199254740993'],
    ['$("-9007199254740993.7")->parseInt', '-9007199254740993'],
    ['id->parseInt', '9007199254740993'],
    ['price->parseInt', '1'],
    ['$("ff")->parseInt(16)', '255'],
    ['price->add(1)', '2.1'],
    ['id->sub(near)', '0'],
    ['big->add(1)', undefined],
    ['$([1, 2, 3])->slice(1.0)', '[2,3]'],
    ['$([1, 2, 3])->get(-1.0)', '3'],
    ['id->size', undefined],
    ['id->entries', undefined],
    ['id { x }', '{"id":9007199254740993}'],
  ])('%s', (mapping, expected) => {
    expect(stringifyJson(mapResponse(parseMapping(mapping), parseJson(BODY), {}))).toBe(expected);
  });
});
