import { RE2JS } from 're2js';

export interface PatternOptions {
  readonly ignoreCase?: boolean;
  /** Whether the pattern must match the whole text. */
  readonly whole?: boolean;
}

/** Steps of a compiled pattern. Each character of a text may cost this many steps, and a header has up to 16,000 characters. */
const LARGEST_PROGRAM = 1_000;

/** Size of the cache of results. Texts come from clients, so only short ones are cached. */
const MOST_CACHED = 1_000;
const LONGEST_CACHED = 200;

/**
 * Compiles a regular expression of the config. Matching takes time linear in the text, whatever the expression: it uses RE2's
 * syntax, without look-around and back references. Results for short texts are cached.
 * @throws {Error} the text is not such an expression; the message says why
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function linearPattern(source: string, options: PatternOptions = {}): (text: string) => boolean {
  const pattern = compile(source, options.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  const matches = options.whole ? (text: string) => pattern.matches(text) : (text: string) => pattern.test(text);
  const known = new Map<string, boolean>();
  return (text) => {
    let result = known.get(text);
    if (result !== undefined) return result;
    result = matches(text);
    if (text.length <= LONGEST_CACHED) {
      if (known.size >= MOST_CACHED) known.clear();
      known.set(text, result);
    }
    return result;
  };
}

/** Returns why a text is not a pattern for {@link linearPattern}; `undefined` if it is one. */
export function patternProblem(source: string): string | undefined {
  try {
    compile(source, 0);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function compile(source: string, flags: number): RE2JS {
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(source, flags);
  } catch (error) {
    throw new Error((error as Error).message.replace(PREFIX, ''), { cause: error });
  }
  if (pattern.programSize() > LARGEST_PROGRAM) throw new Error('it repeats too much: use smaller counts in {…}');
  return pattern;
}

const PREFIX = /^error parsing regexp: /;
