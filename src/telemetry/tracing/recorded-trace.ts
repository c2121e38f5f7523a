import type { DocumentNode } from 'graphql';
import type { OperationLabel } from '../../shared/request-notes.ts';
import type {
  CallSpan,
  OperationSpans,
  RequestTrace,
  SpanEnd,
  TracedPayload,
  TracedRequest,
  TracePlace,
} from '../../shared/trace.ts';
import { ATTRIBUTES as A } from './attributes.ts';
import { withoutLiterals } from './document-text.ts';
import { endRequestSpan } from './end-request.ts';
import { digitsOf, randomWords, type TraceWords, traceParentOf, wordsOf } from './ids.ts';
import type { IncomingContext, Propagation } from './propagation.ts';
import { KIND, Span, type SpanId, spanIdOf } from './span.ts';

/** What all traces of a gateway share. */
export interface TraceSettings {
  readonly propagation: Propagation;
  readonly maxAttributes: number;
  readonly maxLinks: number;
  readonly recordsDocuments: boolean;
  readonly spans: SpanSink;
}

/** Takes spans that have ended. */
export interface SpanSink {
  add(span: Span): void;
  /** Takes the span of a stage that ends now, and has a name and times alone. `startedAt` is by `performance.now()`. */
  addStage(trace: RecordedTrace, parent: SpanId, name: string, startedAt: number): void;
}

/** Decides whether a trace is recorded, by the name of its operation. */
export type Decide = (operationName: string | undefined) => boolean;

/** Stages whose spans are made elsewhere. */
const OWN_SPANS: ReadonlySet<string> = new Set(['request', 'fetch', 'try']);

/** A trace that is recorded, or that may be: then its spans wait for the decision. */
export class RecordedTrace implements RequestTrace {
  readonly settings: TraceSettings;
  /** Its id, in four words of 32 bits. */
  readonly idWords: TraceWords;
  readonly root: Span;
  /** What to add to `performance.now()` for the time since 1970. */
  readonly clockOffset = Date.now() - performance.now();
  readonly #traceState: string | undefined;
  readonly #decide: Decide | undefined;
  #id: string | undefined;
  #isSampled: boolean | undefined;
  #waiting: Span[] = [];
  readonly #recorder: Recorder;
  /** The spans of operations in a batch. */
  readonly operations: Span[] = [];
  /** The name of the operation, once it is known. */
  operationName: string | undefined;

  /** @param decide decides when the operation is known. Without it, the trace is recorded */
  constructor(
    settings: TraceSettings,
    { parent, traceId, traceState }: IncomingContext,
    startedAt: number,
    decide?: Decide,
  ) {
    this.settings = settings;
    this.#id = parent?.traceId ?? traceId;
    this.idWords = this.#id === undefined ? randomWords() : wordsOf(this.#id);
    this.#traceState = traceState;
    this.#decide = decide;
    this.#isSampled = decide === undefined ? true : undefined;
    this.root = new Span(this, {
      name: 'request',
      kind: KIND.server,
      parent: parent && spanIdOf(parent.spanId),
      startedAt,
    });
    this.#recorder = new Recorder(this, this.root);
  }

  get traceId(): string {
    this.#id ??= digitsOf(this.idWords);
    return this.#id;
  }

  get spanId(): string {
    return this.root.spanId;
  }

  get isSampled(): boolean {
    return this.#isSampled ?? this.decide();
  }

  get headers(): readonly string[] {
    return this.root.headers;
  }

  get spans(): OperationSpans | undefined {
    return this.#isSampled === false ? undefined : this.#recorder;
  }

