import { RE2JS } from 're2js';

export interface PatternOptions {
  readonly ignoreCase?: boolean;
  /** Whether a text has to match from its beginning to its end. */
  readonly whole?: boolean;
}

/** Steps of a compiled pattern. Each character of a text may cost as many, and a header has up to 16,000 characters. */
const LARGEST_PROGRAM = 1_000;

/** Texts come from clients, so the results are kept for so many, and for short ones only. */
const MOST_REMEMBERED = 1_000;
const LONGEST_REMEMBERED = 200;

/**
 * Compiles a regular expression that stands in the config to a test which takes time linear in the text, whatever the
 * expression is: RE2's syntax, which has no look-around and no back references. Results for short texts are remembered.
 * @throws {Error} the text is no such expression; the message says why
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
    if (text.length <= LONGEST_REMEMBERED) {
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(text, result);
    }
    return result;
  };
}

/** Why a text is no pattern for {@link linearPattern}; `undefined` when it is one. */
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
  if (pattern.programSize() > LARGEST_PROGRAM) throw new Error('it repeats too much: write smaller counts in {…}');
  return pattern;
}

const PREFIX = /^error parsing regexp: /;
