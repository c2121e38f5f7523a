import { ExactNumber } from '../shared/exact-json.ts';
import { UploadedFile } from '../shared/uploads/uploaded-file.ts';

/** Levels of lists and objects that are printed. */
const MAX_LEVELS = 2;
/** Items of a list that are printed. */
const MAX_ITEMS = 10;

/**
 * Prints a JSON value for an error message, as graphql-js does, but reads no more of the value than it prints: a
 * client may send a megabyte.
 *
 * In:  `{ a: [1, { b: 2 }] }`
 * Out: `{ a: [1, [Object]] }`
 *
 * @param max the most characters; a longer text is cut and ends with `…`
 */
export function printValue(value: unknown, max = 200): string {
  const printer = new Printer(max);
  printer.print(value, 0);
  const { text } = printer;
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** Shortens a client's text for a message: it may be as long as the request. */
export function shorten(word: string, max = 100): string {
  return word.length > max ? `${word.slice(0, max)}…` : word;
}

/** Returns whether a JSON value has at most `max` characters as JSON text. Reads no more of it than that takes. */
export function isShortJson(value: unknown, max: number): boolean {
  return charactersLeft(value, max) >= 0;
}

function isScalar(value: unknown): value is string | number | boolean | null | undefined | ExactNumber {
  return typeof value !== 'object' || value === null || value instanceof ExactNumber;
}

class Printer {
  text = '';
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  print(value: unknown, level: number): void {
    if (typeof value === 'string') this.text += JSON.stringify(value.slice(0, this.max + 1));
    else if (isScalar(value)) this.text += String(value);
    else if (value instanceof UploadedFile) this.text += '[File]';
    else if (Array.isArray(value)) this.list(value, level);
    else this.object(value as Record<string, unknown>, level);
  }

  private list(items: readonly unknown[], level: number): void {
    if (items.length > 0 && level >= MAX_LEVELS) {
      this.text += '[Array]';
      return;
    }
    this.text += '[';
    for (let i = 0; i < Math.min(items.length, MAX_ITEMS) && this.text.length <= this.max; i++) {
      if (i > 0) this.text += ', ';
      this.print(items[i], level + 1);
    }
    const more = items.length - MAX_ITEMS;
    if (more > 0) this.text += `, ... ${more} more item${more === 1 ? '' : 's'}`;
    this.text += ']';
  }

  private object(value: Record<string, unknown>, level: number): void {
    let separator = '{ ';
    for (const name in value) {
      if (level >= MAX_LEVELS) {
        this.text += '[Object]';
        return;
      }
      if (this.text.length > this.max) return;
      this.text += `${separator}${name.slice(0, this.max)}: `;
      this.print(value[name], level + 1);
      separator = ', ';
    }
    this.text += separator === ', ' ? ' }' : '{}';
  }
}

/** Returns how many of a number of characters are left once a value is written; negative when they do not suffice. */
function charactersLeft(value: unknown, characters: number): number {
  if (typeof value === 'string') return value.length > characters ? -1 : characters - JSON.stringify(value).length;
  if (isScalar(value)) return characters - String(value).length;
  let left = characters - 2;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) left = charactersLeft(value[i], left - (i > 0 ? 1 : 0));
    return left;
  }
  let isFirst = true;
  for (const name in value) {
    left = charactersLeft(name, left - (isFirst ? 1 : 2));
    if (left >= 0) left = charactersLeft((value as Record<string, unknown>)[name], left);
    if (left < 0) break;
    isFirst = false;
  }
  return left;
}
