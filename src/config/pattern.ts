import * as z from 'zod';
import { patternProblem } from './linear-pattern.ts';

/**
 * Returns the schema of a regular expression that is matched in linear time. `example` is part of the error message.
 */
export function pattern(example?: string) {
  const expected = example === undefined ? '' : `, such as "${example}"`;
  return z.string().superRefine((text, context) => {
    const problem = patternProblem(text);
    if (problem === undefined) return;
    context.addIssue({
      code: 'custom',
      message: `expected a regular expression without look-around and back references (RE2 syntax)${expected}; ${problem}`,
    });
  });
}
