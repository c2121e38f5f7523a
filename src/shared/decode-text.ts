import { isUtf8 } from 'node:buffer';

/** Thrown for bytes that are not valid in their charset. The message ends a sentence. */
export class TextDecodingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TextDecodingError';
  }
}

const BYTE_ORDER_MARK = 0xfeff;
const REPLACEMENT = '\ufffd';
/** ASCII is a subset of UTF-8. */
const UTF_8: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/** Whether a charset is UTF-8 or ASCII, by any of its usual names. */
export function isUtf8Charset(charset: string): boolean {
  return UTF_8.has(charset.toLowerCase());
}

/**
 * Decodes a whole text, and removes its byte order mark. A mark takes precedence over the charset.
 * Throws `TextDecodingError` for an unknown charset, and for bytes that are not valid in it.
 * @param charset from the content type; default: UTF-8
 * @see https://encoding.spec.whatwg.org/#decode
 */
export function decodeText(bytes: Buffer, charset = 'utf-8'): string {
  const text = isUtf8Charset(charset) ? decodeUtf8(bytes) : undefined;
  if (text !== undefined) return text;
  const name = charsetByMark(bytes) ?? charset;
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(name, { fatal: true });
  } catch {
    throw new TextDecodingError(`the charset ${JSON.stringify(name.slice(0, 40))} is not supported`);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new TextDecodingError(`it is not valid ${name.toUpperCase().slice(0, 40)}`);
  }
}

/** Removes the byte order mark that some programs write, and that JSON does not allow. */
export function withoutByteOrderMark(text: string): string {
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** Returns `undefined` for invalid UTF-8. Searching for the replacement character costs nothing in a text of Latin-1 characters. */
function decodeUtf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  if (text.includes(REPLACEMENT) && !isUtf8(bytes)) return undefined;
  return withoutByteOrderMark(text);
}

function charsetByMark(bytes: Buffer): string | undefined {
  if (bytes.length < 2) return undefined;
  const mark = bytes.readUInt16BE(0);
  if (mark === 0xfeff) return 'utf-16be';
  if (mark === 0xfffe) return 'utf-16le';
  return mark === 0xefbb && bytes[2] === 0xbf ? 'utf-8' : undefined;
}
