import type { Dispatcher } from 'undici';
import { COUNTED_FROM, type HeldBytes } from '../../shared/byte-budget.ts';
import type { Coding } from '../../shared/content-codings.ts';
import { Deadline, type Expirable } from '../../shared/deadline.ts';
import { decodeText, TextDecodingError } from '../../shared/decode-text.ts';
import { mayHaveLongNumber } from '../../shared/exact-json.ts';
import { hasWaitedLong } from '../../shared/waited-long.ts';
import { type BodyEncoding, decodeContent, encodeRequest, encodingInRawHeaders } from '../body-encoding.ts';
import { mayRetryLater } from '../retry-after.ts';
import type { FetchFiles, SourceFailure, SourceRequest, SubgraphResponse } from '../source.ts';
import { traceHeaders } from '../trace-headers.ts';
import type { CallShare, CountedHandler, IdleConnectionHandler } from './connections.ts';
import { readHeaders, retryAfterIn, withForwarded, withHeader } from './header-list.ts';
import {
  abortFailure,
  bodyFailure,
  connectionFailure,
  isConnectionLoss,
  memoryFailure,
  sizeFailure,
  statusFailure,
  timeoutFailure,
  unsignedFailure,
} from './http-failure.ts';
import type { HttpTarget } from './http-target.ts';
import { isGraphqlResult, isSuccess } from './read-result.ts';
import { UploadBody } from './upload-body.ts';

/**
 * One HTTP call to a subgraph, from dispatch to response. It is itself undici's handler, so a call costs one object and no
 * closures. Calls `done` exactly once: on response, failure, deadline or abort, whichever is first.
 *
 * Uses the `onConnect … onError` form of undici's handler, not the newer `onRequestStart …`: undici 7 drives both, the
 * newer through an adapter that also builds a header object, which this class does not read. Measured, the adapter takes a tenth
 * of a call's CPU time. (undici 8 has only the newer form.)
 */
export class HttpCall implements Dispatcher.DispatchHandler, IdleConnectionHandler, CountedHandler, Expirable {
  readonly #target: HttpTarget;
  /** Released with the response: otherwise a dead call in V8's old generation would keep its body until the next full collection. */
  #request: SourceRequest | undefined;
  #done: ((response: SubgraphResponse) => void) | undefined;
  #deadline: Deadline | undefined;
  #cancel: ((reason?: Error) => void) | undefined;
  /** By `performance.now()`. */
  startedAt = 0;
  share: CallShare | undefined;
  /** The time that the call has, from its start. */
  #timeoutMs = 0;
  /** Whether layers look at when the response is complete. */
  #isTimed = false;
  #wasIdle = false;
  #status = 0;
  #size = 0;
  #chunks: Buffer[] = [];
  /** The bytes of a long or encoded response. */
  #held: HeldBytes | undefined;
  #headers: string[] | undefined;
  /** Seconds. Only for a status that may have `Retry-After`. */
  #retryAfter: number | undefined;
  /** Set when the response is encoded, or in another charset than UTF-8. */
  #encoding: BodyEncoding | undefined;
  /** The encoded request body. */
  #encoded: Buffer | undefined;
  /** The request body with files. */
  #upload: UploadBody | undefined;

  constructor(target: HttpTarget, request: SourceRequest, done: (response: SubgraphResponse) => void) {
    this.#target = target;
    this.#request = request;
    this.#done = done;
  }

