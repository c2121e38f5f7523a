/** The limit that a JSON text exceeds. */
export type JsonExcess = 'levels' | 'members';

/** In characters. A shorter text cannot take long to parse, so it is not checked. */
const SHORT = 100_000;
/** Most members of one object. `JSON.parse` takes longest, for its length, for an object with many distinct names. */
export const MOST_MEMBERS = 50_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Checks a text before it is parsed as JSON, in a fraction of the time that parsing takes. Finds lists and objects nested more
 * than `mostLevels` deep, and objects with more than {@link MOST_MEMBERS} members. Invalid JSON, and short texts, may pass.
 */
export function excessOfJson(text: string, mostLevels: number): JsonExcess | undefined {
  if (text.length <= SHORT) return undefined;
  /** Members so far of each open object or list. */
  const open: number[] = [];
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at + 1);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (open.push(0) > mostLevels) return 'levels';
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open.pop();
        break;
      case COLON: {
        const members = (open.pop() ?? 0) + 1;
        if (members > MOST_MEMBERS) return 'members';
        open.push(members);
        break;
      }
      default:
    }
  }
  return undefined;
}

/** Returns the index of the closing quote, or the length of the text. */
function endOfString(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) break;
    if (code === BACKSLASH) at += 1;
  }
  return at;
}
