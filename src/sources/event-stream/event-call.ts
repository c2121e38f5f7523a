import type { Dispatcher } from 'undici';
import { parseMediaType } from '../../client/media-type.ts';
import { isRequestError, refusesSubscription } from '../../shared/request-error.ts';
import { encodeRequest } from '../body-encoding.ts';
import { readHeaders, withForwarded } from '../http/header-list.ts';
import { bodyFailure, connectionFailure, statusFailure, timeoutFailure } from '../http/http-failure.ts';
import type { HttpTarget } from '../http/http-target.ts';
import { isGraphqlResult, isSuccess } from '../http/read-result.ts';
import { hasOtherProtocol, protocolHint } from '../protocol-hint.ts';
import type { EventFacts, SourceFailure, SourceRequest, SubscriptionSink } from '../source.ts';
import { traceHeaders } from '../trace-headers.ts';
import type { EventReader } from './event-reader.ts';
import { MultipartReader } from './multipart-reader.ts';
import { SseReader } from './sse-reader.ts';

/** A subgraph that sends its events as the response of a request. Times in milliseconds. */
export interface EventTarget {
  readonly http: HttpTarget;
  readonly format: EventFormat;
  /** How long the upstream may be silent before it is lost. */
  readonly idleMs: number;
  /** Whether that is also for streams that have no heartbeats. */
  readonly expectsHeartbeats: boolean;
  readonly maxEventBytes: number;
}

export type EventFormat = 'sse' | 'multipart';

const TYPES: Readonly<Record<EventFormat, string>> = { sse: 'text/event-stream', multipart: 'multipart/mixed' };

/** The largest response that is no stream. */
const MAX_BODY_BYTES = 1024 * 1024;
/** How long a stream may stay open after its last event, in milliseconds. */
const LINGER_MS = 1_000;

/** Values of `Content-Encoding` that say nothing. Servers of graphql-sse send `none`. */
const NO_CODING: ReadonlySet<string> = new Set(['', 'identity', 'none']);

/** What is not read from the connection stays in it. */
const CAN_WAIT: EventFacts = { canWait: true };

type End = { readonly failure: SourceFailure } | { readonly refusal: string } | 'complete';

/**
 * One subscription as one HTTP request, whose response has the events. It is undici's handler itself. While the sink is not ready, nothing
 * is read from the connection.
 */
export class EventCall implements Dispatcher.DispatchHandler {
  readonly #target: EventTarget;
  readonly #request: SourceRequest;
  readonly #sink: SubscriptionSink;
  #abort: ((reason?: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status = 0;
  #type = '';
  /** Reads the events of a stream; `undefined` for a response of another kind, and before the response. */
  #reader: EventReader | undefined;
  #decoder = new TextDecoder();
  /** The body of a response of another kind. */
  #body = '';
  /** Bytes since the last event. */
  #size = 0;
  #heardAt = 0;
  #hasHeartbeats = false;
  #isBusy = false;
  #isPaused = false;
  #hasEvents = false;
  /** The end that the subgraph has stated. */
  #stated: End | undefined;
  /** What the end of the response means, once all that has arrived is delivered. */
  #last: End | undefined;
  #hasEnded = false;

  constructor(target: EventTarget, request: SourceRequest, sink: SubscriptionSink) {
    this.#target = target;
    this.#request = request;
    this.#sink = sink;
  }

  start(): void {
    const { signal } = this.#request.client;
    if (signal?.aborted) return this.cancel();
    signal?.addEventListener('abort', this);
    const { timeoutMs, compression, name } = this.#target.http;
    this.#timer = setTimeout(() => this.#failStart(timeoutFailure(name, timeoutMs), true), timeoutMs).unref();
    const { body } = this.#request;
    if (compression === undefined) return this.#dispatch(body);
    encodeRequest(body, compression).then(
      (encoded) => this.#dispatch(encoded),
      (error: unknown) => this.#failStart(connectionFailure(name, error), false),
    );
  }

