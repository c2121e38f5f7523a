import type { Transform } from 'node:stream';
import zlib, { type BrotliOptions, constants, type ZlibOptions } from 'node:zlib';
import type { HeldBytes } from './byte-budget.ts';
import { OverloadedError } from './overloaded-error.ts';

/**
 * The content codings of HTTP that this version of Node supports.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1
 */
export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

type Done = (error: Error | null, result: Buffer) => void;
type Convert = (body: Buffer, options: ZlibOptions | BrotliOptions, done: Done) => void;
type OpenDecoder = (options: { readonly chunkSize: number }) => Transform;

/** Node has these since 22.15 and 23.8. */
const { zstdCompress, createZstdDecompress, createZstdCompress } = zlib as unknown as {
  zstdCompress?: Convert;
  createZstdDecompress?: OpenDecoder;
  createZstdCompress?: (options: object) => Transform;
};

export const HAS_ZSTD = zstdCompress !== undefined && createZstdDecompress !== undefined;

/** The `Accept-Encoding` of responses to requests with an unknown coding. */
export const READABLE_CODINGS: readonly Coding[] = HAS_ZSTD
  ? ['gzip', 'br', 'zstd', 'deflate']
  : ['gzip', 'br', 'deflate'];

/** Thrown for a body that cannot be decoded. The message ends a sentence: `it is not valid gzip`. */
export class ContentCodingError extends Error {
  readonly kind: 'unsupported' | 'too-large' | 'corrupt';

  constructor(kind: ContentCodingError['kind'], message: string) {
    super(message);
    this.name = 'ContentCodingError';
    this.kind = kind;
  }
}

/** Each coding costs a pass over the body, so their number is limited. */
const MOST_CODINGS = 5;
const LONGEST_NAME = 40;

/**
 * Parses `Content-Encoding`, and returns the codings in the order in which they were applied. Throws `ContentCodingError` for an
 * unknown coding.
 */
export function readContentEncoding(header: string): readonly Coding[] {
  const codings: Coding[] = [];
  for (const item of header.split(',')) {
    const name = item.trim().toLowerCase();
    if (name === '' || name === 'identity') continue;
    const plain = name.startsWith('x-') ? name.slice(2) : name;
    const coding = READABLE_CODINGS.find((known) => known === plain);
    if (coding === undefined)
      throw new ContentCodingError('unsupported', `the coding ${quoted(name)} is not supported`);
    codings.push(coding);
  }
  if (codings.length <= MOST_CODINGS) return codings;
  throw new ContentCodingError('unsupported', `${codings.length} codings in a row are not supported`);
}

function quoted(name: string): string {
  return JSON.stringify(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name);
}

/**
 * Decodes a body, the last coding first. Decoding stops as soon as there are more than `maxBytes`. Throws
 * `ContentCodingError`.
 * @param held counts the decoded bytes as they appear; throws `OverloadedError` when there is no room for them
 */
export async function decodeBody(
  body: Buffer,
  codings: readonly Coding[],
  maxBytes: number,
  held?: HeldBytes,
): Promise<Buffer> {
  let decoded = body;
  for (const coding of [...codings].reverse()) {
    // responses without content may name the coding that the content would have
    if (decoded.length === 0) return decoded;
    decoded = await decodeOnce(decoded, coding, maxBytes, held);
  }
  return decoded;
}

function decodeOnce(body: Buffer, coding: Coding, maxBytes: number, held: HeldBytes | undefined): Promise<Buffer> {
  const decoder = openDecoder(coding, body)({ chunkSize: chunkSizeFor(body.length * LIKELY_RATIO) });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: Error) => {
      decoder.destroy();
      chunks.length = 0;
      reject(error);
    };
    decoder.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) fail(new ContentCodingError('too-large', `it is larger than ${maxBytes} bytes`));
      else if (held?.take(chunk.length) === false) fail(new OverloadedError('further large bodies'));
      else chunks.push(chunk);
    });
    decoder.on('error', () => reject(new ContentCodingError('corrupt', `it is not valid ${coding}, or is incomplete`)));
    decoder.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    decoder.end(body);
  });
}

function openDecoder(coding: Coding, body: Buffer): OpenDecoder {
  if (coding === 'br') return zlib.createBrotliDecompress;
  if (coding === 'zstd' && createZstdDecompress) return createZstdDecompress;
  if (coding === 'deflate') return hasZlibHeader(body) ? zlib.createInflate : zlib.createInflateRaw;
  return zlib.createGunzip;
}

/**
 * `deflate` is the zlib format (RFC 1950), but some servers send it without its header and check sum (RFC 1951): the two
 * bytes of a header say the method 8, and are a multiple of 31 together.
 */
function hasZlibHeader(body: Buffer): boolean {
  return body.length >= 2 && ((body[0] as number) & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}

/** JSON is some five times as large as its compressed form. */
const LIKELY_RATIO = 5;

/** Each chunk is one journey to a thread of Node's pool and back, so that long bodies get long ones. */
function chunkSizeFor(bytes: number): number {
  return Math.min(Math.max(bytes, 1_024), 256 * 1_024);
}

export interface EncodeOptions {
  /** For a body that is sent many times, a better form is worth its time. Default false. */
  readonly thoroughly?: boolean;
}

/** Encodes a body on a thread of Node's pool. */
export function encodeBody(body: Buffer, coding: Coding, { thoroughly = false }: EncodeOptions = {}): Promise<Buffer> {
  const chunkSize = chunkSizeFor(body.length);
  const encode = (convert: Convert, options: ZlibOptions | BrotliOptions) =>
    new Promise<Buffer>((resolve, reject) => {
      convert(body, { chunkSize, ...options }, (error, encoded) => (error ? reject(error) : resolve(encoded)));
    });
  if (coding === 'gzip') return encode(zlib.gzip, { level: thoroughly ? 9 : 5 });
  if (coding === 'deflate') return encode(zlib.deflate, { level: thoroughly ? 9 : 5 });
  if (coding === 'zstd' && zstdCompress) {
    const { ZSTD_c_compressionLevel: level } = constants as unknown as { ZSTD_c_compressionLevel: number };
    return encode(zstdCompress, { params: { [level]: thoroughly ? 12 : 3 } });
  }
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: thoroughly ? 8 : 4,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
  };
  return encode(zlib.brotliCompress, { params });
}

/** Opens an encoder for a body that is sent piece by piece: once a write is done, all its bytes were emitted. */
export function openFlushingEncoder(coding: Coding): Transform {
  if (coding === 'gzip') return zlib.createGzip({ level: 5, flush: constants.Z_SYNC_FLUSH });
  if (coding === 'deflate') return zlib.createDeflate({ level: 5, flush: constants.Z_SYNC_FLUSH });
  if (coding === 'zstd' && createZstdCompress) {
    const codes = constants as unknown as { ZSTD_c_compressionLevel: number; ZSTD_e_flush: number };
    return createZstdCompress({ flush: codes.ZSTD_e_flush, params: { [codes.ZSTD_c_compressionLevel]: 3 } });
  }
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
  };
  return zlib.createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH, params });
}
