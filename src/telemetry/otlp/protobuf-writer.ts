/** Wire types of Protocol Buffers. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const FIRST_SIZE = 32 * 1_024;
/** What the tag and the length of a field take at most, or a number. */
const ROOM = 16;
/** Shorter texts are written without a call into C++, which would cost more. */
const SHORT_TEXT = 64;

/**
 * Writes a message of Protocol Buffers into a buffer that grows, and that can be used again.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #at = 0;

  /** The bytes so far. They are valid until the next one is written. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  get length(): number {
    return this.#at;
  }

  /** Removes what was written after a length. */
  truncate(length: number): void {
    this.#at = length;
  }

  /**
   * Begins a message within the message. Returns what `end` needs.
   * @param width how many bytes its length will probably have. If it has more, `end` moves the content; if it has fewer, it fills them up,
   *     which readers accept
   */
  begin(field: number, width: 1 | 2 = 1): number {
    this.#reserve(ROOM);
    this.#tag(field, BYTES);
    this.#at += width;
    return this.#at * 4 + width;
  }

  end(begun: number): void {
    const start = begun >> 2;
    const width = begun & 3;
    const length = this.#at - start;
    const needed = Math.max(width, varintSize(length));
    const bytes = this.#bytes;
    if (needed > width) {
      this.#reserve(needed);
      this.#bytes.copyWithin(start + needed - width, start, this.#at);
      this.#at += needed - width;
      writeVarint(this.#bytes, start - width, length, needed);
    } else writeVarint(bytes, start - width, length, width);
  }

  /** Begins a message whose length is written later, in so many bytes. Returns where. */
  reserved(field: number, width: number): number {
    this.#reserve(ROOM);
    this.#tag(field, BYTES);
    const at = this.#at;
    this.#at += width;
    return at;
  }

  text(field: number, text: string): void {
    this.#reserve(ROOM + text.length * 3);
    this.#tag(field, BYTES);
    if (text.length < SHORT_TEXT && this.#ascii(text)) return;
    const size = Buffer.byteLength(text);
    this.#at = writeVarint(this.#bytes, this.#at, size, varintSize(size));
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
  }

  bytes(field: number, bytes: Uint8Array): void {
    const begun = this.begin(field);
    this.encoded(bytes);
    this.end(begun);
  }

  /** Writes fields that are encoded already. */
  encoded(fields: Uint8Array): void {
    this.#reserve(fields.length);
    this.#bytes.set(fields, this.#at);
    this.#at += fields.length;
  }

  /** @param value a whole number from 0 to 2^32 - 1 */
  varint(field: number, value: number): void {
    this.#reserve(ROOM);
    this.#tag(field, VARINT);
    this.#at = writeVarint(this.#bytes, this.#at, value, varintSize(value));
  }

  /** @param value a whole number from 0 to 2^64 - 1 */
  fixed64(field: number, value: bigint): void {
    this.#reserve(ROOM);
    this.#tag(field, FIXED64);
    this.packedFixed64(value);
  }

  double(field: number, value: number): void {
    this.#reserve(ROOM);
    this.#tag(field, FIXED64);
    this.packedDouble(value);
  }

  /** @param value a whole number from 0 to 2^32 - 1 */
  fixed32(field: number, value: number): void {
    this.#reserve(ROOM);
    this.#tag(field, FIXED32);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  /** Writes milliseconds since 1970, with fractions, as nanoseconds. */
  time(field: number, ms: number): void {
    this.#reserve(ROOM);
    this.#tag(field, FIXED64);
    const seconds = Math.floor(ms / 1_000);
    const nanoseconds = seconds * 1e9;
    // a double has no room for all digits of the sum
    const high = Math.floor(nanoseconds / 2 ** 32);
    const low = nanoseconds - high * 2 ** 32 + Math.round((ms - seconds * 1_000) * 1e6);
    const carry = Math.floor(low / 2 ** 32);
    this.#at = this.#bytes.writeUInt32LE(low - carry * 2 ** 32, this.#at);
    this.#at = this.#bytes.writeUInt32LE(high + carry, this.#at);
  }

  /** Writes the 8 bytes of two words of 32 bits, such as the id of a span. */
  id(field: number, high: number, low: number): void {
    this.#reserve(ROOM);
    this.#tag(field, BYTES);
    this.#bytes[this.#at++] = 8;
    this.#word(high);
    this.#word(low);
  }

  /** Writes the bytes of words of 32 bits. */
  words(field: number, words: readonly number[]): void {
    this.#reserve(ROOM + 4 * words.length);
    this.#tag(field, BYTES);
    this.#bytes[this.#at++] = 4 * words.length;
    for (const word of words) this.#word(word);
  }

  /** Writes one item of packed numbers. */
  packedFixed64(value: bigint): void {
    this.#reserve(ROOM);
    this.#at = this.#bytes.writeBigUInt64LE(value, this.#at);
  }

  /** Writes one item of packed numbers. */
  packedDouble(value: number): void {
    this.#reserve(ROOM);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  #word(word: number): void {
    const bytes = this.#bytes;
    bytes[this.#at++] = word >>> 24;
    bytes[this.#at++] = word >>> 16;
    bytes[this.#at++] = word >>> 8;
    bytes[this.#at++] = word;
  }

  /** Writes a short text after its length. Returns whether it has ASCII characters only; if not, nothing counts as written. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[start + i] = code;
    }
    bytes[this.#at] = text.length;
    this.#at = start + text.length;
    return true;
  }

  #tag(field: number, type: number): void {
    const tag = (field << 3) | type;
    if (tag > 0x7f) {
      this.#bytes[this.#at++] = (tag & 0x7f) | 0x80;
      this.#bytes[this.#at++] = tag >> 7;
    } else this.#bytes[this.#at++] = tag;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + size));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** Writes a number in as many bytes as are given. Returns where they end. */
export function writeVarint(bytes: Uint8Array, at: number, value: number, size: number): number {
  let rest = value;
  for (let i = 0; i < size - 1; i++) {
    bytes[at + i] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at + size - 1] = rest & 0x7f;
  return at + size;
}