  start(): void {
    const request = this.#request;
    if (!request) return;
    const signal = request.signal ?? request.client.signal;
    if (signal?.aborted) {
      this.#fail(abortFailure(this.#target.name));
      return;
    }
    const now = request.sentAt ?? performance.now();
    this.startedAt = now;
    this.#isTimed = request.sentAt !== undefined;
    this.#timeoutMs = timeLeft(this.#target.timeoutMs, request.deadline, now);
    // a mutation would be executed although nobody waits for its result
    if (this.#timeoutMs === 0) return this.#fail(timeoutFailure(this.#target.name, 0));
    signal?.addEventListener('abort', this);
    this.#deadline = new Deadline(this.#timeoutMs, this, now);
    if (request.files) this.#dispatchFiles(request, request.files);
    else if (this.#target.compression === undefined) this.#dispatch(request);
    else void this.#dispatchEncoded(request, this.#target.compression);
  }

  /** The `EventListener` of the abort signal. */
  handleEvent(): void {
    this.#fail(this.#cancelledFailure());
    this.#cancel?.();
  }

  /** A call whose client request times out is late itself, if it has waited for long. */
  #cancelledFailure(): SourceFailure {
    const { signal, timeoutMs } = this.#request?.client ?? {};
    const ms = performance.now() - this.startedAt;
    const isLate = signal?.isTimeout === true && hasWaitedLong(ms, timeoutMs);
    return isLate ? timeoutFailure(this.#target.name, Math.round(ms)) : abortFailure(this.#target.name);
  }

  expire(): void {
    if (this.#upload?.hasProgress()) {
      this.#deadline = new Deadline(this.#timeoutMs, this);
      return;
    }
    this.#fail(timeoutFailure(this.#target.name, Math.round(this.#timeoutMs)));
    this.#cancel?.();
  }

  onIdleConnection(): void {
    this.#wasIdle = true;
  }

  onConnect(cancel: (reason?: Error) => void): void {
    this.#cancel = cancel;
    // A call in the pool's queue cannot be withdrawn. If it has ended by now, stop it before it is sent.
    if (!this.#done) cancel();
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.#status = status;
    this.#encoding = encodingInRawHeaders(headers);
    if (this.#target.returnsHeaders) this.#headers = readHeaders(headers);
    if (mayRetryLater(status)) this.#retryAfter = retryAfterIn(headers);
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size > this.#target.maxResponseBytes) {
      this.#fail(sizeFailure(this.#target.name, this.#target.maxResponseBytes, this.#status));
      this.#cancel?.();
      return false;
    }
    if (this.#size > COUNTED_FROM && !this.#count(chunk.length)) {
      this.#fail(memoryFailure(this.#target.name));
      this.#cancel?.();
      return false;
    }
    this.#chunks.push(chunk);
    return true;
  }

  onComplete(): void {
    this.#leaveShare();
    const body = joined(this.#chunks, this.#size);
    if (this.#encoding) void this.#completeEncoded(body, this.#encoding);
    else this.#complete(body, undefined);
  }

  onError(error: Error): void {
    this.#leaveShare();
    const failure = connectionFailure(this.#target.name, error);
    if (this.#cancel === undefined) {
      this.#fail({ ...failure, isUnsent: true });
      return;
    }
    this.#fail(
      this.#status === 0 && isConnectionLoss(error)
        ? { ...failure, isConnectionLoss: true, wasIdle: this.#wasIdle }
        : failure,
    );
  }

  #leaveShare(): void {
    this.share?.leave();
    this.share = undefined;
  }

  #count(bytes: number): boolean {
    const isFirst = this.#held === undefined;
    return this.#openHeld()?.take(isFirst ? this.#size : bytes) ?? true;
  }

  /** The result of a mutation is only counted, never refused. */
  #openHeld(): HeldBytes | undefined {
    if (this.#request) this.#held ??= this.#target.byteBudget?.open(this.#request.operationType === 'query');
    return this.#held;
  }

  /** Decodes the whole body at once: a character may span two chunks. */
  #complete(body: Buffer, charset: string | undefined): void {
    const status = this.#status;
    try {
      const text = decodeText(body, charset);
      const mayHaveLongNumbers = charset !== undefined || mayHaveLongNumber(body);
      if (isSuccess(status) || isGraphqlResult(text)) this.#settle(this.#textResponse(text, mayHaveLongNumbers));
      else this.#fail(statusFailure(this.#target.name, status, this.#retryAfter));
    } catch (error) {
      if (!(error instanceof TextDecodingError)) throw error;
      this.#failBody(error.message);
    }
  }

  async #completeEncoded(body: Buffer, encoding: BodyEncoding): Promise<void> {
    const { name, maxResponseBytes } = this.#target;
    const decoded = await decodeContent(body, encoding, maxResponseBytes, this.#openHeld());
    if ('bytes' in decoded) this.#complete(decoded.bytes, encoding.charset);
    else if (decoded.isOverloaded) this.#fail(memoryFailure(name));
    else if (decoded.isTooLarge) this.#fail(sizeFailure(name, maxResponseBytes, this.#status));
    else this.#failBody(decoded.reason);
  }

  /** Fails because of an unreadable body. An error status explains more than the body, so it takes precedence. */
  #failBody(reason: string): void {
    const { name } = this.#target;
    const status = this.#status;
    this.#fail(isSuccess(status) ? bodyFailure(name, reason, status) : statusFailure(name, status, this.#retryAfter));
  }

  #textResponse(text: string, mayHaveLongNumbers: boolean): SubgraphResponse {
    const receivedAt = this.#isTimed ? performance.now() : undefined;
    const response = { kind: 'text', text, status: this.#status, mayHaveLongNumbers, receivedAt } as const;
    if (this.#headers === undefined && this.#retryAfter === undefined) return response;
    return { ...response, headers: this.#headers, retryAfter: this.#retryAfter };
  }

  #dispatch(request: SourceRequest): void {
    const { body, client, needsFreshConnection } = request;
    const { pool, path, headers: own, forward, deadlineHeader, sign } = this.#target;
    const forwarded = forward?.(client);
    let headers = forwarded ? withForwarded(own, forwarded.pairs) : own;
    headers = withForwarded(headers, traceHeaders(request, forwarded));
    request.span?.sentTo(this.#target.url);
    if (deadlineHeader) headers = withHeader(headers, deadlineHeader, String(Math.round(this.#timeoutMs)));
    const sent = this.#encoded ?? this.#upload?.body ?? body;
    if (this.#upload) headers = this.#upload.withOwnHeaders(headers);
    // a signature over the body of files is refused before
    if (sign) headers = sign(headers, this.#upload ? '' : (sent as string | Buffer));
    const connections = needsFreshConnection ? pool.fresh : pool;
    connections.dispatch({ path, method: 'POST', headers: headers as string[], body: sent }, this);
  }

  #dispatchFiles(request: SourceRequest, files: FetchFiles): void {
    if (this.#target.signsBody) return this.#fail(unsignedFailure(this.#target.name));
    this.#upload = new UploadBody(request.body, files);
    // a body that has ended before it is sent would never be sent
    if (this.#upload.body.destroyed) return this.#fail(abortFailure(this.#target.name));
    // on a connection that is kept: with "connection: close", a server that answers early resets it, and its answer is lost
    this.#dispatch(request);
  }

  async #dispatchEncoded(request: SourceRequest, coding: Coding): Promise<void> {
    try {
      this.#encoded = await encodeRequest(request.body, coding);
      if (this.#done) this.#dispatch(request);
    } catch (error) {
      this.#fail(connectionFailure(this.#target.name, error));
    }
  }

  #fail(failure: SourceFailure): void {
    this.#settle({ kind: 'failure', failure });
  }

  #settle(response: SubgraphResponse): void {
    const done = this.#done;
    const request = this.#request;
    if (!done || !request) return;
    this.#done = undefined;
    this.#request = undefined;
    this.#chunks = [];
    this.#encoded = undefined;
    this.#upload?.end();
    this.#held?.release();
    this.#deadline?.cancel();
    this.share?.withdraw(this);
    (request.signal ?? request.client.signal)?.removeEventListener('abort', this);
    done(response);
  }
}

function timeLeft(timeoutMs: number, deadline: number | undefined, now: number): number {
  if (deadline === undefined) return timeoutMs;
  return Math.max(0, Math.min(timeoutMs, deadline - now));
}

function joined(chunks: readonly Buffer[], size: number): Buffer {
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}
