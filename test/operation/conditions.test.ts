import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { conditionVariables } from '../../src/operation/conditions.ts';

describe('the variables that decide @skip and @include', () => {
  it.each([
    ['{ a }', []],
    ['query ($x: Boolean!) { a(flag: $x) }', []],
    ['{ a @skip(if: true) }', []],
    ['query ($b: Boolean!, $a: Boolean!) { x @skip(if: $b) y @include(if: $a) }', ['a', 'b']],
    ['query ($b: Boolean!) { x @skip(if: $b) ... @include(if: $b) { y } }', ['b']],
    ['query ($b: Boolean!) { ...F } fragment F on Q { ... on Q { x @skip(if: $b) } }', ['b']],
    ['query ($b: Boolean!) { x @other(if: $b) }', []],
  ])('%s: %j', (query, names) => {
    expect(conditionVariables(parse(query))).toEqual(names);
  });
});
