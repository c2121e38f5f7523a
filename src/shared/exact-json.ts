import { randomBytes } from 'node:crypto';
import { stringifyDeep } from './deep-json.ts';

/**
 * JSON in which numbers keep their digits. `JSON.parse` reads numbers as IEEE 754 doubles: ids of 64 bits, decimals of money
 * and numbers beyond 1e308 come out as others. RFC 8259 section 6 leaves range and precision to the reader.
 *
 * A text is parsed the usual way; only one that may have such a number is read more closely. The search for one costs about
 * a hundredth of parsing.
 */

/**
 * A number whose digits a JavaScript number would not give back: `9007199254740993`, `0.10`, `1e400`. It goes through the
 * gateway as the text that it came as. Code that computes with numbers takes {@link plainNumber}.
 */
export class ExactNumber {
  /** A number by the grammar of JSON. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  /** Returns the digits as a string, so that a plain `JSON.stringify` loses none; {@link stringifyJson} writes a number. */
  toJSON(): string {
    if (!marking) return this.text;
    marked = true;
    return MARK + this.text;
  }
}

/** No client and no source can know it, so no string of theirs begins with it. */
const MARK = randomBytes(12).toString('base64url');
const MARKED = new RegExp(`"${MARK}([^"]*)"`, 'g');

/** Whether {@link stringifyJson} is running, and whether it has met an exact number. */
let marking = false;
let marked = false;

/**
 * Parses JSON; a number whose digits would be lost becomes an {@link ExactNumber}. Throws `SyntaxError` as `JSON.parse` does.
 * @param anyForm false where only the value matters, not the form: `1.0` and `1e3` may then be plain numbers
 * @param mayHaveLong false where {@link mayHaveLongNumber} has found none in the bytes of the text
 */
export function parseJson(text: string, anyForm = true, mayHaveLong = hasLongNumber(text)): unknown {
  const value: unknown = JSON.parse(text);
  if (!mayHaveLong && !(anyForm && OTHER_FORM.test(text))) return value;
  const changed = markNumbers(text);
  return changed === undefined ? value : withExactNumbers(JSON.parse(changed));
}

/** As `JSON.stringify`, with the digits of each {@link ExactNumber} as a number. */
export function stringifyJson<T>(value: T, space?: number): undefined extends T ? string | undefined : string;
export function stringifyJson(value: unknown, space?: number): string | undefined {
  marking = true;
  marked = false;
  try {
    const text: string | undefined = JSON.stringify(value, undefined, space);
    return marked ? text?.replace(MARKED, '$1') : text;
  } catch (error) {
    if (isStackOverflow(error))
      return stringifyDeep(value, (each) => (each instanceof ExactNumber ? each.text : undefined));
    throw error;
  } finally {
    marking = false;
  }
}

/** Returns whether an error is the one for recursion that is too deep; a text that is too long is a `RangeError` too. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}

/** Whether a value is a number of either kind. */
export function isNumber(value: unknown): value is number | ExactNumber {
  return typeof value === 'number' || value instanceof ExactNumber;
}

/** Returns the number that a text stands for. The text is a number by the grammar of JSON. */
export function numberOf(text: string): number | ExactNumber {
  return isLossless(text) ? Number(text) : new ExactNumber(text);
}

/** Returns the JavaScript number where it has the same value (`0.10`, `1e3`), else the digits as a string. */
export function plainNumber({ text }: ExactNumber): number | string {
  const number = Number(text);
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) return text;
  const [exact, rounded] = [decimalOf(text), decimalOf(String(number))];
  return compareDecimals(exact, rounded) === 0 ? number : text;
}

/** Returns the value with {@link plainNumber} for each exact number in it; the same value where there is none. */
export function plainValue<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof ExactNumber) return plainNumber(value) as T;
  if (Array.isArray(value)) {
    const items = value.map(plainValue);
    return items.some((item, index) => item !== value[index]) ? (items as T) : value;
  }
  const entries = Object.entries(value).map(([key, inner]) => [key, plainValue(inner)] as const);
  if (entries.every(([key, inner]) => inner === (value as Record<string, unknown>)[key])) return value;
  return Object.fromEntries(entries) as T;
}

