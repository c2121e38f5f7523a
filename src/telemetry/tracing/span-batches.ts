import { type RequestHead, SpanWriter } from './encode-spans.ts';
import type { RecordedTrace, SpanSink } from './recorded-trace.ts';
import type { Span, SpanId } from './span.ts';

export interface BatchSettings {
  /** How long a span waits for others, in milliseconds. */
  readonly delayMs: number;
  readonly maxQueueSize: number;
  readonly maxBatchSize: number;
}

/** Sends spans that are encoded already; resolves with the reason where that failed. Never rejects. */
export type SendSpans = (spans: SpanWriter) => Promise<string | undefined>;

/** What is reported of sending spans. */
export interface BatchObserver {
  readonly sent: () => void;
  readonly failed: (reason: string, spans: number) => void;
  /** The queue is full. */
  readonly dropped: () => void;
}

/** How many buffers are kept for further batches. */
const MOST_EMPTY = 4;

/**
 * Collects spans and sends them in batches, one after the other. The queue has a bound: while the collector is slow or down, further spans are
 * dropped, and requests never wait.
 *
 * Not the SDK's `BatchSpanProcessor`, which reports failures and dropped spans through loggers of the whole process. A program that
 * embeds the gateway may use these for itself.
 */
export class SpanBatches implements SpanSink {
  readonly #settings: BatchSettings;
  readonly #send: SendSpans;
  readonly #observer: BatchObserver;
  /** Full batches that wait, and the one that spans are added to. */
  readonly #full: SpanWriter[] = [];
  #open: SpanWriter;
  /** Empty ones, to be used again. */
  readonly #empty: SpanWriter[] = [];
  readonly #head: RequestHead;
  /** How many spans wait. */
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;
  #isClosed = false;
  /** How many spans are in each request that is in flight. */
  readonly #inFlight = new Map<Promise<void>, number>();
  /** Whether requests in flight have been given up. */
  #isOver = false;

  constructor(settings: BatchSettings, head: RequestHead, send: SendSpans, observer: BatchObserver) {
    this.#head = head;
    this.#open = new SpanWriter(head);
    this.#settings = settings;
    this.#send = send;
    this.#observer = observer;
  }

  add(span: Span): void {
    if (!this.#hasRoom()) return;
    this.#open.write(span);
    this.#added();
  }

  addStage(trace: RecordedTrace, parent: SpanId, name: string, startedAt: number): void {
    if (!this.#hasRoom()) return;
    this.#open.writeStage(trace, parent, name, startedAt);
    this.#added();
  }

  /** Sends what is left. Resolves when it is sent, or after a time in milliseconds: it reports the rest as failed then. */
  async close(withinMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    while (this.#count > 0) void this.#sendBatch();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([Promise.all(this.#inFlight.keys()), late]);
    clearTimeout(timer);
    this.#isOver = true;
    const lost = [...this.#inFlight.values()].reduce((sum, count) => sum + count, 0);
    if (lost > 0) this.#observer.failed('the gateway stopped before the collector responded', lost);
  }

  #hasRoom(): boolean {
    if (this.#isClosed) return false;
    if (this.#count < this.#settings.maxQueueSize) return true;
    this.#observer.dropped();
    return false;
  }

  #added(): void {
    this.#count++;
    if (this.#open.count >= this.#settings.maxBatchSize) {
      this.#full.push(this.#open);
      this.#open = this.#next();
    }
    if (!this.#isSending) this.#schedule();
  }

  #schedule(): void {
    if (this.#full.length > 0) {
      this.#isSending = true;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      // not within the request whose span was the last one
      setImmediate(() => void this.#sendNext());
    } else {
      this.#timer ??= setTimeout(() => void this.#sendNext(), this.#settings.delayMs).unref();
    }
  }

  async #sendNext(): Promise<void> {
    this.#timer = undefined;
    this.#isSending = true;
    await this.#sendBatch();
    this.#isSending = false;
    if (this.#count > 0 && !this.#isClosed) this.#schedule();
  }

  #next(): SpanWriter {
    return this.#empty.pop() ?? new SpanWriter(this.#head);
  }

  #sendBatch(): Promise<void> {
    const spans = this.#full.shift() ?? this.#open;
    if (spans === this.#open) this.#open = this.#next();
    if (spans.count === 0) return Promise.resolve();
    this.#count -= spans.count;
    const sent = this.#send(spans).then((reason) => {
      this.#inFlight.delete(sent);
      if (this.#isOver) return;
      const { count } = spans;
      if (reason === undefined) this.#observer.sent();
      else this.#observer.failed(reason, count);
      spans.clear();
      if (this.#empty.length < MOST_EMPTY) this.#empty.push(spans);
    });
    this.#inFlight.set(sent, spans.count);
    return sent;
  }
}
