import fc from 'fast-check';
import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import { describe, expect, test } from 'vitest';
import { deepestNesting } from '../../../src/policy/limits/nesting.ts';

const deepest = (text: string) => deepestNesting(text, Number.POSITIVE_INFINITY);

describe('how deep brackets nest in a document', () => {
  test.each([
    ['', 0],
    ['{ a }', 1],
    ['{ a { b } c { d } }', 2],
    ['query ($a: [[Int]] = [[1]]) { b(c: {d: [$a]}) }', 4],
    ['{ a } # {{{{\n{ b { c } }', 2],
    ['# {{{', 0],
    ['{ a(b: "{{{{") }', 2],
    ['{ a(b: "\\"{{{{") }', 2],
    ['{ a(b: "\\\\") { c } }', 2],
    ['{ a(b: """{{{ " {{{ "" {{{""") }', 2],
    ['{ a(b: """\\"""{{{""") { c { d } } }', 3],
    ['{ a(b: """") { {', 2],
    ['{ a(b: "{{{\n{ }', 3],
    ['{ a(b: """{{{{', 2],
    [']]]{', 1],
  ])('%j → %i', (text, depth) => {
    expect(deepest(text)).toBe(depth);
  });

  test('is not counted further than asked', () => {
    expect(deepestNesting('{'.repeat(1_000), 7)).toBe(7);
  });

  /** What the parser's own lexer makes of the text. */
  function byLexer(text: string): number {
    const lexer = new Lexer(new Source(text));
    let open = 0;
    let most = 0;
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
      if (['{', '[', '('].includes(token.kind)) most = Math.max(most, ++open);
      if (['}', ']', ')'].includes(token.kind)) open = Math.max(0, open - 1);
    }
    return most;
  }

  test('is what the lexer sees, for any text that it accepts', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      '"',
      '"""',
      '\\"',
      '\\"""',
      '\\\\',
      '#',
      '\n',
      '\r',
      'a',
      ' ',
      ',',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        let expected: number;
        try {
          expected = byLexer(text);
        } catch (error) {
          if (error instanceof GraphQLError) return;
          throw error;
        }
        expect(deepest(text)).toBe(expected);
      }),
      { numRuns: 5_000 },
    );
  });
});
