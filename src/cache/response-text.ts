/** A part of a text: from an index to the one after its last character. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const SPACE = 32;

/**
 * Returns the members of a JSON object in a text, each as the span of its value; `undefined` where there is no object. Nothing is
 * parsed, so the digits and escapes of the values stay as they are. Of a text that is not JSON, the spans mean nothing.
 * @param at where the object begins. By default, the object is the whole text
 */
export function membersOf(text: string, at?: number): Map<string, Span> | undefined {
  let i = skipSpace(text, at ?? 0);
  if (text.charCodeAt(i) !== OPEN_BRACE) return undefined;
  const members = new Map<string, Span>();
  i = skipSpace(text, i + 1);
  while (text.charCodeAt(i) === QUOTE) {
    const end = endOfString(text, i);
    const name = readName(text.slice(i, end));
    i = skipSpace(text, end);
    if (name === undefined || text.charCodeAt(i) !== COLON) return undefined;
    const from = skipSpace(text, i + 1);
    const to = endOfValue(text, from);
    if (to <= from) return undefined;
    members.set(name, { from, to });
    i = skipSpace(text, to);
    if (text.charCodeAt(i) !== COMMA) break;
    i = skipSpace(text, i + 1);
  }
  if (text.charCodeAt(i) !== CLOSE_BRACE) return undefined;
  return at === undefined && skipSpace(text, i + 1) < text.length ? undefined : members;
}

/** Returns the items of a JSON list in a text; `undefined` where there is no list. */
export function itemsOf(text: string, { from }: Span): Span[] | undefined {
  if (text.charCodeAt(from) !== OPEN_BRACKET) return undefined;
  const items: Span[] = [];
  let i = skipSpace(text, from + 1);
  if (text.charCodeAt(i) === CLOSE_BRACKET) return items;
  for (;;) {
    const to = endOfValue(text, i);
    if (to <= i) return undefined;
    items.push({ from: i, to });
    i = skipSpace(text, to);
    const code = text.charCodeAt(i);
    if (code === CLOSE_BRACKET) return items;
    if (code !== COMMA) return undefined;
    i = skipSpace(text, i + 1);
  }
}

export function textAt(text: string, { from, to }: Span): string {
  return text.slice(from, to);
}

function readName(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && text.charCodeAt(i) <= SPACE) i++;
  return i;
}

/** Returns the index after a string, whose quote is at `at`. */
function endOfString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** Returns the index after a value. */
function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return endOfString(text, at);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfPlain(text, at);
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
      continue;
    }
    i++;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return i;
  }
  return i;
}

/** Returns the index after a number or a word. */
function endOfPlain(text: string, at: number): number {
  let i = at;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= SPACE || code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET) break;
  }
  return i;
}
