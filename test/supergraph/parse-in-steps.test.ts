import { type GraphQLError, parse, print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { runToEnd } from '../../src/shared/steps.ts';
import { parseInSteps } from '../../src/supergraph/parse-in-steps.ts';

const TRICKY = `
# a comment with } and "
"A { description" type A { "with }" a(b: In = { c: "}" }): Int @x(text: "\\"}") }
"""
Block } with \\""" and { braces
"""
scalar S
extend schema @link(url: "u", import: [{ name: "a", as: "b" }])
directive @x(text: String = "{") on FIELD_DEFINITION
union U = A | A
input In { c: String = """ } """ }
enum E { A B } # the end }
`;

const types = (count: number) => Array.from({ length: count }, (_, n) => `type T${n} { name(first: Int): String }`);

describe('parsing in steps', () => {
  it('gives what parsing at once gives', () => {
    // long enough for several parts
    for (const sdl of [TRICKY, `${TRICKY}${types(2_000).join('\n')}${TRICKY}`, 'scalar A', types(1)[0] ?? '']) {
      expect(print(runToEnd(parseInSteps(sdl)))).toBe(print(parse(sdl)));
    }
  });

  it('has many short steps for a long text', () => {
    const steps = parseInSteps(types(2_000).join('\n'));
    let count = 0;
    while (!steps.next().done) count++;
    expect(count).toBeGreaterThanOrEqual(2_000);
  });

  it.each([
    '',
    '# nothing',
    'type',
    'type A { a: Int',
    'type A { a: Int }} type B { b: Int }',
    '"""',
    '"',
    'type A { a: "',
  ])('fails as parsing at once does: %j', (sdl) => {
    const errorOf = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        const { message, locations } = error as GraphQLError;
        return { message, locations };
      }
    };
    const expected = errorOf(() => parse(sdl));
    expect(expected).toBeDefined();
    expect(errorOf(() => runToEnd(parseInSteps(sdl)))?.message).toBe(expected?.message);
  });

  it('names the place in the whole text', () => {
    const sdl = `${types(2_000).join('\n')}\ntype Broken { a: }`;
    expect(() => runToEnd(parseInSteps(sdl))).toThrow(
      expect.objectContaining({ locations: [{ line: 2_001, column: 18 }] }),
    );
  });
});
