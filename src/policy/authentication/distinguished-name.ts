/** One attribute of a distinguished name: its type as written, and its value with escapes decoded. */
export interface NameAttribute {
  readonly type: string;
  /** `undefined` for a binary value, which is written as `#` and hexadecimal digits. */
  readonly value: string | undefined;
}

const TYPE = /[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*/y;
const SPECIAL = '"+,;<>\\ #=';
const HEX_PAIR = /[0-9A-Fa-f]{2}/y;
const HEX_STRING = /#(?:[0-9A-Fa-f]{2})+/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: rejects exactly these characters
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Parses a distinguished name (RFC 4514) and returns its attributes in order. Throws if it is not well-formed, and for values
 * with control characters.
 *
 * In:  `CN=ada\,O=Shop+OU=a,O=Shop\C3\A9`
 * Out: `CN` = `ada,O=Shop`, `OU` = `a`, `O` = `Shopé`
 */
export function parseDistinguishedName(text: string): NameAttribute[] {
  return text.trim() === '' ? [] : new Reader(text).attributes();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  attributes(): NameAttribute[] {
    const attributes: NameAttribute[] = [];
    for (;;) {
      attributes.push(this.#attribute());
      if (this.#at === this.#text.length) return attributes;
      this.#at++;
    }
  }

  /** Parses one attribute. Stops at the separator after it, or at the end. */
  #attribute(): NameAttribute {
    this.#skipBlanks();
    const type = this.#match(TYPE);
    if (type === undefined) throw this.#malformed('the type of an attribute');
    this.#skipBlanks();
    if (this.#text[this.#at++] !== '=') throw this.#malformed('"="');
    this.#skipBlanks();
    return { type, value: this.#text[this.#at] === '#' ? this.#hexString() : this.#value() };
  }

  #hexString(): undefined {
    if (this.#match(HEX_STRING) === undefined) throw this.#malformed('hexadecimal digits');
    this.#skipBlanks();
    const next = this.#text[this.#at];
    if (next !== undefined && next !== ',' && next !== '+') throw this.#malformed('the end of the attribute');
    return undefined;
  }

  #value(): string {
    const bytes: number[] = [];
    /** Unescaped spaces at the end do not belong to the value. */
    let length = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] as string;
      if (char === ',' || char === '+') break;
      if (char === '\\') {
        bytes.push(this.#escaped());
      } else if (SPECIAL.includes(char) && char !== ' ' && char !== '#' && char !== '=') {
        throw this.#malformed(`no ${char} without a backslash`);
      } else {
        const code = this.#text.codePointAt(this.#at) as number;
        if (code > 0xffff) this.#at++;
        bytes.push(...Buffer.from(String.fromCodePoint(code)));
        if (char === ' ') continue;
      }
      length = bytes.length;
    }
    const value = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(bytes.slice(0, length)));
    if (CONTROL.test(value)) throw new Error('a name with control characters');
    return value;
  }

  /** Returns the byte that an escape stands for: a special character, or two hexadecimal digits. Stops at its last character. */
  #escaped(): number {
    const next = this.#text[this.#at + 1];
    if (next !== undefined && SPECIAL.includes(next)) {
      this.#at++;
      return next.charCodeAt(0);
    }
    this.#at++;
    const pair = this.#match(HEX_PAIR);
    if (pair === undefined) throw this.#malformed('a special character or two hexadecimal digits after the backslash');
    this.#at--;
    return Number.parseInt(pair, 16);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #malformed(expected: string): Error {
    return new Error(`a distinguished name that is not well-formed: expected ${expected} at character ${this.#at + 1}`);
  }
}

const COMMON_NAME = /^(?:CN|commonName|2\.5\.4\.3)$/i;

/** Returns the common name; `undefined` if there is none or more than one. */
export function commonName(attributes: readonly NameAttribute[]): string | undefined {
  const names = attributes.filter(({ type }) => COMMON_NAME.test(type));
  return names.length === 1 ? names[0]?.value || undefined : undefined;
}
