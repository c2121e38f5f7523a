import { describe, expect, it } from 'vitest';
import { compileRepresentation } from '../../src/executor/representation-writer.ts';
import type { Representation, RepresentationItem } from '../../src/planner/positions.ts';

function field(name: string, more: Partial<Extract<RepresentationItem, { kind: 'field' }>> = {}): RepresentationItem {
  return { kind: 'field', name, subgraphKey: name, isKey: true, nested: undefined, ...more };
}

function on(types: string[], nested: RepresentationItem[]): RepresentationItem {
  return { kind: 'typeCondition', possible: new Set(types), nested };
}

function write(representation: Partial<Representation>, object: Record<string, unknown>): string | undefined {
  return compileRepresentation({ typename: 'Product', fields: [], ...representation }).write(object);
}

describe('a representation', () => {
  it('has the type and the key', () => {
    expect(write({ fields: [field('upc')] }, { upc: 'p1', name: 'Table' })).toBe('{"__typename":"Product","upc":"p1"}');
  });

  it('is written in one order, whatever that of the object', () => {
    const fields = [field('a'), field('b')];
    expect(write({ fields }, { b: 2, a: 1 })).toBe(write({ fields }, { a: 1, b: 2 }));
  });

  it('has the subgraph’s names for what was fetched under other keys', () => {
    expect(write({ fields: [field('price', { subgraphKey: 'price_1' })] }, { price: 1, price_1: 2 })).toBe(
      '{"__typename":"Product","price":2}',
    );
  });

  it('has the object’s own type where none is given', () => {
    const fields = [field('id')];
    expect(write({ typename: undefined, fields }, { __typename: 'Book', id: 1 })).toBe('{"__typename":"Book","id":1}');
    expect(write({ typename: undefined, fields }, { id: 1 })).toBeUndefined();
  });

  it.each([
    ['text', 'a "b" \\ \n', '"a \\"b\\" \\\\ \\n"'],
    ['numbers', 1.5, '1.5'],
    ['booleans', false, 'false'],
    ['objects of a custom scalar', { x: [1, { y: null }] }, '{"x":[1,{"y":null}]}'],
    ['a key that looks like the prototype', JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
  ])('takes %s as they came', (_, value, text) => {
    expect(write({ fields: [field('v')] }, { v: value })).toBe(`{"__typename":"Product","v":${text}}`);
  });
});

describe('an object without its key', () => {
  it.each([
    ['null', { upc: null }],
    ['absent', {}],
  ])('is not looked up: %s', (_, object) => {
    expect(write({ fields: [field('upc')] }, object)).toBeUndefined();
  });

  it('is not looked up either where a nested part is missing', () => {
    const fields = [field('order', { nested: [field('id')] })];
    expect(write({ fields }, { order: { id: 1 } })).toBe('{"__typename":"Product","order":{"id":1}}');
    expect(write({ fields }, { order: { id: null } })).toBeUndefined();
    expect(write({ fields }, { order: null })).toBeUndefined();
  });
});

describe('what @requires asks for', () => {
  it('may be null', () => {
    const fields = [field('upc'), field('price', { isKey: false })];
    expect(write({ fields }, { upc: 'p1', price: null })).toBe('{"__typename":"Product","upc":"p1","price":null}');
    expect(write({ fields }, { upc: 'p1' })).toBe('{"__typename":"Product","upc":"p1","price":null}');
  });

  it('may be in lists', () => {
    const size = field('w', { isKey: false });
    const fields = [field('upc'), field('sizes', { isKey: false, nested: [size] })];
    expect(write({ fields }, { upc: 'p1', sizes: [{ w: 1 }, null, { w: null }, [{ w: 2 }]] })).toBe(
      '{"__typename":"Product","upc":"p1","sizes":[{"w":1},null,{"w":null},[{"w":2}]]}',
    );
  });

  it('may be there for some types only', () => {
    const best = field('best', {
      isKey: false,
      nested: [field('__typename'), on(['Book'], [field('pages', { isKey: false })])],
    });
    expect(write({ fields: [best] }, { best: { __typename: 'Book', pages: 3 } })).toContain(
      '"best":{"__typename":"Book","pages":3}',
    );
    expect(write({ fields: [best] }, { best: { __typename: 'Film', pages: 3 } })).toContain(
      '"best":{"__typename":"Film"}',
    );
  });
});

describe('a name that comes twice', () => {
  const plain = { isKey: false };

  it('is written once: the type, where it is part of the key', () => {
    const fields = [field('id'), field('__typename')];
    expect(write({ fields }, { __typename: 'Product', id: 1 })).toBe('{"__typename":"Product","id":1}');
    expect(write({ fields: [...fields].reverse() }, { id: 1 })).toBe('{"__typename":"Product","id":1}');
    const own = { typename: undefined, fields: [on(['Book'], [field('__typename'), field('id')])] };
    expect(write(own, { __typename: 'Book', id: 1 })).toBe('{"__typename":"Book","id":1}');
  });

  it('is written once: the type of an object in the key', () => {
    const owner = field('owner', { nested: [field('__typename'), field('id'), on(['User'], [field('__typename')])] });
    expect(write({ fields: [owner] }, { owner: { __typename: 'User', id: 2 } })).toBe(
      '{"__typename":"Product","owner":{"__typename":"User","id":2}}',
    );
  });

  it('is written once where fragments repeat it, with all that they select below it', () => {
    const address = (...nested: string[]) =>
      field('address', { ...plain, nested: nested.map((name) => field(name, plain)) });
    const owner = field('owner', {
      ...plain,
      nested: [field('id', plain), address('street'), on(['User'], [field('id', plain), address('street', 'city')])],
    });
    const of = (typename: string) => ({
      owner: { __typename: typename, id: 2, address: { street: 'Main', city: 'Ulm' } },
    });
    expect(write({ fields: [owner] }, of('User'))).toBe(
      '{"__typename":"Product","owner":{"id":2,"address":{"street":"Main","city":"Ulm"}}}',
    );
    expect(write({ fields: [owner] }, of('Firm'))).toBe(
      '{"__typename":"Product","owner":{"id":2,"address":{"street":"Main"}}}',
    );
  });

  it('keeps the key plain where nothing else is nested', () => {
    const { plainKeys } = compileRepresentation({ typename: 'X', fields: [field('__typename'), field('id')] });
    expect(plainKeys).toEqual(['id']);
  });
});

describe('plain keys', () => {
  it('are reported where nothing else is written', () => {
    const plain = compileRepresentation({ typename: 'X', fields: [field('a'), field('b', { subgraphKey: 'b_1' })] });
    expect(plain.plainKeys).toEqual(['a', 'b_1']);
  });

  it.each([
    ['the type is the object’s own', undefined, [field('a')]],
    ['something is nested', 'X', [field('a', { nested: [field('b')] })]],
    ['something is for some types only', 'X', [on(['X'], [field('a')])]],
  ])('are not where %s', (_, typename, fields) => {
    expect(compileRepresentation({ typename, fields }).plainKeys).toBeUndefined();
  });
});
