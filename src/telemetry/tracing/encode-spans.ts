import { ProtobufWriter, writeVarint } from '../otlp/protobuf-writer.ts';
import { randomWord } from './ids.ts';
import type { RecordedTrace } from './recorded-trace.ts';
import type { Span, SpanId } from './span.ts';

/** What every request begins with: the resource and the scope, each in the message that the spans are in. */
export interface RequestHead {
  readonly bytes: Buffer;
  /** Where the lengths of the two messages are. */
  readonly lengths: readonly [resource: number, scope: number];
}

/** What an attribute may be. */
export type AttributeValue = string | number | boolean | readonly string[];

/** A request is as long as a batch of spans: the lengths of its outer messages have place for any number. */
const LENGTH_BYTES = 5;

/**
 * Writes spans in the Protobuf form of OTLP, each as soon as it has ended. Spans that wait are bytes then and no objects, so that the garbage
 * collector has nothing to do with them; this takes a fifth of the time of the serializer of OpenTelemetry. The
 * bytes are a whole request.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
export class SpanWriter {
  count = 0;
  readonly #head: RequestHead;
  readonly #writer = new ProtobufWriter();

  constructor(head: RequestHead) {
    this.#head = head;
    this.#writer.encoded(head.bytes);
  }

  /** Empties it, so that it can be used again: long buffers are expensive to make. */
  clear(): void {
    this.count = 0;
    this.#writer.truncate(this.#head.bytes.length);
  }

  /** Returns an `ExportTraceServiceRequest` with the spans. It is valid until the next one is written. */
  request(): Buffer {
    const bytes = this.#writer.written;
    for (const at of this.#head.lengths) writeVarint(bytes, at, bytes.length - at - LENGTH_BYTES, LENGTH_BYTES);
    return bytes;
  }

  /** Writes the span of a stage that ends now. `startedAt` is by `performance.now()`. */
  writeStage(trace: RecordedTrace, parent: SpanId, name: string, startedAt: number): void {
    this.count++;
    const writer = this.#writer;
    const start = writer.begin(2, 2);
    writer.words(1, trace.idWords);
    writer.id(2, randomWord(), randomWord() || 1);
    writer.id(4, parent.idHigh, parent.idLow);
    writer.text(5, name);
    writer.varint(6, 1);
    writer.time(7, startedAt + trace.clockOffset);
    writer.time(8, performance.now() + trace.clockOffset);
    writer.fixed32(16, 1 | 0x100);
    writer.end(start);
  }

  write(span: Span): void {
    this.count++;
    const writer = this.#writer;
    const start = writer.begin(2, 2);
    writer.words(1, span.trace.idWords);
    writer.id(2, span.idHigh, span.idLow);
    if (span.hasParent) writer.id(4, span.parentHigh, span.parentLow);
    writer.text(5, span.name);
    writer.varint(6, span.kind + 1);
    writer.time(7, span.startTime);
    writer.time(8, span.endTime);
    writer.encoded(span.known.bytes);
    const { pairs } = span;
    for (let at = 0; at < pairs.length; at += 2)
      writeAttribute(writer, 9, pairs[at] as string, pairs[at + 1] as AttributeValue);
    if (span.droppedAttributes > 0) writer.varint(10, span.droppedAttributes);
    for (const { traceId, spanId } of span.links) {
      const link = writer.begin(13);
      writer.bytes(1, Buffer.from(traceId, 'hex'));
      writer.bytes(2, Buffer.from(spanId, 'hex'));
      writer.end(link);
    }
    if (span.droppedLinks > 0) writer.varint(14, span.droppedLinks);
    if (span.error !== undefined) {
      const status = writer.begin(15);
      if (span.error !== '') writer.text(2, span.error);
      writer.varint(3, 2);
      writer.end(status);
    }
    // sampled; bit 8 says that bit 9 is known: whether the parent is in another process
    writer.fixed32(16, 1 | 0x100 | (span.hasRemoteParent ? 0x200 : 0));
    writer.end(start);
  }
}

/** Writes a `KeyValue`. */
export function writeAttribute(writer: ProtobufWriter, field: number, name: string, value: AttributeValue): void {
  const start = writer.begin(field);
  writer.text(1, name);
  const inner = writer.begin(2);
  writeValue(writer, value);
  writer.end(inner);
  writer.end(start);
}

/** Writes the fields of an `AnyValue`. */
function writeValue(writer: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') return writer.text(1, value);
  if (typeof value === 'boolean') return writer.varint(2, value ? 1 : 0);
  if (typeof value !== 'number') {
    const list = writer.begin(5);
    for (const item of value) {
      const start = writer.begin(1);
      writer.text(1, item);
      writer.end(start);
    }
    return writer.end(list);
  }
  if (Number.isSafeInteger(value) && value >= 0 && value <= 0x7fffffff) return writer.varint(3, value);
  writer.double(4, value);
}

/** Returns what all requests of a process begin with. */
export function encodeHead(
  resource: Readonly<Record<string, AttributeValue>>,
  scope: { readonly name: string; readonly version: string },
): RequestHead {
  const writer = new ProtobufWriter();
  const outer = writer.reserved(1, LENGTH_BYTES);
  const attributes = writer.begin(1);
  for (const [name, value] of Object.entries(resource)) writeAttribute(writer, 1, name, value);
  writer.end(attributes);
  const inner = writer.reserved(2, LENGTH_BYTES);
  const named = writer.begin(1);
  writer.text(1, scope.name);
  writer.text(2, scope.version);
  writer.end(named);
  return { bytes: Buffer.from(writer.written), lengths: [outer, inner] };
}
