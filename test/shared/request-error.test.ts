import { expect, test } from 'vitest';
import { isRequestError, refusesSubscription } from '../../src/shared/request-error.ts';

test.each([
  ['{"errors":[{"message":"no"}]}', true, true],
  ['{"data":null,"errors":[{"message":"no"}]}', false, true],
  ['{"data":{"a":1},"errors":[{"message":"no"}]}', false, false],
  ['{"data":{"a":1}}', false, false],
  ['{"errors":[]}', false, false],
  ['{"errors":"no"}', false, false],
  ['null', false, false],
  ['[', false, false],
])('%s: a request error %s, a refusal %s', (text, isError, refuses) => {
  expect([isRequestError(text), refusesSubscription(text)]).toEqual([isError, refuses]);
});
