/**
 * Returns the deepest nesting of brackets (`{`, `[`, `(`) in a document's text. Brackets in strings and comments do not count.
 * The parser's stack grows with the nesting, so this runs before the parser.
 *
 * In:  `{ me(id: "{") { name } } # {{{`
 * Out: `2`
 *
 * @param enough counting stops at this depth
 * @see https://spec.graphql.org/October2021/#sec-Appendix-Grammar-Summary.Lexical-Tokens
 */
export function deepestNesting(text: string, enough: number): number {
  let open = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
      case OPEN_PARENTHESIS:
        open += 1;
        if (open > deepest) deepest = open;
        if (deepest >= enough) return deepest;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
      case CLOSE_PARENTHESIS:
        if (open > 0) open -= 1;
        break;
      case HASH:
        i = endOfLine(text, i);
        break;
      case QUOTE:
        i = text.startsWith('"""', i) ? endOfBlockString(text, i + 3) : endOfString(text, i + 1);
        break;
      default:
    }
  }
  return deepest;
}

/** Whether a text has more than `most` line breaks, those in strings included. */
export function hasMoreLines(text: string, most: number): boolean {
  if (text.length <= most) return false;
  let count = 0;
  for (const terminator of ['\n', '\r'])
    for (let at = text.indexOf(terminator); at >= 0; at = text.indexOf(terminator, at + 1)) {
      count += 1;
      if (count > most) return true;
    }
  return false;
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const HASH = 0x23;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function endOfLine(text: string, from: number): number {
  let i = from;
  while (i < text.length && text.charCodeAt(i) !== LINE_FEED && text.charCodeAt(i) !== CARRIAGE_RETURN) i += 1;
  return i;
}

/** Returns the index of the closing quote or of the line break, where the lexer stops. */
function endOfString(text: string, from: number): number {
  let i = from;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i += 1;
    else if (code === QUOTE || code === LINE_FEED || code === CARRIAGE_RETURN) break;
  }
  return i;
}

function endOfBlockString(text: string, from: number): number {
  for (let i = from; ; i += 3) {
    i = text.indexOf('"""', i);
    if (i < 0) return text.length;
    // `\"""` is part of the string
    if (text.charCodeAt(i - 1) !== BACKSLASH) return i + 2;
  }
}