  /** Returns the headers of requests that are sent from a span. */
  headersFrom({ idHigh, idLow }: SpanId): readonly string[] {
    const traceParent = traceParentOf(this.idWords, idHigh, idLow, this.isSampled);
    return this.settings.propagation.write(traceParent, this.isSampled, this.#traceState);
  }

  join(other: TracePlace | undefined): void {
    if (other instanceof RecordedTrace) this.operationName ??= other.operationName;
    this.root.join(other);
  }

  /** Decides whether the trace is recorded, if that is open. */
  decide(): boolean {
    if (this.#isSampled !== undefined) return this.#isSampled;
    this.#isSampled = this.#decide?.(this.operationName) ?? true;
    if (this.#isSampled) for (const span of this.#waiting) this.settings.spans.add(span);
    this.#waiting = [];
    return this.#isSampled;
  }

  add(span: Span): void {
    if (this.#isSampled) this.settings.spans.add(span);
    else if (this.#isSampled === undefined) this.#waiting.push(span);
  }

  /** Adds the span of a stage that ends now. `startedAt` is by `performance.now()`. */
  addStage(name: string, parent: SpanId, startedAt: number, failure?: unknown): void {
    if (this.#isSampled && failure === undefined) this.settings.spans.addStage(this, parent, name, startedAt);
    else new Span(this, { name, parent, startedAt }).end(endOf(failure));
  }

  end(request: TracedRequest): void {
    this.operationName ??= request.operation?.name;
    if (!this.decide()) return;
    for (const span of this.operations) span.end();
    endRequestSpan(this.root, request);
  }
}

/** Records the spans of one operation. */
class Recorder implements OperationSpans {
  readonly #trace: RecordedTrace;
  readonly #parent: Span;
  /** The span of its execution, which fetches belong to. */
  #execution: Span | undefined;

  /** @param parent the span of the request, or of the operation in a batch */
  constructor(trace: RecordedTrace, parent: Span) {
    this.#trace = trace;
    this.#parent = parent;
  }

  observe<T>(stage: string, work: () => T): T {
    if (OWN_SPANS.has(stage)) return work();
    if (stage === 'execute') this.#execution = new Span(this.#trace, { name: stage, parent: this.#parent });
    const startedAt = performance.now();
    let result: T;
    try {
      result = work();
    } catch (error) {
      this.#endStage(stage, startedAt, error);
      throw error;
    }
    if (result instanceof Promise) this.#endLater(stage, startedAt, result);
    else this.#endStage(stage, startedAt);
    return result;
  }

  startStage(stage: string): ((end: { readonly error?: unknown }) => void) | undefined {
    if (OWN_SPANS.has(stage)) return undefined;
    const span = new Span(this.#trace, { name: stage, parent: this.#parentOf(stage) });
    // the events of a subscription are executed one after the other
    if (stage === 'execute' || stage === 'event') this.#execution = span;
    return ({ error }) => span.end(endOf(error));
  }

  addPayload({ label, path, startedAt, error }: TracedPayload): void {
    const parent = this.#execution ?? this.#parent;
    const span = new Span(this.#trace, { name: 'payload', parent, startedAt });
    span.set(A.payloadLabel, label);
    span.set(A.payloadPath, path);
    span.end(endOf(error));
  }

  startFetch(subgraph: string, operationType: string): CallSpan {
    const parent = this.#execution ?? this.#parent;
    const span = new Span(this.#trace, { name: fetchName(subgraph), parent, subgraph });
    span.setKnown(A.operationType, operationType);
    return span;
  }

  name({ name, type }: OperationLabel, document: DocumentNode): void {
    this.#trace.operationName ??= name;
    if (!this.#trace.decide()) return;
    this.#parent.setKnown(A.operationType, type || undefined);
    this.#parent.isNamed = true;
    this.#parent.set(A.operationName, name);
    if (this.#trace.settings.recordsDocuments) this.#parent.setText(A.document, withoutLiterals(document));
  }

  startOperation(): OperationSpans {
    const span = new Span(this.#trace, { name: 'operation', parent: this.#parent });
    this.#trace.operations.push(span);
    return new Recorder(this.#trace, span);
  }

  #parentOf(stage: string): Span {
    const isWithin = stage === 'mask errors' || stage === 'cache policy';
    return (isWithin && this.#execution) || this.#parent;
  }

  #endLater(stage: string, startedAt: number, result: Promise<unknown>): void {
    result.then(
      () => this.#endStage(stage, startedAt),
      (error: unknown) => this.#endStage(stage, startedAt, error),
    );
  }

  #endStage(stage: string, startedAt: number, failure?: unknown): void {
    if (stage === 'execute') this.#execution?.end(endOf(failure));
    else this.#trace.addStage(stage, this.#parentOf(stage), startedAt, failure);
  }
}

const FETCH_NAMES = new Map<string, string>();
const MOST_FETCH_NAMES = 1_000;

function fetchName(subgraph: string): string {
  let name = FETCH_NAMES.get(subgraph);
  if (name === undefined) {
    name = `fetch ${subgraph}`;
    if (FETCH_NAMES.size >= MOST_FETCH_NAMES) FETCH_NAMES.clear();
    FETCH_NAMES.set(subgraph, name);
  }
  return name;
}

function endOf(failure: unknown): SpanEnd {
  return failure === undefined ? {} : { code: codeOf(failure) };
}

function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'Error';
}
