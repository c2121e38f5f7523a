import type { Dispatcher } from 'undici';
import { AbortTimer } from '../shared/deadline.ts';
import { retryAfterSeconds } from '../shared/retry-after.ts';
import { connectionFailure, timeoutFailure } from '../sources/http/http-failure.ts';
import { ApiRefusal } from '../sources/rest/api-refusal.ts';
import type { SendApiRequest, SentApiRequest } from '../sources/rest/api-transport.ts';
import { backoffMs } from './backoff.ts';
import { outcomeOfStatus } from './break-circuit.ts';
import type { Bulkhead } from './bulkhead.ts';
import { callApiPlugins } from './call-api-plugins.ts';
import { queueFullFailure, rejectedFailure } from './call-failures.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { isGoodStatus } from './good-response.ts';
import { type ApiHedgePolicy, hedgeApiReads } from './hedge-api-calls.ts';
import type { RetryPolicy, RetryReason } from './retry.ts';
import { metCondition, type TryResult } from './retry-conditions.ts';
import { traceApiTries } from './trace-api-tries.ts';

export interface ApiCallOptions {
  readonly subgraph: string;
  readonly retry: RetryPolicy;
  readonly hedge?: ApiHedgePolicy | undefined;
  readonly bulkhead?: Bulkhead | undefined;
  readonly breaker?: CircuitBreaker | undefined;
  readonly deadlineHeader?: string | undefined;
  /** Whether there are plugins. */
  readonly plugins?: boolean | undefined;
}

type ApiResponse = Dispatcher.ResponseData;

/**
 * Wraps the calls of one API in the layers that other subgraphs have in `stack.ts`: retry → hedge → per call: `onTry` of
 * plugins → bulkhead → circuit breaker → deadline header. `GET` is a read; other methods are sent again only when there was no connection. A call ends with its
 * body: until then it has its place in the bulkhead, and the circuit breaker has no outcome. A call that is cancelled
 * because its time is over is a failure for the breaker; one whose client has disconnected says nothing.
 */
export function callApiSafely(send: SendApiRequest, options: ApiCallOptions): SendApiRequest {
  const { bulkhead, breaker, deadlineHeader, hedge } = options;
  let wrapped = send;
  if (deadlineHeader !== undefined) wrapped = sendTimeLeft(wrapped, deadlineHeader);
  if (breaker !== undefined) wrapped = breakApiCircuit(wrapped, breaker, options.subgraph);
  if (bulkhead !== undefined) wrapped = limitApiCalls(wrapped, bulkhead, options.subgraph);
  if (options.plugins) wrapped = callApiPlugins(wrapped, options.subgraph);
  wrapped = traceApiTries(wrapped, options.subgraph);
  if (hedge !== undefined) wrapped = hedgeApiReads(wrapped, hedge);
  return retryApiReads(wrapped, options);
}

function sendTimeLeft(send: SendApiRequest, header: string): SendApiRequest {
  return (request) => {
    if (request.deadline === undefined) return send(request);
    const left = Math.max(0, Math.round(request.deadline - performance.now()));
    return send({ ...request, headers: { ...request.headers, [header]: String(left) } });
  };
}

function breakApiCircuit(send: SendApiRequest, breaker: CircuitBreaker, name: string): SendApiRequest {
  return async (request) => {
    const period = breaker.acquire();
    if (period === undefined) {
      request.trace?.note('not sent: the circuit breaker is open');
      throw new ApiRefusal(rejectedFailure(name));
    }
    const start = breaker.now();
    const { signal, isOneShot } = request;
    // a client that sends its files slowly does not make the API slow
    const ms = () => (isOneShot ? 0 : breaker.now() - start);
    const failed = () => {
      const isIgnored = signal.aborted && !isTimeout(signal.reason);
      breaker.record(period, isIgnored ? 'ignored' : 'failure', ms());
    };
    try {
      const response = await send(request);
      onEnd(response, (isBroken) => {
        if (isBroken) failed();
        else breaker.record(period, outcomeOfStatus(response.statusCode, false), ms());
      });
      return response;
    } catch (error) {
      failed();
      throw error;
    }
  };
}

function limitApiCalls(send: SendApiRequest, bulkhead: Bulkhead, name: string): SendApiRequest {
  return async (request) => {
    await turnOf(bulkhead, request.signal, name);
    try {
      const response = await send(request);
      onEnd(response, () => bulkhead.leave());
      return response;
    } catch (error) {
      bulkhead.leave();
      throw error;
    }
  };
}

/** Resolves when the call may start. Rejects when the queue is full, or when the call is cancelled while it waits. */
function turnOf(bulkhead: Bulkhead, signal: AbortSignal, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      bulkhead.withdraw(call);
      reject(signal.reason);
    };
    const call = {
      start() {
        signal.removeEventListener('abort', cancel);
        resolve();
      },
    };
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    if (bulkhead.enter(call)) return;
    signal.removeEventListener('abort', cancel);
    reject(new ApiRefusal(queueFullFailure(name)));
  });
}

/** Calls `end` when the body is complete or abandoned, with `true` when it broke off. */
function onEnd({ body }: ApiResponse, end: (isBroken: boolean) => void): void {
  body.once('close', () => end(body.errored !== null));
}

