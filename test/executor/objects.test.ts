import { describe, expect, it } from 'vitest';
import { gatherObjects, mergeValue, type ResponseObject } from '../../src/executor/objects.ts';

describe('mergeValue', () => {
  function merged(known: unknown, value: unknown): unknown {
    const into = { key: known };
    mergeValue(into, 'key', value);
    return into.key;
  }

  it.each([
    ['a value over none', undefined, 1, 1],
    ['a value over null', null, { a: 1 }, { a: 1 }],
    ['null over a value', { a: 1 }, null, { a: 1 }],
    ['the first of two leaves', 1, 2, 1],
    ['the fields of two objects', { a: 1, b: { x: 1 } }, { b: { y: 2 }, c: 3 }, { a: 1, b: { x: 1, y: 2 }, c: 3 }],
    ['a field that is null on one side', { a: null, b: 1 }, { a: 1, b: null }, { a: 1, b: 1 }],
    ['lists item by item', [{ a: 1 }, null], [{ b: 2 }, { b: 3 }], [{ a: 1, b: 2 }, { b: 3 }]],
    ['lists of lists', [[{ a: 1 }]], [[{ b: 2 }]], [[{ a: 1, b: 2 }]]],
    ['the first of two lists that do not agree', [{ a: 1 }], [{ b: 2 }, { b: 3 }], [{ a: 1 }]],
    ['the first of a list and an object', [1], { a: 1 }, [1]],
  ])('keeps %s', (_, known, value, expected) => {
    expect(merged(known, value)).toEqual(expected);
  });

  it('leaves what is absent as it was', () => {
    const into: ResponseObject = {};
    mergeValue(into, 'key', undefined);
    expect(Object.keys(into)).toEqual([]);
  });

  it('does not reach into prototypes', () => {
    const into: ResponseObject = { a: {} };
    mergeValue(into, '__proto__', { evil: true });
    mergeValue(into, 'a', JSON.parse('{"__proto__":{"evil":true}}'));
    expect((into as { evil?: boolean }).evil).toBeUndefined();
    expect((into.a as { evil?: boolean }).evil).toBeUndefined();
    expect(({} as { evil?: boolean }).evil).toBeUndefined();
  });
});

describe('gatherObjects', () => {
  it('finds the objects in lists of any depth, in order', () => {
    const [a, b, c] = [{ id: 1 }, { id: 2 }, { id: 3 }];
    const found: ResponseObject[] = [];
    gatherObjects([[a, null], [], [[b]], 7, c], found);
    expect(found).toEqual([a, b, c]);
  });
});
