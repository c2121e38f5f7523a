/** What a JSON text has more of than it may. */
export type JsonExcess = 'levels' | 'members';

/** Shorter texts, in characters, cannot have so much that it takes long to parse them. */
const SHORT = 100_000;
/** Members of one object. More, each of another name, take `JSON.parse` longer than anything else of the same length. */
export const MOST_MEMBERS = 50_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Looks at a text before it is parsed as JSON, in a fraction of the time: whether its lists and objects nest more than
 * `mostLevels` deep, or one object has more than {@link MOST_MEMBERS}. A text that is no JSON may pass. Short ones pass unread.
 */
export function excessOfJson(text: string, mostLevels: number): JsonExcess | undefined {
  if (text.length <= SHORT) return undefined;
  /** Members so far of each object and list that is open. */
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

/** Where the closing quote is, or the end of the text. */
function endOfString(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) break;
    if (code === BACKSLASH) at += 1;
  }
  return at;
}
