import fc from 'fast-check';
import { Kind, parseValue } from 'graphql';
import { expect, test } from 'vitest';
import { joinKey, keyPart, networkOf } from '../../../src/policy/rate-limits/keys.ts';
import { literalValue } from '../../../src/shared/literal-value.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::7:8:9', '2001:db8:0:0'],
  ['2001:DB8:0001:0002:3:4:5:6', '2001:db8:1:2'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
  ['not:an:address', 'not:an:address'],
])('of %s counts %s', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

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
    return part({ headers: {} }, { nodes: [argument], variables: {} });
  };
  expect(keyOf(one) === keyOf(other)).toBe(same);
  const inVariable = (text: string) => {
    const value = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: 'v' } } as const;
    const argument = { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'id' }, value } as const;
    return part({ headers: {} }, { nodes: [argument], variables: { v: literalValue(parseValue(text)) } });
  };
  expect(inVariable(one)).toBe(keyOf(one));
});
