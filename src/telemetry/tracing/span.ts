import type { CallSpan, SpanEnd, TracePlace } from '../../shared/trace.ts';
import { ATTRIBUTES as A } from './attributes.ts';
import type { AttributeValue } from './encode-spans.ts';
import { randomId } from './ids.ts';
import type { RecordedTrace } from './recorded-trace.ts';

/** Kinds of spans, as OpenTelemetry numbers them. */
export const KIND = { internal: 0, server: 1, client: 2 } as const;

/** Longer texts in attributes are cut. */
const LONGEST = 256;

const NO_LINKS: readonly TracePlace[] = [];

/**
 * A span. Those of OpenTelemetry's SDK do more than is needed here, such as a sampler for each, and cost several times as much.
 */
export class Span implements CallSpan {
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly trace: RecordedTrace;
  name: string;
  readonly kind: number;
  /** The names and values of its attributes, alternating. */
  readonly pairs: (string | AttributeValue)[] = [];
  links: readonly TracePlace[] = NO_LINKS;
  /** The message of its error, which may be empty; `undefined` where it has none. */
  error: string | undefined;
  droppedAttributes = 0;
  droppedLinks = 0;
  readonly #subgraph: string | undefined;
  readonly #startedAt: number;
  #endedAt = 0;
  #isEnded = false;
  #headers: readonly string[] | undefined;
  #tries = 0;
  /** Tries in flight. */
  #running = 0;
  /** Of a try: the span that it belongs to. */
  #of: Span | undefined;

  constructor(trace: RecordedTrace, { name, kind = KIND.internal, parentId, subgraph, startedAt }: SpanStart) {
    this.trace = trace;
    this.name = name;
    this.kind = kind;
    this.parentId = parentId;
    this.spanId = randomId(16);
    this.#subgraph = subgraph;
    this.#startedAt = startedAt ?? performance.now();
    if (subgraph !== undefined) this.set(A.subgraph, subgraph);
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

  /** Whether its parent is in another process. */
  get hasRemoteParent(): boolean {
    return this.kind === KIND.server && this.parentId !== undefined;
  }

  /** In milliseconds since 1970. */
  get startTime(): number {
    return this.#startedAt + this.trace.clockOffset;
  }

  get endTime(): number {
    return this.#endedAt + this.trace.clockOffset;
  }

  has(name: string): boolean {
    return this.pairs.includes(name);
  }

  /** Sets an attribute. Long texts are cut; attributes beyond the limit are counted. */
  set(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) return;
    this.#add(name, typeof value === 'string' && value.length > LONGEST ? value.slice(0, LONGEST) : value);
  }

  /** Sets a long text, such as a document. */
  setText(name: string, value: string): void {
    this.#add(name, value);
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
    this.set(A.status, status);
    if (isCancelled) this.set(A.cancelled, true);
    else if (code !== undefined) this.fail(code, reason);
    else if (this.kind === KIND.client && status !== undefined && status >= 400) this.fail(String(status));
    this.trace.add(this);
  }

  #add(name: string, value: AttributeValue): void {
    if (this.pairs.length >= 2 * this.trace.settings.maxAttributes) this.droppedAttributes++;
    else this.pairs.push(name, value);
  }

  #child(name: string, kind: number): Span {
    return new Span(this.trace, { name, kind, parentId: this.spanId, subgraph: this.#subgraph });
  }
}

interface SpanStart {
  readonly name: string;
  readonly kind?: number;
  readonly parentId?: string | undefined;
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
