/**
 * `JSON.parse`, but whole numbers that JavaScript has no exact number for become strings of their digits: as numbers, ids
 * of such APIs would turn into those of others. Throws `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  return LONG_NUMBER.test(text) ? JSON.parse(quoteUnsafe(text)) : parsed;
}

const LONG_NUMBER = /[0-9]{16}/;
/** A number, or where a string begins. */
const TOKEN = /"|-?[0-9][0-9.eE+-]*/g;

/** @param text known to be good JSON */
function quoteUnsafe(text: string): string {
  let written = '';
  let from = 0;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    const [found] = token;
    if (found === '"') {
      TOKEN.lastIndex = endOfString(text, TOKEN.lastIndex);
    } else if (/^-?[0-9]+$/.test(found) && !Number.isSafeInteger(Number(found))) {
      written += `${text.slice(from, token.index)}"${found}"`;
      from = TOKEN.lastIndex;
    }
  }
  return written + text.slice(from);
}

/** Behind the quote that ends a string. */
function endOfString(text: string, from: number): number {
  for (let at = from; ; at++) {
    const character = text[at];
    if (character === '"') return at + 1;
    if (character === '\\') at++;
  }
}