/** Compares two numbers by their exact values: negative, zero or positive, as for `Array.sort`. */
export function compareNumbers(left: number | ExactNumber, right: number | ExactNumber): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return compareDecimals(decimalOf(String(left)), decimalOf(String(right)));
}

/**
 * Returns a text that is equal for equal values: `1` for `1.0` and for `1e0`. Whole numbers are written as their digits, as
 * ids are, never as `1e+21`.
 */
export function numberText(number: number | ExactNumber): string {
  if (Number.isSafeInteger(number)) return String(number);
  const { sign, digits, power } = decimalOf(String(number));
  if (sign === 0) return '0';
  const minus = sign < 0 ? '-' : '';
  if (power >= digits.length && power <= MOST_DIGITS) return minus + digits.padEnd(power, '0');
  const plain = typeof number === 'number' ? number : plainNumber(number);
  if (typeof plain === 'number') return String(plain);
  if (power > 0 && power < digits.length) return `${minus}${digits.slice(0, power)}.${digits.slice(power)}`;
  if (power <= 0 && power > -MOST_DIGITS) return `${minus}0.${'0'.repeat(-power)}${digits}`;
  return `${minus}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${power - 1}`;
}

/** Longer numbers are not written out. */
const MOST_DIGITS = 400;

/** `sign` times `0.digits` times ten to the `power`; without zeros at either end of the digits. */
interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  readonly power: number;
}

/** Reads a number by the grammar of JSON. */
function decimalOf(text: string): Decimal {
  const [, minus, whole = '', fraction = '', power] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = whole + fraction;
  let start = 0;
  while (all[start] === '0') start += 1;
  let end = all.length;
  while (end > start && all[end - 1] === '0') end -= 1;
  if (start === end) return { sign: 0, digits: '', power: 0 };
  return {
    sign: minus === '' ? 1 : -1,
    digits: all.slice(start, end),
    power: Number(power ?? 0) + whole.length - start,
  };
}

function compareDecimals(left: Decimal, right: Decimal): number {
  if (left.sign !== right.sign) return left.sign - right.sign;
  if (left.power !== right.power) return left.power < right.power ? -left.sign : left.sign;
  if (left.digits === right.digits) return 0;
  return left.digits < right.digits ? -left.sign : left.sign;
}

/** What a number of at most fifteen digits looks like where JavaScript prints it in another way: `1.0`, `1e3`, `-0`, `0.0000001`. */
const OTHER_FORM = /\.\d*0[\s,\]}]|\d[eE][-+\d]|-0[\s,\]}]|0\.000000|^\s*-?\d/;
const SAFE_DIGITS = 15;

/**
 * Returns whether a text has sixteen digits or points in a row, as each number of more than fifteen digits has. A row of
 * sixteen covers every sixteenth place, so only these are looked at.
 */
function hasLongNumber(text: string): boolean {
  for (let at = SAFE_DIGITS; at < text.length; at += SAFE_DIGITS + 1) {
    if (isDigitOrPoint(text.charCodeAt(at)) && isInLongRow(text, at)) return true;
  }
  return false;
}

function isInLongRow(text: string, at: number): boolean {
  let from = at;
  while (at - from < SAFE_DIGITS && isDigitOrPoint(text.charCodeAt(from - 1))) from -= 1;
  let to = at;
  while (to - from < SAFE_DIGITS && isDigitOrPoint(text.charCodeAt(to + 1))) to += 1;
  return to - from >= SAFE_DIGITS;
}

/**
 * Returns whether JSON in UTF-8 may have a number of more than fifteen digits. In bytes, this takes half the time of the search
 * in a text. Of sixteen digits in a row, two neighbours cover every fifteenth place and the one after it.
 */
