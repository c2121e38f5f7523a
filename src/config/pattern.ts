import * as z from 'zod';

/** The source of a regular expression; `example` is shown to whoever writes one that cannot be read. */
export function pattern(example?: string) {
  const expected = example === undefined ? '' : `, such as "${example}"`;
  return z.string().refine(isPattern, `expected a regular expression${expected}`);
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
