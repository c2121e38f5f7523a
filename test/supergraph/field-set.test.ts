import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { forEachTopField, parseFieldSet } from '../../src/supergraph/field-set.ts';

describe('a field set', () => {
  it.each([
    ['id', '{ id }'],
    [' id  sku ', '{ id sku }'],
    ['{ id sku }', '{ id sku }'],
    ['order { id lines { number } } region', '{ order { id lines { number } } region }'],
    ['... on Book { isbn } id', '{ ... on Book { isbn } id }'],
    ['price(currency: "EUR")', '{ price(currency: "EUR") }'],
  ])('%j is %s', (text, set) => {
    expect(print(parseFieldSet(text)).replaceAll(/\s+/g, ' ')).toBe(set);
  });

  it('is the same object for the same text', () => {
    expect(parseFieldSet('a { b }')).toBe(parseFieldSet('a { b }'));
  });

  it.each(['', '}', 'a {', 'a }'])('%j is none', (text) => {
    expect(() => parseFieldSet(text)).toThrow();
  });

  it('has its top fields inside inline fragments too', () => {
    const names: string[] = [];
    forEachTopField(parseFieldSet('id ... on Book { isbn maker { name } }'), (field) => names.push(field.name.value));
    expect(names).toEqual(['id', 'isbn', 'maker']);
  });
});
