import { describe, expect, it } from 'vitest';
import { writeEscapeFree } from '../../src/executor/json-text.ts';
import { leafWriter } from '../../src/executor/leaf.ts';
import { compileObjectWriter, type FieldWriter } from '../../src/executor/object-writer.ts';
import type { ResponseObject } from '../../src/executor/objects.ts';
import { WriteContext } from '../../src/executor/write-context.ts';

const text = leafWriter(undefined);
const nullable = (value: unknown) => (value === null || value === undefined ? 'null' : text(value));
const required = (value: unknown) => (value === null || value === undefined ? undefined : text(value));
const fields: FieldWriter[] = [
  { responseKey: 'id', prefix: '"id":', subgraphKey: 'id', isText: true, write: required },
  { responseKey: 'sa"id', prefix: '"sa\\"id":', subgraphKey: 'name', isText: true, write: nullable },
  { responseKey: 'price', prefix: '"price":', subgraphKey: 'price_1', isText: false, write: nullable },
];

const CONTEXT = new WriteContext({ introspected: new Map() });

/** Writes an object for the first time, and again after so many that a function has been generated for it. */
function early(object: ResponseObject): string | undefined {
  return compileObjectWriter(fields)(object, CONTEXT);
}

function late(object: ResponseObject, of = fields): string | undefined {
  const write = compileObjectWriter(of);
  for (let i = 0; i < 1_000; i++) write({ id: `${i}`, name: null, price_1: i }, CONTEXT);
  return write(object, CONTEXT);
}

describe('an object', () => {
  const cases: [string, ResponseObject, string | undefined][] = [
    ['field by field', { price_1: 5, id: '1', name: 'Ann' }, '{"id":"1","sa\\"id":"Ann","price":5}'],
    [
      'with text that needs escapes',
      { id: 'a"b\\c\n', name: null },
      '{"id":"a\\"b\\\\c\\n","sa\\"id":null,"price":null}',
    ],
    ['with a value that is no text', { id: 7, name: { any: [1] } }, '{"id":7,"sa\\"id":{"any":[1]},"price":null}'],
    ['without what it must have', { name: 'Ann', price_1: 5 }, undefined],
  ];

  it.each(cases)('is written %s, the first time and the thousandth', (_, object, expected) => {
    expect(early(object)).toBe(expected);
    expect(late(object)).toBe(expected);
  });

  it('is written the same where no text needs a look', () => {
    const object = { id: '1', name: 'Zoë', price_1: 2.5 };
    expect(writeEscapeFree(true, () => late(object))).toBe('{"id":"1","sa\\"id":"Zoë","price":2.5}');
  });

  it('without fields is empty', () => {
    expect(late({ id: '1' }, [])).toBe('{}');
    expect(compileObjectWriter([])({ id: '1' }, CONTEXT)).toBe('{}');
  });
});
