import { charsetOf, parseMediaType } from '../client/media-type.ts';
import type { HeldBytes } from '../shared/byte-budget.ts';
import {
  type Coding,
  ContentCodingError,
  decodeBody,
  encodeBody,
  readContentEncoding,
} from '../shared/content-codings.ts';
import { isUtf8Charset } from '../shared/decode-text.ts';
import { OverloadedError } from '../shared/overloaded-error.ts';

/** The content codings of requests to a source and of its responses. */
export interface Compression {
  /** The coding of request bodies; `undefined` for none. */
  readonly request: Coding | undefined;
  /** The codings to accept; `identity` when the list is empty. */
  readonly accept: readonly Coding[];
}

export const NO_COMPRESSION: Compression = { request: undefined, accept: ['gzip'] };

/** Returns the value of `Accept-Encoding`. */
export function acceptEncoding({ accept }: Compression): string {
  return accept.length === 0 ? 'identity' : accept.join(', ');
}

export function encodeRequest(body: string, coding: Coding): Promise<Buffer> {
  return encodeBody(Buffer.from(body), coding);
}

/** The encoding of a body that is not plain UTF-8. */
export interface BodyEncoding {
  /** `Content-Encoding`. */
  readonly encoding: string | undefined;
  readonly charset: string | undefined;
}

const ENCODING = Buffer.from('content-encoding');
const TYPE = Buffer.from('content-type');

/**
 * Reads the encoding of a body from undici's raw headers, a flat list of names and values; `undefined` for plain UTF-8. Runs for
 * each response of a subgraph, so bytes become strings only where necessary.
 */
export function encodingInRawHeaders(headers: readonly Buffer[]): BodyEncoding | undefined {
  let encoding: string | undefined;
  let charset: string | undefined;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as Buffer;
    if (isNamed(name, TYPE)) charset = charsetIn(headers[at + 1] as Buffer);
    else if (isNamed(name, ENCODING)) {
      const value = (headers[at + 1] as Buffer).toString('latin1');
      encoding = encoding === undefined ? value : `${encoding}, ${value}`;
    }
  }
  return bodyEncoding(encoding, charset);
}

/** Reads the encoding of a body from parsed headers; `undefined` for plain UTF-8. */
export function encodingInHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): BodyEncoding | undefined {
  const { 'content-encoding': encoding, 'content-type': type } = headers;
  return bodyEncoding(encoding?.toString(), type === undefined ? undefined : otherCharset(String(type)));
}

function bodyEncoding(encoding: string | undefined, charset: string | undefined): BodyEncoding | undefined {
  return encoding === undefined && charset === undefined ? undefined : { encoding, charset };
}

/** Sources send few different content types, and repeat them in each response. */
const CACHE_SIZE = 200;
const charsets = new Map<string, string | undefined>();

/** @param lower in lower case */
function isNamed(name: Buffer, lower: Buffer): boolean {
  if (name.length !== lower.length) return false;
  for (let i = 0; i < lower.length; i++)
    if (((name[i] as number) | 0x20) !== ((lower[i] as number) | 0x20)) return false;
  return true;
}

const EQUALS = 0x3d;

/** Returns the charset of a content type if it is not UTF-8. Skips parsing for types without parameters. */
function charsetIn(type: Buffer): string | undefined {
  for (let i = 0; i < type.length; i++) if (type[i] === EQUALS) return otherCharset(type.toString('latin1'));
  return undefined;
}

/** Returns the charset of a content type; `undefined` for UTF-8 or none. */
function otherCharset(type: string): string | undefined {
  if (charsets.has(type)) return charsets.get(type);
  const mediaType = parseMediaType(type);
  const named = (mediaType && charsetOf(mediaType)) || undefined;
  const charset = named === undefined || isUtf8Charset(named) ? undefined : named;
  if (charsets.size < CACHE_SIZE) charsets.set(type, charset);
  return charset;
}

/** The reason why a body cannot be decoded, in a few words. */
export interface DecodingFailure {
  readonly isTooLarge: boolean;
  /** Whether there is no memory for it. */
  readonly isOverloaded?: boolean;
  readonly reason: string;
}

/** Decodes the content codings of a body; `held` counts the decoded bytes. Never rejects. */
export async function decodeContent(
  body: Buffer,
  { encoding }: BodyEncoding,
  maxBytes: number,
  held?: HeldBytes,
): Promise<{ readonly bytes: Buffer } | DecodingFailure> {
  if (encoding === undefined) return { bytes: body };
  try {
    return { bytes: await decodeBody(body, readContentEncoding(encoding), maxBytes, held) };
  } catch (error) {
    if (error instanceof ContentCodingError) return { isTooLarge: error.kind === 'too-large', reason: error.message };
    if (error instanceof OverloadedError) return { isTooLarge: false, isOverloaded: true, reason: error.message };
    return { isTooLarge: false, reason: 'it cannot be decoded' };
  }
}
