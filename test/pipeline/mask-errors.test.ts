import { expect, test } from 'vitest';
import { withoutSuggestions } from '../../src/pipeline/mask-errors.ts';

const of = (message: string) => ({ message, extensions: { service: 'users', code: 'GRAPHQL_VALIDATION_FAILED' } });

test.each([
  ['Cannot query field "nam" on type "User". Did you mean "name"?', 'Cannot query field "nam" on type "User".'],
  ["Cannot query field 'nam' on type 'User'. Did you mean 'name'?", "Cannot query field 'nam' on type 'User'."],
  ["Field 'nam' doesn't exist on type 'User' (Did you mean `name`?)", "Field 'nam' doesn't exist on type 'User'"],
  ['Unknown argument "x" on field "Query.me". did you mean "y"?', 'Unknown argument "x" on field "Query.me".'],
  [
    'Value "REDD" does not exist in "Colour" enum. Did you mean the enum value "RED"?',
    'Value "REDD" does not exist in "Colour" enum.',
  ],
])('of what a subgraph says of its schema, what it suggests goes: %s', (message, expected) => {
  expect(withoutSuggestions([of(message)])).toEqual([of(expected)]);
});

test.each(['There is no "shooe" here. Did you mean "shoe"?', 'The field is empty.', ''])(
  'the rest stays: %j',
  (message) => {
    expect(withoutSuggestions([of(message)])).toEqual([of(message)]);
  },
);

test('what is not of a subgraph stays', () => {
  const own = { message: 'Unknown type "A". Did you mean "B"?', extensions: { code: 'X' } };
  expect(withoutSuggestions([own])).toEqual([own]);
});
