import type { ExactNumber } from '../../shared/exact-json.ts';

/**
 * The syntax tree of the connectors' mapping language. `at` is always the offset, in UTF-16 code units, at which something
 * begins in the mapping's text.
 */

/** A name given to a value in an object, or the fields of an object spread among its neighbours. */
export type Selected =
  | { readonly kind: 'named'; readonly name: string; readonly value: Expression; readonly at: number }
  | { readonly kind: 'spread'; readonly value: Expression; readonly at: number };

/** `{ id name: full_name }`, and what stands at the top of a mapping without braces. */
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
  /** `a ?? b` takes the first that is neither null nor missing, `a ?! b` the first that is not missing. */
  | {
      readonly kind: 'first';
      readonly operator: '??' | '?!';
      readonly operands: readonly Expression[];
      readonly at: number;
    }
  | Selection
  | Path;

/** `$args.filter.ids->first { id }`: where it begins, the steps from there, and what is selected at its end. */
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
  /** A property of the object at hand. */
  | { readonly kind: 'key'; readonly key: string; readonly at: number }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly at: number };

export type Step =
  | { readonly kind: 'key'; readonly key: string; readonly at: number }
  | { readonly kind: 'method'; readonly name: string; readonly args: readonly Expression[]; readonly at: number }
  /** `?`: null counts as missing from here on. */
  | { readonly kind: 'question'; readonly at: number };

/** A mapping that cannot be read. `offset` is where, in its text. */
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
