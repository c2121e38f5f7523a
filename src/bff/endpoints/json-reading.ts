import { excessOfJson, MOST_MEMBERS } from '../../policy/limits/json-text.ts';
import { parseJson } from '../../shared/exact-json.ts';

/** A JSON value, or an error text that continues a sentence such as "The body …". */
export type JsonRead = { readonly value: unknown } | { readonly error: string };

/** Limit of nesting, so that recursive code does not overflow the stack. */
const MAX_LEVELS = 200;
const TOO_DEEP = `has more than ${MAX_LEVELS} levels of objects and lists`;
const TOO_MANY_MEMBERS = `has an object with more than ${MOST_MEMBERS} members`;

/**
 * Reads JSON with exact numbers. Rejects duplicate names in an object, because parsers treat them differently.
 * @see https://www.rfc-editor.org/rfc/rfc7493#section-2.2
 */
export function readJson(text: string): JsonRead {
  const excess = excessOfJson(text, MAX_LEVELS);
  if (excess !== undefined) return { error: excess === 'levels' ? TOO_DEEP : TOO_MANY_MEMBERS };
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { error: `is not JSON: ${(error as Error).message}` };
  }
  if (typeof value !== 'object' || value === null) return { value };
  const error = new DuplicateNameScan(text).error();
  return error === undefined ? { value } : { error };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Objects with more names than this use a set. */
const MAX_IN_ARRAY = 8;

/** The names of one object. Most objects have few names, for which an array is faster than a set. */
class MemberNames {
  private readonly few: string[] = [];
  private many: Set<string> | undefined;

  /** Adds a name; returns false for a duplicate. */
  add(name: string): boolean {
    if (this.many?.has(name) ?? this.few.includes(name)) return false;
    if (this.few.length < MAX_IN_ARRAY) this.few.push(name);
    else {
      this.many ??= new Set(this.few);
      this.many.add(name);
    }
    return true;
  }
}

/** Finds duplicate names in a text that is valid JSON, without recursion. */
class DuplicateNameScan {
  private readonly text: string;
  /** Names of each open object; `undefined` for a list. */
  private readonly open: (MemberNames | undefined)[] = [];
  private isName = false;

  constructor(text: string) {
    this.text = text;
  }

  error(): string | undefined {
    const { text, open } = this;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === QUOTE) {
        const end = this.endOfString(i);
        const twice = this.isName && this.isTwice(text.slice(i, end + 1));
        if (twice) return `has ${text.slice(i, end + 1).slice(0, 100)} twice in one object`;
        i = end;
      } else if (text[i] === '{' || text[i] === '[') {
        this.isName = text[i] === '{';
        open.push(this.isName ? new MemberNames() : undefined);
        if (open.length > MAX_LEVELS) return TOO_DEEP;
      } else if (text[i] === '}' || text[i] === ']') {
        open.pop();
      } else if (code === COMMA || code === COLON) {
        this.isName = code === COMMA && open.at(-1) !== undefined;
      }
    }
    return undefined;
  }

  private isTwice(quoted: string): boolean {
    const names = this.open.at(-1);
    const name = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1);
    return names !== undefined && !names.add(name);
  }

  private endOfString(start: number): number {
    let i = start + 1;
    for (; this.text.charCodeAt(i) !== QUOTE; i++) if (this.text.charCodeAt(i) === BACKSLASH) i += 1;
    return i;
  }
}