function isTimeout(reason: unknown): boolean {
  return (reason as { readonly name?: unknown } | undefined)?.name === 'TimeoutError';
}

function retryApiReads(send: SendApiRequest, { retry, subgraph }: ApiCallOptions): SendApiRequest {
  return (request) => {
    if (request.isOneShot) return send(request);
    retry.budget.deposit();
    return new ApiTries(send, retry, subgraph, request).next();
  };
}

interface ApiTryResult extends TryResult {
  /** Whether the connection was lost before any byte of a response. */
  readonly isLost?: boolean | undefined;
  /** Whether there was no connection. */
  readonly isUnsent?: boolean | undefined;
}

/** The tries of one call. See `Tries` in retry.ts, which does the same with fetches. */
class ApiTries {
  readonly #send: SendApiRequest;
  readonly #policy: RetryPolicy;
  readonly #name: string;
  readonly #deadline: number;
  #request: SentApiRequest;
  #count = 0;
  /** Ends the timer of the current try. */
  #release: (() => void) | undefined;

  constructor(send: SendApiRequest, policy: RetryPolicy, name: string, request: SentApiRequest) {
    this.#send = send;
    this.#policy = policy;
    this.#name = name;
    this.#request = request;
    this.#deadline = request.deadline ?? performance.now() + policy.timeoutMs;
  }

  async next(): Promise<ApiResponse> {
    this.#count++;
    const request = this.#asTry();
    let response: ApiResponse;
    try {
      response = await this.#send(request);
    } catch (error) {
      return this.#failed(request, error);
    }
    if (this.#count > 1) this.#policy.budget.ended(isGoodStatus(response.statusCode));
    if (this.#release) response.body.once('close', this.#release);
    const retryAfter = retryAfterSeconds(String(response.headers['retry-after'] ?? ''));
    const wait = this.#waitBeforeRetry({ status: response.statusCode, retryAfter });
    if (wait === undefined) return response;
    // undici keeps the connection if the rest of the body is short
    await response.body.dump().catch(() => undefined);
    return this.#retryAfter(wait);
  }

  #failed(request: SentApiRequest, error: unknown): Promise<ApiResponse> {
    this.#release?.();
    const { signal } = this.#request;
    if (this.#count > 1 && !signal.aborted) this.#policy.budget.ended(false);
    const isLate = request.signal.aborted && !signal.aborted;
    const wait = signal.aborted ? undefined : this.#waitBeforeRetry(this.#resultOf(error, isLate));
    if (wait !== undefined) return this.#retryAfter(wait);
    throw isLate ? new ApiRefusal(timeoutFailure(this.#name, this.#policy.tryTimeoutMs ?? 0)) : error;
  }

  #asTry(): SentApiRequest {
    const { tryTimeoutMs } = this.#policy;
    const request = this.#request;
    if (tryTimeoutMs === undefined || request.method !== 'GET') return request;
    // not `AbortSignal.any`: a signal that it returns may be collected while only its sources are referenced
    const controller = new AbortController();
    const { signal } = controller;
    const late = () => new DOMException('The time of the try is over', 'TimeoutError');
    const timer = new AbortTimer(tryTimeoutMs, request.signal, () =>
      controller.abort(request.signal.aborted ? request.signal.reason : late()),
    );
    this.#release = () => timer.release();
    return { ...request, signal, deadline: Math.min(this.#deadline, performance.now() + tryTimeoutMs) };
  }

  #resultOf(error: unknown, isLate: boolean): ApiTryResult {
    if (error instanceof ApiRefusal) return {};
    if (isLate) return { isTimeout: true };
    const { code, isConnectionFailure, isUnsent } = connectionFailure(this.#name, error);
    const isMalformed = code === 'SUBREQUEST_MALFORMED_RESPONSE';
    const isLost = (error as { readonly isConnectionLoss?: boolean }).isConnectionLoss === true;
    return { isConnectionFailure, isMalformed, isUnsent, isLost };
  }

  /** Returns how long to wait before the next try, in milliseconds; `undefined` where there is none. */
  #waitBeforeRetry(result: ApiTryResult): number | undefined {
    const { maxAttempts, budget, backoff, onRetry, random = Math.random } = this.#policy;
    const reason = this.#count < maxAttempts ? this.#reasonToRetry(result) : undefined;
    if (reason === undefined) return undefined;
    const isLost = reason === 'lost_connection';
    const least = (result.retryAfter ?? 0) * 1_000;
    const wait = isLost ? 0 : Math.max(least, backoffMs(backoff, this.#count, random()));
    if (performance.now() + wait >= this.#deadline) return undefined;
    const isDenied = !budget.withdraw();
    onRetry?.(reason, isDenied);
    if (isDenied) return undefined;
    this.#request.trace?.expectTry(`retry: ${reason}`);
    if (isLost) this.#request = { ...this.#request, needsFreshConnection: true };
    return wait;
  }

  #reasonToRetry(result: ApiTryResult): RetryReason | undefined {
    const isRead = this.#request.method === 'GET';
    if (isRead && result.isLost) return 'lost_connection';
    return isRead || result.isUnsent ? metCondition(result, this.#policy.on) : undefined;
  }

  async #retryAfter(ms: number): Promise<ApiResponse> {
    if (ms > 0) await pause(ms, this.#request.signal);
    return this.next();
  }
}

/** Rejects with the reason of the signal when it is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}
