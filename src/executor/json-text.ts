import { stringifyJson } from '../shared/exact-json.ts';

// what JSON.stringify would write otherwise than as it stands: quotes, backslashes, control characters, lone surrogates
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes control characters
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A string as JSON text; most strings need no escapes, and a look is cheaper than a call of `JSON.stringify`. */
export function quote(text: string): string {
  return text.length < 2_000 && !ESCAPED.test(text) ? `"${text}"` : JSON.stringify(text);
}

let escapeFree = false;

/**
 * Runs a writer while it is known that no string among its values needs an escape. A JSON text without a backslash holds
 * only such strings, and a look for one in the whole text costs far less than a look at each string.
 */
export function writeEscapeFree<T>(known: boolean, write: () => T): T {
  escapeFree = known;
  try {
    return write();
  } finally {
    escapeFree = false;
  }
}

export function isEscapeFree(): boolean {
  return escapeFree;
}

/** A string that came out of a subgraph's answer, as JSON text. */
export function quoteValue(text: string): string {
  return escapeFree ? `"${text}"` : quote(text);
}

/** Any value that came out of JSON, as JSON text. */
export function jsonText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoteValue(value);
    case 'number':
      return Number.isFinite(value) ? `${value}` : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return stringifyJson(value) ?? 'null';
  }
}

/**
 * The same text. V8 keeps what was put together with `+` as a tree of its parts, some thirty bytes each, until somebody
 * reads a character; while a long text grows, the garbage collector copies that tree again and again.
 */
export function flattenString(text: string): string {
  // the answer depends on the character, or the compiler would leave the reading out
  return Number.isNaN(text.charCodeAt(0)) ? '' : text;
}
