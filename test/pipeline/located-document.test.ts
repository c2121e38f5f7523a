import * as fc from 'fast-check';
import { buildSchema, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { LocatedDocument } from '../../src/pipeline/located-document.ts';

const schema = buildSchema('type Query { a: Int }');

test('errors are where graphql-js says they are, whatever ends the lines', () => {
  const between = fc.constantFrom(' ', '\n', '\r', '\r\n', '\n\r', '# x\n', ',');
  fc.assert(
    fc.property(fc.array(between, { minLength: 4, maxLength: 12 }), (parts) => {
      const [first = '', second = '', third = '', ...more] = parts;
      const text = `${more.join('')}{${first}a b${second}c(d: 1)${third}...on Nothing { a } }`;
      const located = new LocatedDocument(text);
      const places = validate(schema, located.document).map((error) => located.format(error, 'CODE').locations);
      expect(places).toEqual(validate(schema, parse(text)).map((error) => error.locations));
      expect(places.length).toBeGreaterThan(2);
    }),
  );
});

test('of a field that occurs a thousand times, twenty places are reported', () => {
  const located = new LocatedDocument(`{ a(${'x: 1 '.repeat(1_000)}) }`);
  const errors = validate(schema, located.document).map((error) => located.format(error, 'CODE'));
  expect(Math.max(...errors.map(({ locations = [] }) => locations.length))).toBe(20);
});
