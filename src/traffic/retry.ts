import { TriedUrls } from '../shared/tried-urls.ts';
import { abortFailure } from '../sources/http/http-failure.ts';
import type { CancelSignal, Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import { type BackoffSettings, backoffMs } from './backoff.ts';
import { changeable } from './copy-request.ts';
import { isGoodResponse } from './good-response.ts';
import type { RetryBudget } from './retry-budget.ts';
import { conditionOf, type RetryCondition, resultOfTry } from './retry-conditions.ts';

/**
 * Why a request is sent again. `lost_connection`: no byte of a response had arrived; `error_code`: the response has a GraphQL error with
 * a code of `error_codes`.
 */
export type RetryReason = RetryCondition | 'lost_connection' | 'error_code';

export interface RetryPolicy {
  /** Tries of one request, the first included. */
  readonly maxAttempts: number;
  /** Lost connections are always retried. */
  readonly on: ReadonlySet<RetryCondition>;
  readonly backoff: BackoffSettings;
  /** Timeout of all tries together, in milliseconds. */
  readonly timeoutMs: number;
  /** Timeout of one try of a read, in milliseconds. */
  readonly tryTimeoutMs?: number | undefined;
  readonly budget: RetryBudget;
  /** Called with each retry, and with `isDenied` for one that the budget does not allow. */
  readonly onRetry?: ((reason: RetryReason, isDenied: boolean) => void) | undefined;
  /** A number from 0 to 1, without 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Returns whether a response has a GraphQL error for which a read is sent again. */
  readonly hasRetryableError?: ((response: SubgraphResponse) => boolean) | undefined;
  /** Whether the second attempt goes to another URL, where the subgraph has several. */
  readonly avoidsTried?: boolean | undefined;
  /** Whether the requests may be changed, see `changeable`. */
  readonly ownsRequests?: boolean | undefined;
}

/** The policy without settings: one more try after a lost connection. */
export const LOST_CONNECTIONS = { maxAttempts: 2, on: new Set<RetryCondition>(), backoff: { base: 0, max: 0 } };

/**
 * Sends a read again when another try may succeed.
 *
 * A read whose connection was lost before any byte of the response is sent again at once: usually the subgraph closed an idle
 * connection at the moment of use. It gets a new connection, because the next idle one may be closed, too (RFC 9112, section
 * 9.3.1). A subgraph that restarts closes all of them at once, so such retries may overdraw the budget by the size of a pool. That
 * multiplies no load: each idle connection has served a request, and is lost once.
 *
 * After the responses in `on`, and those with a GraphQL error in `error_codes`, the next try waits: a random time, whose maximum doubles with each try; with `Retry-After` at least as
 * long as that says. A try that would begin after the deadline, or that the budget does not allow, is not made, and
 * the last response counts. When the client disconnects, the wait ends.
 *
 * A mutation is sent again only when there was no connection: otherwise the subgraph may have executed it. For the same
 * reason `tryTimeoutMs` does not apply to it.
 */
export function retryReads(source: Source, policy: RetryPolicy): Source {
  return {
    name: source.name,
    send(request, done) {
      if (request.operationType === 'subscription' || request.isOneShot) return source.send(request, done);
      const now = request.sentAt ?? performance.now();
      policy.budget.deposit(now);
      new Tries(source, policy, request, done, now).next(now);
    },
    close: () => source.close(),
  };
}

/** The most idle connections of a subgraph that a restart is expected to close. */
const IDLE_CONNECTIONS = 256;

/** The tries of one request. */
class Tries {
  readonly #source: Source;
  readonly #policy: RetryPolicy;
  readonly #deadline: number;
  /** Released with the response: a dead object that V8 has made old would keep the body until the next full collection. */
  #request: SourceRequest | undefined;
  #done: ((response: SubgraphResponse) => void) | undefined;
  #count = 0;
  #needsFreshConnection = false;
  #timer: NodeJS.Timeout | undefined;
  /** The URLs that tries have used. */
  readonly #tried: TriedUrls | undefined;
  /** What cancels all tries. The request of the first try may get a signal of its own. */
  readonly #signal: CancelSignal | undefined;

  /** @param now `performance.now()` */
  constructor(
    source: Source,
    policy: RetryPolicy,
    request: SourceRequest,
    done: (response: SubgraphResponse) => void,
    now: number,
  ) {
    this.#source = source;
    this.#policy = policy;
    this.#tried = policy.avoidsTried ? new TriedUrls() : undefined;
    this.#request = request;
    this.#done = done;
    this.#signal = request.signal ?? request.client.signal;
    const deadline = now + policy.timeoutMs;
    this.#deadline = Math.min(deadline, request.deadline ?? deadline);
  }

  /** @param now `performance.now()` */
  next(now: number): void {
    const request = this.#request;
    if (request === undefined) return;
    this.#count++;
    this.#source.send(this.#asTry(request, now), (response) => this.#received(response));
  }

  /** The `EventListener` of the abort signal, while a retry waits. */
  handleEvent(): void {
    clearTimeout(this.#timer);
    this.#settle({ kind: 'failure', failure: abortFailure(this.#source.name) });
  }

  /** The first try of a request is that request, unless tries have a timeout or URLs of their own. */
  #asTry(request: SourceRequest, now: number): SourceRequest {
    const { tryTimeoutMs } = this.#policy;
    const isTimed = tryTimeoutMs !== undefined && request.operationType === 'query';
    const isFirst = this.#count === 1;
    if (isFirst && !isTimed && this.#tried === undefined) return request;
    const copy = changeable(request, isFirst && this.#policy.ownsRequests === true);
    copy.tried = this.#tried;
    if (isTimed) copy.deadline = Math.min(this.#deadline, now + tryTimeoutMs);
    else if (!isFirst) copy.deadline = this.#deadline;
    if (!isFirst) {
      copy.sentAt = now;
      copy.signal = this.#signal;
    }
    if (this.#needsFreshConnection) copy.needsFreshConnection = true;
    return copy;
  }

  #received(response: SubgraphResponse): void {
    const request = this.#request;
    if (request === undefined) return;
    const { maxAttempts, budget, onRetry } = this.#policy;
    const signal = this.#signal;
    if (this.#count > 1 && !signal?.aborted) budget.ended(isGoodResponse(response));
    const reason = this.#count < maxAttempts && !signal?.aborted ? this.#reasonToRetry(request, response) : undefined;
    if (reason === undefined) return this.#settle(response);
    const wait = reason === 'lost_connection' ? 0 : this.#waitAfter(response);
    const now = performance.now();
    if (now + wait >= this.#deadline) {
      request.trace?.note(`no retry after ${reason}: it would begin after the deadline`);
      return this.#settle(response);
    }
    const isIdleLoss = response.kind === 'failure' && response.failure.wasIdle === true;
    const isDenied = !budget.withdraw(reason === 'lost_connection' && isIdleLoss ? IDLE_CONNECTIONS : 0);
    onRetry?.(reason, isDenied);
    if (isDenied) {
      request.trace?.note(`no retry after ${reason}: the retry budget is used up`);
      return this.#settle(response);
    }
    request.trace?.expectTry(`retry: ${reason}`);
    if (reason === 'lost_connection') this.#needsFreshConnection = true;
    if (wait === 0) return this.next(now);
    signal?.addEventListener('abort', this);
    this.#timer = setTimeout(() => {
      signal?.removeEventListener('abort', this);
      this.#timer = undefined;
      this.next(performance.now());
    }, wait);
  }

  #reasonToRetry({ operationType }: SourceRequest, response: SubgraphResponse): RetryReason | undefined {
    const failure = response.kind === 'failure' ? response.failure : undefined;
    if (operationType === 'query' && failure?.isConnectionLoss) return 'lost_connection';
    if (operationType !== 'query' && failure?.isUnsent !== true) return undefined;
    const { on, hasRetryableError } = this.#policy;
    return conditionOf(response, on) ?? (hasRetryableError?.(response) ? 'error_code' : undefined);
  }

  #waitAfter(response: SubgraphResponse): number {
    const { backoff, random = Math.random } = this.#policy;
    const { retryAfter = 0 } = resultOfTry(response);
    return Math.max(retryAfter * 1_000, backoffMs(backoff, this.#count, random()));
  }

  #settle(response: SubgraphResponse): void {
    const done = this.#done;
    if (this.#timer) this.#signal?.removeEventListener('abort', this);
    this.#request = undefined;
    this.#done = undefined;
    done?.(response);
  }
}
