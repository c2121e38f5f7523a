import { type ExactNumber, numberOf } from '../../shared/exact-json.ts';
import { MappingSyntaxError } from './syntax.ts';

const SPACE = /(?:[\s,]|#[^\n]*(?:\n|$))*/y;
const STRICT_SPACE = /(?:\s|#[^\n]*(?:\n|$))*/y;
const IDENTIFIER = /[A-Za-z_][0-9A-Za-z_]*/y;
const NUMBER = /-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)/y;

/** Reads the tokens of a mapping on demand. Skips white space and `#` comments between tokens. */
export class Scanner {
  readonly text: string;
  at: number;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
  }

  /** Skips white space and comments; with `commas` also commas, as between the fields of a selection. */
  skip(commas = false): void {
    const space = commas ? SPACE : STRICT_SPACE;
    space.lastIndex = this.at;
    space.exec(this.text);
    this.at = space.lastIndex;
  }

  atEnd(): boolean {
    this.skip();
    return this.at >= this.text.length;
  }

  /** Returns whether `token` comes next, without consuming it. */
  sees(token: string): boolean {
    this.skip();
    return this.text.startsWith(token, this.at);
  }

  /** Consumes `token` if it comes next; returns whether it did. */
  take(token: string): boolean {
    if (!this.sees(token)) return false;
    this.at += token.length;
    return true;
  }

  /** Consumes `token`, or throws `MappingSyntaxError` where it does not come next. */
  expect(token: string, hint?: string): void {
    if (!this.take(token)) throw this.unexpected(`"${token}"`, hint);
  }

  identifier(): string | undefined {
    this.skip();
    return this.identifierHere();
  }

  /** Reads an identifier without skipping white space, as after `$`. */
  identifierHere(): string | undefined {
    return this.match(IDENTIFIER);
  }

  number(): number | ExactNumber | undefined {
    this.skip();
    const text = this.match(NUMBER);
    if (text === undefined) return undefined;
    // `.5`, `5.` and `05` are not valid in JSON
    const sign = text.startsWith('-') ? '-' : '';
    const [whole = '', fraction = ''] = text.slice(sign.length).split('.');
    const digits = whole.replace(/^0+(?=\d)/, '') || '0';
    return numberOf(fraction === '' ? sign + digits : `${sign}${digits}.${fraction}`);
  }

  /** Reads a string in single or double quotes. `\` escapes the next character. */
  string(): string | undefined {
    this.skip();
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'") return undefined;
    const start = this.at++;
    let value = '';
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at] as string;
      if (character === quote) {
        this.at++;
        return value;
      }
      value += character === '\\' ? this.escaped() : character;
    }
    throw new MappingSyntaxError('Unterminated string.', start, `Close it with ${quote}.`);
  }

  unexpected(expected: string, hint?: string): MappingSyntaxError {
    this.skip();
    const found = this.at >= this.text.length ? 'the end' : `"${[...this.text.slice(this.at, this.at + 12)][0]}"`;
    return new MappingSyntaxError(`Expected ${expected}, found ${found}.`, this.at, hint);
  }

  private escaped(): string {
    const character = this.text[++this.at] ?? '';
    switch (character) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      default:
        return character;
    }
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
}
