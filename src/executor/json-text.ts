import { stringifyJson } from '../shared/exact-json.ts';

// characters that JSON.stringify escapes: quotes, backslashes, control characters, lone surrogates
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes control characters
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/**
 * Returns a string as JSON text. Most strings need no escapes, and testing for them is cheaper than calling
 * `JSON.stringify`.
 */
export function quote(text: string): string {
  return text.length < 2_000 && !ESCAPED.test(text) ? `"${text}"` : JSON.stringify(text);
}

let escapeFree = false;

/**
 * Runs a writer while it is known whether any string among its values needs an escape. A JSON text without a
 * backslash contains only strings without escapes, and one search of the whole text costs far less than a test of
 * each string.
 */
export function writeEscapeFree<T>(known: boolean, write: () => T): T {
  escapeFree = known;
  try {
    return write();
  } finally {
    escapeFree = false;
  }
}

/** Returns whether no string of the running writer needs an escape. */
export function isEscapeFree(): boolean {
  return escapeFree;
}

/** Returns a string from a subgraph response as JSON text. */
export function quoteValue(text: string): string {
  return escapeFree ? `"${text}"` : quote(text);
}

/** Returns any value from a subgraph response as JSON text. */
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
 * Returns the same text as a flat string. V8 represents a concatenated string as a tree of its parts, some thirty
 * bytes each, until a character is read; while a long text grows, the garbage collector copies that tree again and
 * again.
 */
export function flattenString(text: string): string {
  // the result depends on the character, or the compiler would remove the read
  return Number.isNaN(text.charCodeAt(0)) ? '' : text;
}
