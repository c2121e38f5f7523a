import { excessOfJson, MOST_MEMBERS } from '../../policy/limits/json-text.ts';
import { parseJson } from '../../shared/exact-json.ts';

/** JSON as it was meant, or what is wrong with it in words that follow "the body" or the like. */
export type JsonRead = { readonly value: unknown } | { readonly mistake: string };

/** More levels than this are no parameters; what walks down values would run out of stack. */
const MOST_LEVELS = 200;
const TOO_DEEP = `has more than ${MOST_LEVELS} levels of objects and lists`;
const TOO_MANY_MEMBERS = `has an object with more than ${MOST_MEMBERS} members`;

/**
 * Reads JSON with the digits of its numbers, and refuses what readers take in different ways: names that an object has twice.
 * @see https://www.rfc-editor.org/rfc/rfc7493#section-2.2
 */
export function readJson(text: string): JsonRead {
  const excess = excessOfJson(text, MOST_LEVELS);
  if (excess !== undefined) return { mistake: excess === 'levels' ? TOO_DEEP : TOO_MANY_MEMBERS };
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { mistake: `is not JSON: ${(error as Error).message}` };
  }
  if (typeof value !== 'object' || value === null) return { value };
  const mistake = new Scan(text).mistake();
  return mistake === undefined ? { value } : { mistake };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Objects with more names than this have them in a set. */
const FEW = 8;

/** The names of one object. Most objects have few, for which a set costs more than it saves. */
class Names {
  private readonly few: string[] = [];
  private many: Set<string> | undefined;

  /** Returns false when the name is there already. */
  add(name: string): boolean {
    if (this.many?.has(name) ?? this.few.includes(name)) return false;
    if (this.few.length < FEW) this.few.push(name);
    else {
      this.many ??= new Set(this.few);
      this.many.add(name);
    }
    return true;
  }
}

/** Goes over a text that is known to be JSON, without recursion. */
class Scan {
  private readonly text: string;
  /** The names so far of each object that is open; `undefined` for a list. */
  private readonly open: (Names | undefined)[] = [];
  private isName = false;

  constructor(text: string) {
    this.text = text;
  }

  mistake(): string | undefined {
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
        open.push(this.isName ? new Names() : undefined);
        if (open.length > MOST_LEVELS) return TOO_DEEP;
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
