import { isUtf8 } from 'node:buffer';

/** Bytes that are no text in their charset. The message is the end of a sentence, in a few words. */
export class TextDecodingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TextDecodingError';
  }
}

const BYTE_ORDER_MARK = 0xfeff;
const REPLACEMENT = '\ufffd';
/** ASCII is UTF-8, too. */
const UTF_8: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/** Whether a charset is UTF-8, by any of its usual names, or a part of it. */
export function isUtf8Charset(charset: string): boolean {
  return UTF_8.has(charset.toLowerCase());
}

/**
 * Decodes a whole text, without its byte order mark; a mark counts more than the charset.
 * Throws `TextDecodingError` for a charset that is not known, and for bytes that are no text in it.
 * @param charset as the content type has it; UTF-8 without
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

/** A text without the mark that some editors and programs write before it, which JSON does not allow. */
export function withoutByteOrderMark(text: string): string {
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** `undefined` where the bytes are no UTF-8; the search for what stands for them costs nothing in a text of Latin-1 characters. */
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
