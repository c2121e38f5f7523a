import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapResponse } from '../../../src/connectors/mapping/evaluate.ts';
import { METHODS } from '../../../src/connectors/mapping/methods.ts';
import { parseMapping } from '../../../src/connectors/mapping/parse.ts';
import { MappingSyntaxError } from '../../../src/connectors/mapping/syntax.ts';
import { parseUrlTemplate } from '../../../src/connectors/url-template.ts';

const TOKENS = [
  'a',
  'b',
  '$',
  '$args',
  '@',
  '.',
  '->',
  '?',
  '??',
  '?!',
  '...',
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  ' ',
];
const MORE = ['"s"', "'", '1', '-2.5', 'null', '#c\n', '__proto__', ...Object.keys(METHODS).map((name) => `->${name}`)];
const text = fc.array(fc.constantFrom(...TOKENS, ...MORE), { maxLength: 25 }).map((tokens) => tokens.join(''));

test('whatever the text, it is read or refused with its place', () => {
  let read = 0;
  fc.assert(
    fc.property(text, fc.jsonValue(), (mapping, body) => {
      for (const parse of [parseMapping, parseUrlTemplate]) {
        try {
          parse(mapping);
          read++;
        } catch (error) {
          if (!(error instanceof MappingSyntaxError)) throw error;
          expect(error.offset).toBeLessThanOrEqual(mapping.length);
        }
      }
      return body !== undefined;
    }),
    { numRuns: 2_000 },
  );
  expect(read).toBeGreaterThan(100);
});

test('whatever the answer, a mapping gives JSON or nothing, and never throws', () => {
  const names = Object.entries(METHODS);
  const step = fc.constantFrom(
    '.a',
    '.b',
    '?',
    ...names.map(([name, { arity }]) => `->${name}${arity[0] === 0 ? '' : '(@, 1)'}`),
  );
  const path = fc.tuple(fc.constantFrom('$', '@', '$args', 'a.b'), fc.array(step, { maxLength: 5 }));
  fc.assert(
    fc.property(path, fc.jsonValue(), fc.jsonValue(), ([head, steps], body, args) => {
      // two marks in a row are another operator
      fc.pre(!steps.join('').includes('??'));
      const mapping = parseMapping(`x: ${head}${steps.join('')} a { b ...c { d } }`);
      const value = mapResponse(mapping, body, { $args: args });
      expect(() => JSON.stringify(value)).not.toThrow();
    }),
    { numRuns: 2_000 },
  );
});