  /** The `EventListener` of the abort signal. */
  handleEvent(): void {
    this.cancel();
  }

  /** Cancels the subscription: the request is aborted, and the sink is not called any more. */
  cancel(): void {
    if (this.#hasEnded) return;
    this.#release();
    this.#abort?.();
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    if (this.#hasEnded) abort();
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    if (status < 200 || this.#hasEnded) return true;
    this.#resume = resume;
    this.#status = status;
    const headers = readHeaders(raw);
    const type = headerOf(headers, 'content-type');
    this.#type = type;
    const coding = headerOf(headers, 'content-encoding');
    // a stream with an error status has the errors as its event
    const reader = readerOf(this.#target.format, type);
    if (reader === undefined) return true;
    if (!NO_CODING.has(coding.toLowerCase())) {
      this.#failMalformed(`it has the content coding ${coding.slice(0, 40)}, which streams must not have`);
      return true;
    }
    this.#reader = reader;
    this.#watch();
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#hasEnded) return true;
    const text = this.#decoder.decode(chunk, { stream: true });
    this.#size += chunk.length;
    const reader = this.#reader;
    if (reader === undefined) {
      if (this.#size > MAX_BODY_BYTES) this.#failMalformed(`it is no ${TYPES[this.#target.format]}, and too large`);
      else this.#body += text;
      return true;
    }
    this.#heardAt = performance.now();
    reader.push(text);
    this.#deliver();
    // a sink that has ended the subscription needs no more
    this.#isPaused = this.#isBusy && !this.#hasEnded;
    return !this.#isPaused;
  }

  onComplete(): void {
    if (this.#hasEnded) return clearTimeout(this.#timer);
    const reader = this.#reader;
    if (reader === undefined) return this.#readWhole();
    this.#end(reader.end()?.kind === 'complete' ? 'complete' : { failure: this.#lost('closed before its end') });
  }

  onError(error: Error): void {
    if (this.#hasEnded) return clearTimeout(this.#timer);
    const failure = connectionFailure(this.#target.http.name, error);
    if (this.#reader === undefined) this.#failStart(failure, failure.isConnectionFailure === true);
    else this.#end({ failure: this.#lost(failure.reason ?? 'connection failed') });
  }

  #dispatch(body: string | Buffer): void {
    if (this.#hasEnded) return;
    const { pool, path, headers: own, forward, sign } = this.#target.http;
    const forwarded = forward?.(this.#request.client);
    const withRules = forwarded ? withForwarded(own, forwarded.pairs) : own;
    const all = withForwarded(withRules, traceHeaders(this.#request, forwarded));
    const headers = (sign ? sign(all, body) : all) as string[];
    // an idle connection may be closed at this moment, and one with a stream is not used for anything else
    pool.fresh.dispatch({ path, method: 'POST', headers, body }, this);
  }

  /** Delivers what has arrived, until the sink is not ready. */
  #deliver(): void {
    while (!this.#isBusy && !this.#hasEnded) {
      if (this.#stated) return this.#finish(this.#stated);
      const event = this.#reader?.next();
      if (event === undefined) break;
      this.#size = 0;
      if (event.kind === 'heartbeat') this.#hasHeartbeats = true;
      else if (event.kind === 'malformed') this.#failMalformed(event.reason);
      else if (event.kind === 'next') this.#next(event.result);
      else this.#stated = event.kind === 'errors' ? { refusal: `{"errors":${event.errors}}` } : 'complete';
    }
    if (this.#isBusy || this.#hasEnded) return;
    if (this.#last) this.#finish(this.#last);
    else if (this.#size > this.#target.maxEventBytes)
      this.#failMalformed(`an event is larger than ${this.#target.maxEventBytes} bytes`);
  }

  #next(text: string): void {
    if (!this.#hasEvents && isRequestError(text)) {
      this.#stated = { refusal: text };
      return;
    }
    this.#hasEvents = true;
    const ready = this.#sink.next(text, CAN_WAIT);
    if (ready === undefined) return;
    this.#isBusy = true;
    void ready.then(() => {
      this.#isBusy = false;
      this.#heardAt = performance.now();
      this.#deliver();
      if (!this.#isPaused || this.#isBusy || this.#hasEnded) return;
      this.#isPaused = false;
      this.#resume?.();
    });
  }

  /** Ends the subscription once everything that has arrived is delivered. */
  #end(last: End): void {
    this.#last = last;
    this.#deliver();
  }

  #finish(last: End): void {
    this.#release();
    // the server ends the response now; one that does not is disconnected
    this.#timer = setTimeout(() => this.#abort?.(), LINGER_MS).unref();
    if (last === 'complete') this.#sink.complete();
    else if ('refusal' in last) this.#sink.refuse(last.refusal);
    else this.#sink.error(last.failure);
  }

  /** Reads a response that is no stream: the result of a subscription that did not start. */
  #readWhole(): void {
    const { name } = this.#target.http;
    const text = this.#body + this.#decoder.decode();
    if (isGraphqlResult(text)) {
      this.#stated = refusesSubscription(text) ? { refusal: text } : 'complete';
      if (this.#stated === 'complete') this.#next(text);
      return this.#deliver();
    }
    const status = this.#status;
    const reason = `expected ${TYPES[this.#target.format]}, and it is ${this.#type.slice(0, 80) || 'of no type'}`;
    const failure = isSuccess(status) ? bodyFailure(name, reason, status) : statusFailure(name, status);
    const message = hasOtherProtocol(status) ? `${failure.message} ${protocolHint(name)}` : failure.message;
    this.#failStart({ ...failure, message }, status >= 500);
  }

  /** @param mayRetry whether a further attempt may succeed */
  #failStart(failure: SourceFailure, mayRetry: boolean): void {
    this.#fail({ ...failure, isConnectionFailure: mayRetry, isUnsent: true });
  }

  #failMalformed(reason: string): void {
    this.#fail(bodyFailure(this.#target.http.name, reason, this.#status));
  }

  #fail(failure: SourceFailure): void {
    if (this.#hasEnded) return;
    this.#release();
    this.#abort?.();
    this.#sink.error(failure);
  }

  #lost(reason: string): SourceFailure {
    const message = `The stream of events from "${this.#target.http.name}" was lost (${reason}).`;
    return { code: 'SUBREQUEST_HTTP_ERROR', message, reason, isConnectionFailure: true };
  }

  /** Ends the wait for the response, and begins that for bytes of the stream. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#heardAt = performance.now();
    this.#checkIn(this.#target.idleMs);
  }

  #checkIn(ms: number): void {
    this.#timer = setTimeout(() => {
      const { idleMs, expectsHeartbeats } = this.#target;
      const isWatched = !this.#isBusy && (expectsHeartbeats || this.#hasHeartbeats);
      const left = isWatched ? idleMs - (performance.now() - this.#heardAt) : idleMs;
      if (left > 0) this.#checkIn(Math.ceil(left));
      else this.#fail(this.#lost('silent'));
    }, ms).unref();
  }

  #release(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#request.client.signal?.removeEventListener('abort', this);
  }
}

function headerOf(headers: readonly string[], name: string): string {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return headers[at + 1] as string;
  return '';
}

/** Returns what reads a stream of a content type; `undefined` for another type than the one of the format. */
function readerOf(format: EventFormat, contentType: string): EventReader | undefined {
  const type = parseMediaType(contentType);
  if (type?.essence !== TYPES[format]) return undefined;
  if (format === 'sse') return new SseReader();
  const boundary = type.parameters.find(([name]) => name === 'boundary')?.[1];
  return new MultipartReader(boundary ?? '-');
}
