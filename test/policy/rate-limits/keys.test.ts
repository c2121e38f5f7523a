import fc from 'fast-check';
import { Kind, parseValue } from 'graphql';
import { expect, test } from 'vitest';
import { argumentsOf } from '../../../src/policy/rate-limits/arguments.ts';
import { joinKey, keyPart } from '../../../src/policy/rate-limits/keys.ts';
import { literalValue } from '../../../src/shared/literal-value.ts';

test('no two lists of values make the same key, and no key is long', () => {
  const lists = fc.array(fc.string({ maxLength: 200, unit: fc.constantFrom('a', '|', ':', '1', '2') }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(lists, lists, (one, other) => {
      expect(joinKey('id', one) === joinKey('id', other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      expect(joinKey('id', one).length).toBeLessThanOrEqual(160);
    }),
  );
});

test.each([
  ['9007199254740993', '9007199254740992', false],
  ['9007199254740993', '"9007199254740993"', true],
  ['1.0', '1', true],
  ['1e21', '"1000000000000000000000"', true],
  ['[9007199254740993]', '[9007199254740992]', false],
  ['{a: 9007199254740993}', '{a: 9007199254740992}', false],
  ['{a: 1.0}', '{a: 1}', true],
])('an argument %s counts with %s: %s', (one, other, same) => {
  const part = keyPart('arg:id');
  const keyOf = (text: string) => {
    const value = parseValue(text);
    const argument = { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'id' }, value } as const;
    return part({ headers: {} }, argumentsOf({ args: [argument] }, undefined, {}));
  };
  expect(keyOf(one) === keyOf(other)).toBe(same);
  const inVariable = (text: string) => {
    const value = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: 'v' } } as const;
    const argument = { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'id' }, value } as const;
    return part({ headers: {} }, argumentsOf({ args: [argument] }, undefined, { v: literalValue(parseValue(text)) }));
  };
  expect(inVariable(one)).toBe(keyOf(one));
});
