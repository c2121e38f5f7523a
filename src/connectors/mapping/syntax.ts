import type { ExactNumber } from '../../shared/exact-json.ts';

/** Syntax tree of the connectors' mapping language. `at` is the start offset in the mapping's text, in UTF-16 code units. */

/** An entry of a selection: a named value, or an object whose fields are spread into the parent. */
export type Selected =
  | { readonly kind: 'named'; readonly name: string; readonly value: Expression; readonly at: number }
  | { readonly kind: 'spread'; readonly value: Expression; readonly at: number };

/** A selection: `{ id name: full_name }`, or the same without braces at the top of a mapping. */
export interface Selection {
  readonly kind: 'selection';
  readonly fields: readonly Selected[];
  readonly at: number;
}

export type Literal = string | number | ExactNumber | boolean | null;

export type Expression =
  | { readonly kind: 'literal'; readonly value: Literal; readonly at: number }
  | { readonly kind: 'object'; readonly properties: readonly (readonly [string, Expression])[]; readonly at: number }
  | { readonly kind: 'array'; readonly items: readonly Expression[]; readonly at: number }
  /** `a ?? b` is the first value that is neither null nor missing; `a ?! b` is the first that is not missing. */
  | {
      readonly kind: 'first';
      readonly operator: '??' | '?!';
      readonly operands: readonly Expression[];
      readonly at: number;
    }
  | Selection
  | Path;

/** A path: `$args.filter.ids->first { id }` has a head, steps, and a selection at its end. */
export interface Path {
  readonly kind: 'path';
  readonly head: Head;
  readonly steps: readonly Step[];
  readonly selection?: Selection | undefined;
  readonly at: number;
}

export type Head =
  /** `$`, `@`, or a variable with its dollar sign: `$args`. */
  | { readonly kind: 'variable'; readonly name: string; readonly at: number }
  /** A property of the current object. */
  | { readonly kind: 'key'; readonly key: string; readonly at: number }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly at: number };

export type Step =
  | { readonly kind: 'key'; readonly key: string; readonly at: number }
  | { readonly kind: 'method'; readonly name: string; readonly args: readonly Expression[]; readonly at: number }
  /** `?`: null counts as missing. */
  | { readonly kind: 'question'; readonly at: number };

/** A syntax error in a mapping, at an offset in its text. */
export class MappingSyntaxError extends Error {
  override readonly name = 'MappingSyntaxError';
  readonly offset: number;
  readonly hint: string | undefined;

  constructor(message: string, offset: number, hint?: string) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}
