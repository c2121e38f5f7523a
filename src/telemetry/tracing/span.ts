import type { Attributes, HrTime, Link, SpanContext, SpanStatus } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { CallSpan, SpanEnd, TracePlace } from '../../shared/trace.ts';
import { ATTRIBUTES as A } from './attributes.ts';
import { randomId } from './ids.ts';
import type { RecordedTrace } from './recorded-trace.ts';

/** Kinds and status codes of OpenTelemetry; its enums would be code to load. */
export const KIND = { internal: 0, server: 1, client: 2 } as const;
const UNSET: SpanStatus = { code: 0 };
const ERROR = 2;

const NO_LINKS: Link[] = [];

/** Longer texts in attributes are cut. */
const LONGEST = 256;

type Value = string | number | boolean | string[] | undefined;

/**
 * A span, which is also what the exporter reads. The SDK's own spans do more than is needed here, such as a sampler for each: they cost
 * several times as much.
 */
export class Span implements CallSpan, ReadableSpan {
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly trace: RecordedTrace;
  name: string;
  readonly kind: number;
  attributes: Attributes = {};
  links: Link[] = NO_LINKS;
  status: SpanStatus = UNSET;
  ended = false;
  droppedAttributesCount = 0;
  droppedLinksCount = 0;
  readonly droppedEventsCount = 0;
  readonly events: never[] = [];
  #attributeCount = 0;
  readonly #startedAt: number;
  #endedAt = 0;
  #headers: readonly string[] | undefined;
  #tries = 0;
  /** Tries in flight. */
  #running = 0;
  /** Of a try: the span that it belongs to. */
  #of: Span | undefined;

  constructor(
    trace: RecordedTrace,
    { name, kind = KIND.internal, parentId, spanId = randomId(16), startedAt = performance.now() }: SpanStart,
  ) {
    this.trace = trace;
    this.name = name;
    this.kind = kind;
    this.parentId = parentId;
    this.spanId = spanId;
    this.#startedAt = startedAt;
  }

  get traceId(): string {
    return this.trace.traceId;
  }

  get isSampled(): boolean {
    return this.trace.isSampled;
  }

  get headers(): readonly string[] {
    this.#headers ??= this.trace.headersFrom(this.spanId);
    return this.#headers;
  }

  get resource() {
    return this.trace.settings.resource;
  }

  get instrumentationScope() {
    return this.trace.settings.scope;
  }

  spanContext(): SpanContext {
    return { traceId: this.traceId, spanId: this.spanId, traceFlags: 1 };
  }

  get parentSpanContext(): SpanContext | undefined {
    if (this.parentId === undefined) return undefined;
    const isRemote = this.kind === KIND.server;
    return { traceId: this.traceId, spanId: this.parentId, traceFlags: 1, isRemote };
  }

  get startTime(): HrTime {
    return hrTime(this.#startedAt + this.trace.clockOffset);
  }

  get endTime(): HrTime {
    return hrTime(this.#endedAt + this.trace.clockOffset);
  }

  get duration(): HrTime {
    return hrTime(this.#endedAt - this.#startedAt);
  }

  /** Sets an attribute. Long texts are cut; attributes beyond the limit are counted. */
  set(name: string, value: Value): void {
    if (value === undefined) return;
    if (this.#attributeCount >= this.trace.settings.maxAttributes) {
      this.droppedAttributesCount++;
      return;
    }
    this.#attributeCount++;
    this.attributes[name] = typeof value === 'string' && value.length > LONGEST ? value.slice(0, LONGEST) : value;
  }

  /** Sets a long text, such as a document. */
  setText(name: string, value: string): void {
    this.set(name, '');
    if (name in this.attributes) this.attributes[name] = value;
  }

  startCall(method: string, template: string): CallSpan {
    const span = this.#child(`${method} ${template}`, KIND.internal);
    span.set(A.method, method);
    span.set(A.urlTemplate, template);
    return span;
  }

  startTry(method: string): CallSpan {
    const span = this.#child(method, KIND.client);
    span.#of = this;
    span.set(A.method, method);
    if (this.#tries > 0) span.set(A.resendCount, this.#tries);
    if (this.#running > 0) span.set(A.hedge, true);
    this.#tries++;
    this.#running++;
    return span;
  }

  sentTo(url: string): void {
    this.set(A.urlFull, url);
    const { address, port } = addressOf(url);
    this.set(A.serverAddress, address);
    this.set(A.serverPort, port);
  }

  join(other: TracePlace | undefined): void {
    if (other === undefined || other.spanId === this.spanId) return;
    if (this.links.length >= this.trace.settings.maxLinks) {
      this.droppedLinksCount++;
      return;
    }
    if (this.links === NO_LINKS) this.links = [];
    const { traceId, spanId, isSampled } = other;
    this.links.push({ context: { traceId, spanId, traceFlags: isSampled ? 1 : 0 } });
  }

  /** Sets the status to an error, with its code and its cause in a few words. */
  fail(code: string, reason?: string): void {
    this.set(A.errorType, code);
    this.status = reason === undefined ? { code: ERROR } : { code: ERROR, message: reason.slice(0, LONGEST) };
  }

  end({ status, code, reason, isCancelled }: SpanEnd = {}): void {
    if (this.ended) return;
    this.ended = true;
    this.#endedAt = performance.now();
    if (this.#of) this.#of.#running--;
    this.set(A.status, status);
    if (isCancelled) this.set(A.cancelled, true);
    else if (code !== undefined) this.fail(code, reason);
    else if (this.kind === KIND.client && status !== undefined && status >= 400) this.fail(String(status));
    this.trace.add(this);
  }

  #child(name: string, kind: number): Span {
    const span = new Span(this.trace, { name, kind, parentId: this.spanId });
    span.set(A.subgraph, this.attributes[A.subgraph] as string | undefined);
    return span;
  }
}

interface SpanStart {
  readonly name: string;
  readonly kind?: number;
  readonly parentId?: string | undefined;
  readonly spanId?: string;
  /** By `performance.now()`. */
  readonly startedAt?: number;
}

/** Seconds and nanoseconds of milliseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

const ADDRESSES = new Map<string, { readonly address: string | undefined; readonly port: number | undefined }>();
const MOST_ADDRESSES = 1_000;

function addressOf(url: string) {
  let known = ADDRESSES.get(url);
  if (known === undefined) {
    const { hostname, port, protocol } = URL.canParse(url) ? new URL(url) : { hostname: '', port: '', protocol: '' };
    const byProtocol = protocol === 'https:' ? 443 : 80;
    known =
      hostname === ''
        ? { address: undefined, port: undefined }
        : { address: hostname, port: Number(port) || byProtocol };
    if (ADDRESSES.size >= MOST_ADDRESSES) ADDRESSES.clear();
    ADDRESSES.set(url, known);
  }
  return known;
}
