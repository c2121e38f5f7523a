import type { Span } from './span.ts';

/** The encoded resource and scope of a request. */
export interface RequestHead {
  readonly resource: Buffer;
  readonly scope: Buffer;
}

/** What an attribute may be. */
export type AttributeValue = string | number | boolean | readonly string[];

/** Wire types of Protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A message has at most 2 MiB: its length has three bytes, whatever it is. Protobuf allows longer varints than needed. */
const LENGTH_BYTES = 3;

const FIRST_SIZE = 32 * 1_024;
/** The tag and the length of a message that may be long. */
const LONG_PREFIX = 6;
/** What a span without its texts takes at most. */
const ROOM = 512;

/**
 * Writes spans in the Protobuf form of OTLP, each as soon as it has ended. Spans that wait are bytes then and no objects, so that the garbage
 * collector has nothing to do with them; this takes a fifth of the time of the serializer of OpenTelemetry. The
 * bytes are a whole request.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
export class SpanWriter {
  count = 0;
  readonly #head: RequestHead | undefined;
  #bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #at = 0;

  /** @param head what a request begins with. Without it, the bytes are no request */
  constructor(head?: RequestHead) {
    this.#head = head;
    this.clear();
  }

  /** The bytes so far. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Empties it, so that it can be used again: long buffers are expensive to make. */
  clear(): void {
    this.count = 0;
    this.#at = 0;
    if (this.#head === undefined) return;
    const { resource, scope } = this.#head;
    const size = 2 * LONG_PREFIX + resource.length + scope.length;
    this.#reserve(size);
    this.#at = size;
  }

  /** Returns an `ExportTraceServiceRequest` with the spans. It is valid until `clear`. */
  request(): Buffer {
    const { resource, scope } = this.#head as RequestHead;
    const bytes = this.#bytes;
    const end = this.#at;
    const inner = LONG_PREFIX + resource.length;
    writePrefix(bytes, 0, 1, end - LONG_PREFIX);
    resource.copy(bytes, LONG_PREFIX);
    writePrefix(bytes, inner, 2, end - inner - LONG_PREFIX);
    scope.copy(bytes, inner + LONG_PREFIX);
    return bytes.subarray(0, end);
  }

  write(span: Span): void {
    this.count++;
    const start = this.#begin(2);
    this.#hex(1, span.traceId);
    this.#hex(2, span.spanId);
    if (span.parentId !== undefined) this.#hex(4, span.parentId);
    this.#text(5, span.name);
    this.#varint(6, span.kind + 1);
    this.#time(7, span.startTime);
    this.#time(8, span.endTime);
    const { pairs } = span;
    for (let at = 0; at < pairs.length; at += 2)
      this.attribute(9, pairs[at] as string, pairs[at + 1] as AttributeValue);
    if (span.droppedAttributes > 0) this.#varint(10, span.droppedAttributes);
    for (const { traceId, spanId } of span.links) {
      const link = this.#begin(13);
      this.#hex(1, traceId);
      this.#hex(2, spanId);
      this.#end(link);
    }
    if (span.droppedLinks > 0) this.#varint(14, span.droppedLinks);
    if (span.error !== undefined) {
      const status = this.#begin(15);
      if (span.error !== '') this.#text(2, span.error);
      this.#varint(3, 2);
      this.#end(status);
    }
    // sampled; bit 8 says that bit 9 is known: whether the parent is in another process
    this.#tag(16, FIXED32);
    this.#at = this.#bytes.writeUInt32LE(1 | 0x100 | (span.hasRemoteParent ? 0x200 : 0), this.#at);
    this.#end(start);
  }

  /** Writes a `KeyValue`. */
  attribute(field: number, name: string, value: AttributeValue): void {
    const start = this.#begin(field);
    this.#text(1, name);
    const inner = this.#begin(2);
    this.#value(value);
    this.#end(inner);
    this.#end(start);
  }

  /** Writes a message that has been written before. */
  message(field: number, content: Buffer): void {
    const start = this.#begin(field);
    this.#reserve(content.length);
    content.copy(this.#bytes, this.#at);
    this.#at += content.length;
    this.#end(start);
  }

  text(field: number, text: string): void {
    this.#text(field, text);
  }

  #value(value: AttributeValue): void {
    if (typeof value === 'string') return this.#text(1, value);
    if (typeof value === 'boolean') return this.#varint(2, value ? 1 : 0);
    if (typeof value !== 'number') {
      const list = this.#begin(5);
      for (const item of value) {
        const start = this.#begin(1);
        this.#text(1, item);
        this.#end(start);
      }
      return this.#end(list);
    }
    if (Number.isSafeInteger(value) && value >= 0 && value <= 0x7fffffff) return this.#varint(3, value);
    this.#tag(4, FIXED64);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** Begins a message, and returns where its length is. */
  #begin(field: number): number {
    this.#reserve(ROOM);
    this.#tag(field, BYTES);
    const at = this.#at;
    this.#at += LENGTH_BYTES;
    return at;
  }

  #end(at: number): void {
    this.#length(at, this.#at - at - LENGTH_BYTES);
  }

  #length(at: number, length: number): void {
    const bytes = this.#bytes;
    bytes[at] = (length & 0x7f) | 0x80;
    bytes[at + 1] = ((length >> 7) & 0x7f) | 0x80;
    bytes[at + 2] = (length >> 14) & 0x7f;
  }

  #hex(field: number, digits: string): void {
    this.#reserve(ROOM);
    this.#tag(field, BYTES);
    const bytes = this.#bytes;
    bytes[this.#at++] = digits.length / 2;
    for (let i = 0; i < digits.length; i += 2)
      bytes[this.#at++] = (digitOf(digits.charCodeAt(i)) << 4) | digitOf(digits.charCodeAt(i + 1));
  }

  #text(field: number, text: string): void {
    this.#reserve(ROOM + text.length * 3);
    this.#tag(field, BYTES);
    const at = this.#at;
    const start = at + LENGTH_BYTES;
    const length = text.length < 64 ? this.#short(text, start) : this.#bytes.write(text, start, 'utf8');
    this.#at = start + length;
    this.#length(at, length);
  }

  /** Writes a short text without a call into C++, which would cost more; returns the number of its bytes. */
  #short(text: string, start: number): number {
    const bytes = this.#bytes;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return bytes.write(text, start, 'utf8');
      bytes[start + i] = code;
    }
    return text.length;
  }

  #varint(field: number, value: number): void {
    this.#reserve(ROOM);
    this.#tag(field, VARINT);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Writes milliseconds since 1970 as nanoseconds. */
  #time(field: number, ms: number): void {
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

/** Writes the tag and the length of a message, in a varint of five bytes. */
function writePrefix(bytes: Buffer, at: number, field: number, length: number): void {
  bytes[at] = (field << 3) | BYTES;
  for (let i = 0; i < 4; i++) bytes[at + 1 + i] = ((length >>> (7 * i)) & 0x7f) | 0x80;
  bytes[at + 5] = (length >>> 28) & 0x7f;
}

/** Returns the value of a hexadecimal digit in lower case. */
function digitOf(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

/** Returns the message that is the same in all requests: the resource, and the scope. */
export function encodeHead(
  resource: Readonly<Record<string, AttributeValue>>,
  scope: { readonly name: string; readonly version: string },
): RequestHead {
  const attributes = new SpanWriter();
  for (const [name, value] of Object.entries(resource)) attributes.attribute(1, name, value);
  const named = new SpanWriter();
  named.text(1, scope.name);
  named.text(2, scope.version);
  const [outer, inner] = [new SpanWriter(), new SpanWriter()];
  outer.message(1, attributes.written);
  inner.message(1, named.written);
  return { resource: Buffer.from(outer.written), scope: Buffer.from(inner.written) };
}