export function mayHaveLongNumber(bytes: Uint8Array): boolean {
  const last = bytes.length - 1;
  for (let at = SAFE_DIGITS - 1; at < last; at += SAFE_DIGITS) {
    // digits, the point and `/`
    if (
      ((bytes[at] as number) - 46) >>> 0 < 12 &&
      ((bytes[at + 1] as number) - 46) >>> 0 < 12 &&
      isInLongRowOfBytes(bytes, at)
    )
      return true;
  }
  return false;
}

function isInLongRowOfBytes(bytes: Uint8Array, at: number): boolean {
  let from = at;
  while (from > 0 && at - from < SAFE_DIGITS && isDigitOrPoint(bytes[from - 1] as number)) from -= 1;
  let to = at;
  while (to + 1 < bytes.length && to - from < SAFE_DIGITS && isDigitOrPoint(bytes[to + 1] as number)) to += 1;
  return to - from >= SAFE_DIGITS;
}

/** `NaN`, behind either end of a text, is neither. */
function isDigitOrPoint(code: number): boolean {
  return code <= 57 && code >= 46 && code !== 47;
}

const QUOTE = 34;
const MINUS = 45;
const BACKSLASH = 92;

/**
 * Turns the numbers whose digits would be lost into strings that begin with the mark; `undefined` where there are none.
 * @param text known to be JSON
 */
function markNumbers(text: string): string | undefined {
  let written = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at + 1);
    } else if (isDigit(code) || code === MINUS) {
      const end = endOfNumber(text, at + 1);
      if (losesDigits(text, at, end)) {
        written += `${text.slice(from, at)}"${MARK}${text.slice(at, end)}"`;
        from = end;
      }
      at = end - 1;
    }
  }
  return from === 0 ? undefined : written + text.slice(from);
}

function losesDigits(text: string, from: number, to: number): boolean {
  if (to - from <= SAFE_DIGITS && text.charCodeAt(from) !== MINUS && isWhole(text, from, to)) return false;
  return !isLossless(text.slice(from, to));
}

/** Whether a JavaScript number gives back the digits, and is not one of those that stand for several whole numbers. */
function isLossless(text: string): boolean {
  const number = Number(text);
  return String(number) === text && (Number.isSafeInteger(number) || !Number.isInteger(number));
}

function isWhole(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isDigit(text.charCodeAt(at))) return false;
  return true;
}

/** Returns the place of the quote that ends a string. */
function endOfString(text: string, from: number): number {
  for (let at = from; ; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
}

function endOfNumber(text: string, from: number): number {
  let at = from;
  // digits, point, `+`, `-`, `e` and `E`: a number ends where something else is
  for (let code = text.charCodeAt(at); isDigitOrPoint(code) || NUMBER_SIGNS.has(code); code = text.charCodeAt(at))
    at += 1;
  return at;
}

const NUMBER_SIGNS: ReadonlySet<number> = new Set([43, MINUS, 69, 101]);

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Replaces marked strings in place; without recursion, for JSON may be nested deeper than the stack. */
function withExactNumbers(value: unknown): unknown {
  const root = { value };
  const open: Record<string, unknown>[] = [root];
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    // JSON has own keys only, and `Object.prototype` has none that is enumerable
    for (const key in container) {
      const inner = container[key];
      if (typeof inner === 'object' && inner !== null) open.push(inner as Record<string, unknown>);
      else if (typeof inner === 'string' && inner.startsWith(MARK)) put(container, key, exactNumber(inner));
    }
  }
  return root.value;
}

function exactNumber(text: string): ExactNumber {
  return new ExactNumber(text.slice(MARK.length));
}

function put(container: Record<string, unknown>, key: string, value: unknown): void {
  // an assignment to `__proto__` would set the prototype
  if (key !== '__proto__') container[key] = value;
  else Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true });
}
