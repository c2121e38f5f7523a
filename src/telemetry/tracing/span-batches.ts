import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

export interface BatchSettings {
  /** How long a span waits for others, in milliseconds. */
  readonly delayMs: number;
  readonly maxQueueSize: number;
  readonly maxBatchSize: number;
}

/** Sends spans; resolves with the reason where that failed. Never rejects. */
export type SendSpans = (spans: ReadableSpan[]) => Promise<string | undefined>;

/** What is reported of sending spans. */
export interface BatchObserver {
  readonly sent: () => void;
  readonly failed: (reason: string, spans: number) => void;
  /** The queue is full. */
  readonly dropped: () => void;
}

/**
 * Collects spans and sends them in batches, one after the other. The queue has a bound: while the collector is slow or down, further spans are
 * dropped, and requests never wait.
 *
 * Not the SDK's `BatchSpanProcessor`, which reports failures and dropped spans through loggers of the whole process. A program that
 * embeds the gateway may use these for itself.
 */
export class SpanBatches {
  readonly #settings: BatchSettings;
  readonly #send: SendSpans;
  readonly #observer: BatchObserver;
  #queue: ReadableSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;
  #isClosed = false;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(settings: BatchSettings, send: SendSpans, observer: BatchObserver) {
    this.#settings = settings;
    this.#send = send;
    this.#observer = observer;
  }

  add(span: ReadableSpan): void {
    if (this.#isClosed) return;
    if (this.#queue.length >= this.#settings.maxQueueSize) return this.#observer.dropped();
    this.#queue.push(span);
    if (!this.#isSending) this.#schedule();
  }

  /** Sends what is left. Resolves when it is sent, or after a time in milliseconds. */
  async close(withinMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    while (this.#queue.length > 0) void this.#sendBatch();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([Promise.all(this.#inFlight), late]);
    clearTimeout(timer);
  }

  #schedule(): void {
    const isFull = this.#queue.length >= this.#settings.maxBatchSize;
    if (isFull) {
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
    if (this.#queue.length > 0 && !this.#isClosed) this.#schedule();
  }

  #sendBatch(): Promise<void> {
    const { maxBatchSize } = this.#settings;
    const spans = this.#queue.length <= maxBatchSize ? this.#queue : this.#queue.splice(0, maxBatchSize);
    if (spans === this.#queue) this.#queue = [];
    if (spans.length === 0) return Promise.resolve();
    const sent = this.#send(spans).then((reason) => {
      this.#inFlight.delete(sent);
      if (reason === undefined) this.#observer.sent();
      else this.#observer.failed(reason, spans.length);
    });
    this.#inFlight.add(sent);
    return sent;
  }
}
