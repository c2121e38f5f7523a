import type { CallSpan, SpanEnd, TracePlace } from '../../shared/trace.ts';
import { ATTRIBUTES as A } from './attributes.ts';
import type { AttributeValue } from './encode-spans.ts';
import { digitsOf, randomWord, wordAt } from './ids.ts';
import { KnownAttributes } from './known-attributes.ts';
import type { RecordedTrace } from './recorded-trace.ts';

/** Kinds of spans, as OpenTelemetry numbers them. */
export const KIND = { internal: 0, server: 1, client: 2 } as const;

/** Longer texts in attributes are cut. */
const LONGEST = 256;

const NO_LINKS: readonly TracePlace[] = [];
const NO_PAIRS: readonly AttributeValue[] = [];

/**
 * A span. Those of OpenTelemetry's SDK do more than is needed here, such as a sampler for each, and cost several times as much.
 */
export class Span implements CallSpan {
  readonly trace: RecordedTrace;
  name: string;
  readonly kind: number;
  /** Its id, in two words of 32 bits. */
  readonly idHigh: number;
  readonly idLow: number;
  readonly hasParent: boolean;
  readonly parentHigh: number;
  readonly parentLow: number;
  /** Its attributes that many spans have. */
  known: KnownAttributes = KnownAttributes.none;
  /** The names and values of its other attributes, alternating. */
  pairs: readonly AttributeValue[] = NO_PAIRS;
  links: readonly TracePlace[] = NO_LINKS;
  /** The message of its error, which may be empty; `undefined` where it has none. */
  error: string | undefined;
  /** Whether it has the name and the type of the operation. */
  isNamed = false;
  droppedAttributes = 0;
  droppedLinks = 0;
  readonly #subgraph: string | undefined;
  readonly #startedAt: number;
  #endedAt = 0;
  #isEnded = false;
  #headers: readonly string[] | undefined;
  #id: string | undefined;
  #tries = 0;
  /** Tries in flight. */
  #running = 0;
  /** Of a try: the span that it belongs to. */
  #of: Span | undefined;

  constructor(trace: RecordedTrace, { name, kind = KIND.internal, parent, subgraph, startedAt }: SpanStart) {
    this.trace = trace;
    this.name = name;
    this.kind = kind;
    this.hasParent = parent !== undefined;
    this.parentHigh = parent?.idHigh ?? 0;
    this.parentLow = parent?.idLow ?? 0;
    this.idHigh = randomWord();
    // an id is never zero
    this.idLow = randomWord() || 1;
    this.#subgraph = subgraph;
    this.#startedAt = startedAt ?? performance.now();
    if (subgraph !== undefined) this.setKnown(A.subgraph, subgraph);
  }

  get spanId(): string {
    this.#id ??= digitsOf([this.idHigh, this.idLow]);
    return this.#id;
  }

  get traceId(): string {
    return this.trace.traceId;
  }

  get isSampled(): boolean {
    return this.trace.isSampled;
  }

  get headers(): readonly string[] {
    this.#headers ??= this.trace.headersFrom(this);
    return this.#headers;
  }

  /** Whether its parent is in another process. */
  get hasRemoteParent(): boolean {
    return this.kind === KIND.server && this.hasParent;
  }

  /** In milliseconds since 1970. */
  get startTime(): number {
    return this.#startedAt + this.trace.clockOffset;
  }

  get endTime(): number {
    return this.#endedAt + this.trace.clockOffset;
  }

  /** Sets an attribute. Long texts are cut; attributes beyond the limit are counted. */
  set(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) return;
    this.#add(name, typeof value === 'string' && value.length > LONGEST ? value.slice(0, LONGEST) : value);
  }

  /** Sets an attribute whose value clients cannot choose. Many spans share its encoded form. */
  setKnown(name: string, value: string | number | undefined): void {
    if (value === undefined) return;
    const known =
      this.#isFull || (typeof value === 'string' && value.length > LONGEST) ? undefined : this.known.with(name, value);
    if (known === undefined) this.set(name, value);
    else this.known = known;
  }

  /** Sets a long text, such as a document. */
  setText(name: string, value: string): void {
    this.#add(name, value);
  }

  startCall(method: string, template: string): CallSpan {
    const span = this.#child(`${method} ${template}`, KIND.internal);
    span.setKnown(A.method, method);
    span.setKnown(A.urlTemplate, template);
    return span;
  }

  startTry(method: string): CallSpan {
    const span = this.#child(method, KIND.client);
    span.#of = this;
    span.setKnown(A.method, method);
    if (this.#tries > 0) span.set(A.resendCount, this.#tries);
    if (this.#running > 0) span.set(A.hedge, true);
    this.#tries++;
    this.#running++;
    return span;
  }

  sentTo(url: string): void {
    const { address, port } = addressOf(url);
    this.setKnown(A.urlFull, url);
    this.setKnown(A.serverAddress, address);
    this.setKnown(A.serverPort, port);
  }

  join(other: TracePlace | undefined): void {
    if (other === undefined || other.spanId === this.spanId) return;
    if (this.links.length >= this.trace.settings.maxLinks) this.droppedLinks++;
    // a copy, since the other would be kept with all its spans
    else this.links = [...this.links, { traceId: other.traceId, spanId: other.spanId, isSampled: true, headers: [] }];
  }

  /** Sets the status to an error, with its code and its cause in a few words. */
  fail(code: string, reason?: string): void {
    this.set(A.errorType, code);
    this.error = reason?.slice(0, LONGEST) ?? '';
  }

  end({ status, code, reason, isCancelled }: SpanEnd = {}): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#endedAt = performance.now();
    if (this.#of) this.#of.#running--;
    this.setKnown(A.status, status);
    if (isCancelled) this.set(A.cancelled, true);
    else if (code !== undefined) this.fail(code, reason);
    else if (this.kind === KIND.client && status !== undefined && status >= 400) this.fail(String(status));
    this.trace.add(this);
  }

  get #isFull(): boolean {
    return this.known.count + this.pairs.length / 2 >= this.trace.settings.maxAttributes;
  }

  #add(name: string, value: AttributeValue): void {
    if (this.#isFull) this.droppedAttributes++;
    else if (this.pairs === NO_PAIRS) this.pairs = [name, value];
    else (this.pairs as AttributeValue[]).push(name, value);
  }

  #child(name: string, kind: number): Span {
    return new Span(this.trace, { name, kind, parent: this, subgraph: this.#subgraph });
  }
}

/** The id of a span, in two words of 32 bits. */
export interface SpanId {
  readonly idHigh: number;
  readonly idLow: number;
}

/** Returns the id with 16 hexadecimal digits. */
export function spanIdOf(digits: string): SpanId {
  return { idHigh: wordAt(digits, 0), idLow: wordAt(digits, 8) };
}

interface SpanStart {
  readonly name: string;
  readonly kind?: number;
  readonly parent?: SpanId | undefined;
  readonly subgraph?: string | undefined;
  /** By `performance.now()`. Default: now. */
  readonly startedAt?: number;
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
