// what JSON.stringify would write otherwise than as it stands: quotes, backslashes, control characters, lone surrogates
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes control characters
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A string as JSON text; most strings need no escapes, and a look is cheaper than a call of `JSON.stringify`. */
export function quote(text: string): string {
  return text.length < 2_000 && !ESCAPED.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Any value that came out of JSON, as JSON text. */
export function jsonText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return Number.isFinite(value) ? `${value}` : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return JSON.stringify(value) ?? 'null';
  }
}
