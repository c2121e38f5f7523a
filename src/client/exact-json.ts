/**
 * Parses JSON as `JSON.parse` does, but numbers whose digits JavaScript cannot keep become strings of them: 9007199254740993
 * and 9007199254740992 are one number, and two users. Throws `SyntaxError`.
 *
 * In:  `{"sub": 9007199254740993, "level": 7}`
 * Out: `{sub: '9007199254740993', level: 7}`
 */
export function parseExactJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  return MAY_BE_ROUNDED.test(text) ? JSON.parse(quoteRounded(text)) : parsed;
}

/** Shorter numbers without an exponent are exact. */
const MAY_BE_ROUNDED = /[\d.]{16}|\d[eE]/;
/** A number, or where a string begins. */
const TOKEN = /"|-?\d[\d.eE+-]*/g;

/** @param text known to be good JSON */
function quoteRounded(text: string): string {
  let written = '';
  let from = 0;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    const [found] = token;
    if (found === '"') {
      TOKEN.lastIndex = endOfString(text, TOKEN.lastIndex);
    } else if (!isKept(found)) {
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

/** Whether the number, printed again, is the same one. Whole numbers are also unsafe beyond 2^53, where others round to them. */
function isKept(number: string): boolean {
  const value = Number(number);
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return false;
  return decimalOf(number) === decimalOf(String(value));
}

/** One text for all ways to write a number: its digits without zeros around them, and the power of ten. `1.50e3` is `15e2`. */
function decimalOf(number: string): string {
  const [mantissa = '', exponent = '0'] = number.replace(/^-/, '').toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = `${whole}${fraction}`;
  const first = digits.search(/[1-9]/);
  if (first < 0) return '0';
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return `${digits.slice(first, end)}e${Number(exponent) - fraction.length + (digits.length - end)}`;
}
