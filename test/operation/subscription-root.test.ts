import { buildSchema, parse } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { validateDocument } from '../../src/pipeline/validate.ts';
import type { DocumentLimits } from '../../src/policy/limits/document-limits.ts';
import { invalidDocuments } from '../../src/policy/persisted/invalid-documents.ts';

const schema = buildSchema(
  'type Query { a: Int } type Subscription { tick: Int other: Nested } type Nested { value: Int }',
);

function errorsOf(query: string): readonly string[] {
  const options = { introspection: true, hideSuggestions: true };
  return validateDocument(schema, parse(query), query, options).map(({ message }) => message);
}

describe('the root field of a subscription', () => {
  const message = (name: string) => `The root field of a subscription must not depend on a variable: "$s" of @${name}.`;

  test.each([
    ['subscription ($s: Boolean!) { tick @skip(if: $s) }', ['skip']],
    ['subscription ($s: Boolean = true) { tick @include(if: $s) }', ['include']],
    ['subscription ($s: Boolean!) { ... @include(if: $s) { tick } }', ['include']],
    ['subscription ($s: Boolean!) { ...F @skip(if: $s) } fragment F on Subscription { tick }', ['skip']],
    ['subscription ($s: Boolean!) { ...F } fragment F on Subscription { tick @skip(if: $s) }', ['skip']],
    ['subscription ($s: Boolean!) { tick @skip(if: $s) @include(if: $s) }', ['skip', 'include']],
  ])('must not depend on a variable: %s', (query, names) => {
    expect(errorsOf(query)).toEqual(names.map(message));
  });

  test.each([
    ['subscription { tick @skip }', /argument "if" of type "Boolean!" is required/],
    ['subscription { tick @skip(if: 3) }', /Boolean cannot represent a non boolean value: 3/],
    ['subscription { tick @include(if: null) }', /Expected value of type "Boolean!", found null/],
    ['subscription ($s: Boolean!) { tick @skip(if: true, if: $s) }', /only one argument named "if"/],
    ['subscription { tick @skip(if: $s) }', /Variable "\$s" is not defined/],
    ['subscription { tick other @skip(if: false) { value } }', /must select only one top level field/],
    ['subscription { ...F } fragment F on Subscription { ...F }', /Cannot spread fragment "F" within itself/],
  ])('has the errors of other rules: %s', (query, error) => {
    expect(errorsOf(query)).toContainEqual(expect.stringMatching(error));
  });

  test.each([
    'subscription { tick @include(if: true) }',
    'subscription { tick other @skip(if: true) { value } }',
    'subscription ($s: Boolean!) { other { value @skip(if: $s) } }',
    'query ($s: Boolean!) { a @skip(if: $s) }',
  ])('may be like this: %s', (query) => {
    expect(errorsOf(query)).toEqual([]);
  });
});

const NO_LIMITS: DocumentLimits = { text: () => undefined, document: () => undefined };

it('is checked in manifests of persisted documents, too', () => {
  const query = 'subscription S($s: Boolean!) { tick @skip(if: $s) }';
  expect(invalidDocuments([{ id: '1', query, file: 'manifest.json' }], schema, NO_LIMITS)).toEqual([
    expect.objectContaining({
      code: 'INVALID_DOCUMENT',
      message: expect.stringContaining('must not depend on a variable'),
    }),
  ]);
});
