import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Alternatives, clausesOf, isMet, multiply } from '../../../src/policy/authorization/clause.ts';

const scopes = (...lists: Alternatives[]) => new Map([['requiresScopes', lists.map((list) => ({ scopes: list }))]]);
const texts = (directives: Parameters<typeof clausesOf>[0]) => clausesOf(directives).map(({ text }) => text);

describe('clauses', () => {
  test('mean the same in any order, and without what another alternative makes needless', () => {
    expect(texts(scopes([['b', 'a', 'b'], ['c']], [['c'], ['a', 'b']]))).toEqual(['scopes [["c"],["a","b"]]']);
    expect(texts(scopes([['a'], ['a', 'b']]))).toEqual(['scopes [["a"]]']);
  });

  test('of each directive stand beside each other', () => {
    const directives = new Map([
      ['policy', [{ policies: [['p']] }]],
      ['authenticated', [{}]],
      ['tag', [{ name: 'x' }]],
    ]);
    expect(texts(directives)).toEqual(['authenticated', 'policies [["p"]]']);
  });

  test.each([
    [[], false],
    [[[]], true],
    [[['a']], true],
    [[['a', 'x']], false],
    [[['x'], ['a', 'b']], true],
  ])('%j is met by a and b: %s', (alternatives: string[][], met) => {
    expect(isMet(alternatives, ['a', 'b'])).toBe(met);
  });

  test('that cannot be read are never met', () => {
    const [clause] = clausesOf(new Map([['requiresScopes', [{ scopes: 'oops' }]]]));
    expect(clause?.kind === 'scopes' && isMet(clause.alternatives, ['oops'])).toBe(false);
  });
});

test('clauses multiplied out are met exactly if all of them are', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const alternatives = fc.array(fc.array(name, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(alternatives, { maxLength: 3 }), fc.subarray(['a', 'b', 'c', 'd']), (lists, granted) => {
      const product = multiply(clausesOf(scopes(...lists)));
      expect(product.every((clause) => clause.kind !== 'scopes' || isMet(clause.alternatives, granted))).toBe(
        lists.every((list) => isMet(list, granted)),
      );
    }),
  );
});
