import type { GraphQLFormattedError } from 'graphql';
import { Deadline } from '../shared/deadline.ts';
import type { Payload } from './payload.ts';

interface Reader {
  readonly resolve: (result: IteratorResult<Payload>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The payloads of one execution, for one reader. What is written before it is read waits here; there are never more
 * payloads than objects with deferred fields, and their texts are written in any case.
 */
export class PayloadStream implements AsyncIterableIterator<Payload> {
  /** Resolves when nothing more will be written: after the last payload, a failure, or when the reader cancels. */
  readonly ended: Promise<void>;
  private end: () => void = () => {};
  private readonly onCancel: (idle?: GraphQLFormattedError) => void;
  private readonly written: Payload[] = [];
  private readonly readers: Reader[] = [];
  private idle: { readonly ms: number; readonly error: GraphQLFormattedError } | undefined;
  private deadline: Deadline | undefined;
  private readonly changes: ((payload: Payload) => Payload)[] = [];
  private changeLater: ((payload: Payload) => Payload | Promise<Payload>) | undefined;
  private isOver = false;
  /** Whether the reader has waited too long for a payload. */
  hasTimedOut = false;
  private failure: { readonly error: unknown } | undefined;

  /** @param onCancel called before the end when the reader cancels, or, with an error, when it has waited too long for a payload */
  constructor(onCancel: (idle?: GraphQLFormattedError) => void) {
    this.onCancel = onCancel;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Changes each payload before it is read. Call it before the first one is read. */
  map(change: (payload: Payload) => Payload): this {
    this.changes.push(change);
    return this;
  }

  /** Changes each payload after all other changes, perhaps later. Call it at most once, before the first one is read. */
  mapLater(change: (payload: Payload) => Payload | Promise<Payload>): this {
    this.changeLater = change;
    return this;
  }

  write(payload: Payload): void {
    if (this.isOver) return;
    this.written.push(payload);
    this.serve();
  }

  /** Ends the stream after what is written. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.serve();
    this.end();
  }

  /** Ends the stream with an internal error, after what is written. */
  fail(error: unknown): void {
    if (!this.isOver) this.failure = { error };
    this.close();
  }

  /** Whether a payload can be read without waiting. */
  get isReady(): boolean {
    return this.written.length > 0;
  }

  /** Whether all payloads are read. */
  get isDone(): boolean {
    return this.isOver && this.written.length === 0;
  }

  /** Ends the stream when the reader has waited so long for one payload: what is missing fails with the error. */
  limitIdleTime(ms: number, error: GraphQLFormattedError): this {
    this.idle = { ms, error };
    return this;
  }

  private watch(): void {
    const { idle } = this;
    if (idle === undefined || this.readers.length === 0) return;
    const expire = () => {
      this.hasTimedOut = true;
      this.onCancel(idle.error);
    };
    this.deadline ??= new Deadline(idle.ms, { expire });
  }

  private unwatch(): void {
    this.deadline?.cancel();
    this.deadline = undefined;
  }

  next(): Promise<IteratorResult<Payload>> {
    return new Promise((resolve, reject) => {
      this.readers.push({ resolve, reject });
      this.serve();
      this.watch();
    });
  }

  /** Cancels the stream: what was not read is dropped. */
  return(): Promise<IteratorResult<Payload>> {
    const isEarly = !this.isOver;
    this.written.length = 0;
    this.failure = undefined;
    this.close();
    if (isEarly) this.onCancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private serve(): void {
    while (this.readers.length > 0 && (this.written.length > 0 || this.isOver)) {
      const reader = this.readers.shift() as Reader;
      this.unwatch();
      const payload = this.written.shift();
      if (payload !== undefined) this.deliver(payload, reader);
      else if (this.failure) {
        reader.reject(this.failure.error);
        this.failure = undefined;
      } else reader.resolve({ done: true, value: undefined });
    }
  }

  private deliver(payload: Payload, reader: Reader): void {
    try {
      const changed = this.changes.reduce((before, change) => change(before), payload);
      const value = this.changeLater === undefined ? changed : this.changeLater(changed);
      if (value instanceof Promise) value.then((later) => reader.resolve({ done: false, value: later }), reader.reject);
      else reader.resolve({ done: false, value });
    } catch (error) {
      reader.reject(error);
    }
  }
}
