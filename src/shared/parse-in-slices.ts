import { parseJson } from './exact-json.ts';
import type { TimeSlices } from './time-slices.ts';

/** In UTF-16 code units. Members of lists and objects are parsed in pieces of about this size. */
const PIECE = 32_768;

/** Texts that are nested deeper are refused: reading them takes much memory, and no response is. */
const MAX_DEPTH = 5_000;

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** How numbers are read, see `parseJson`. */
export interface NumberOptions {
  readonly anyForm?: boolean | undefined;
  readonly mayHaveLong?: boolean | undefined;
}

/**
 * Parses JSON as `parseJson` does, in slices. Rejects with `SyntaxError`, and with `WorkStopped`.
 *
 * A scanner looks for the commas and brackets of a text, and `JSON.parse` reads runs of whole members between them. Lists and
 * objects that are larger than a piece are put together from several runs.
 */
export async function parseInSlices(text: string, slices: TimeSlices, numbers: NumberOptions = {}): Promise<unknown> {
  const parser = new PieceParser(text, numbers);
  while (!parser.proceed()) if (slices.isOver()) await slices.next();
  return parser.value;
}

/** A list or an object that is put together from pieces. */
interface Frame {
  readonly value: unknown[] | Record<string, unknown>;
  /** The place in the enclosing object. */
  readonly key: string | undefined;
  /** Where the members that are not parsed yet begin. */
  from: number;
  /** Whether no member has been parsed yet. */
  isFirst: boolean;
  /** Whether the last member was put together from pieces, and the comma after it has not been read. */
  isAfterMember: boolean;
}

class PieceParser {
  value: unknown;
  readonly #text: string;
  readonly #numbers: NumberOptions;
  #at = 0;
  /** The outermost open lists and objects. Those further inside are on the stack only. */
  readonly #frames: Frame[] = [];
  /** For each open list or object: the place of its bracket, and where its current member begins. */
  readonly #brackets: number[] = [];
  readonly #members: number[] = [];
  /** Up to here the text has been parsed. */
  #parsed = 0;

  constructor(text: string, numbers: NumberOptions) {
    this.#text = text;
    this.#numbers = numbers;
  }

  /** Parses about one piece. Returns whether the text is complete. */
  proceed(): boolean {
    const text = this.#text;
    const brackets = this.#brackets;
    const members = this.#members;
    for (let at = this.#at; at < text.length; at++) {
      switch (text.charCodeAt(at)) {
        case QUOTE:
          at = endOfString(text, at + 1);
          break;
        case COMMA:
          if (brackets.length <= this.#frames.length) this.#separate(at);
          members[brackets.length - 1] = at + 1;
          if (at - this.#parsed < PIECE) break;
          this.#flush();
          this.#at = at + 1;
          return false;
        case OPEN_LIST:
        case OPEN_OBJECT:
          if (brackets.push(at) > MAX_DEPTH) throw invalid();
          members.push(at + 1);
          if (brackets.length === 1) this.#open(0);
          break;
        case CLOSE_LIST:
        case CLOSE_OBJECT:
          if (brackets.length === 0) throw invalid();
          if (brackets.length === this.#frames.length) this.#close(at);
          else if (!closes(text, brackets[brackets.length - 1] as number, at)) throw invalid();
          brackets.pop();
          members.pop();
          if (brackets.length === 0) return this.#end(at + 1);
      }
    }
    if (this.#frames.length > 0) throw invalid();
    // no list or object, like a string
    this.value = this.#parse(text);
    return true;
  }

  #end(at: number): boolean {
    if (!isBlank(this.#text, at, this.#text.length)) throw invalid();
    return true;
  }

  /** Reads a comma between members of the innermost frame. */
  #separate(at: number): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw invalid();
    if (!frame.isAfterMember) return;
    if (!isBlank(this.#text, frame.from, at)) throw invalid();
    frame.from = at + 1;
    frame.isAfterMember = false;
  }

  /** Parses all whole members before the current place. What is open there becomes a frame, since it may be large. */
  #flush(): void {
    for (let depth = 0; depth < this.#brackets.length; depth++) {
      if (depth >= this.#frames.length) this.#open(depth);
      const frame = this.#frames[depth] as Frame;
      const end = this.#members[depth] as number;
      if (end > frame.from) {
        this.#add(frame, end - 1);
        frame.from = end;
      }
    }
    this.#parsed = this.#members.at(-1) as number;
  }

  #open(depth: number): void {
    const text = this.#text;
    const bracket = this.#brackets[depth] as number;
    const outer = this.#frames[depth - 1];
    if (outer?.isAfterMember) throw invalid();
    const from = outer?.from ?? 0;
    let key: string | undefined;
    if (outer === undefined || Array.isArray(outer.value)) {
      if (!isBlank(text, from, bracket)) throw invalid();
    } else {
      key = Object.keys(JSON.parse(`{${text.slice(from, bracket)}null}`) as object)[0];
    }
    const value = text.charCodeAt(bracket) === OPEN_LIST ? [] : {};
    this.#frames.push({ value, key, from: bracket + 1, isFirst: true, isAfterMember: false });
  }

  #close(at: number): void {
    const frame = this.#frames.pop() as Frame;
    if (!closes(this.#text, this.#brackets.at(-1) as number, at)) throw invalid();
    if (frame.isAfterMember) {
      if (!isBlank(this.#text, frame.from, at)) throw invalid();
    } else if (!(frame.isFirst && isBlank(this.#text, frame.from, at))) {
      this.#add(frame, at);
    }
    this.#parsed = at + 1;
    const outer = this.#frames.at(-1);
    if (outer === undefined) {
      this.value = frame.value;
      return;
    }
    if (Array.isArray(outer.value)) outer.value.push(frame.value);
    else put(outer.value, frame.key as string, frame.value);
    outer.from = at + 1;
    outer.isFirst = false;
    outer.isAfterMember = true;
  }

  /** Parses the members of a frame up to a place, and adds them. */
  #add(frame: Frame, end: number): void {
    const { value, from } = frame;
    // between two commas there has to be a member
    if (isBlank(this.#text, from, end)) throw invalid();
    const run = this.#text.slice(from, end);
    if (Array.isArray(value)) {
      for (const item of this.#parse(`[${run}]`) as unknown[]) value.push(item);
    } else {
      const members = this.#parse(`{${run}}`) as Record<string, unknown>;
      for (const key of Object.keys(members)) put(value, key, members[key]);
    }
    frame.isFirst = false;
  }

  #parse(text: string): unknown {
    const { anyForm, mayHaveLong } = this.#numbers;
    return parseJson(text, anyForm, mayHaveLong);
  }
}

function put(object: Record<string, unknown>, key: string, value: unknown): void {
  // an assignment to `__proto__` would set the prototype
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Returns the place of the quote that ends a string. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  throw invalid();
}

function closes(text: string, bracket: number, at: number): boolean {
  const isList = text.charCodeAt(bracket) === OPEN_LIST;
  return isList === (text.charCodeAt(at) === CLOSE_LIST);
}

/** Returns whether a part of a text has only the white space of JSON. */
function isBlank(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return false;
  }
  return true;
}

function invalid(): SyntaxError {
  return new SyntaxError('The text is not JSON.');
}
