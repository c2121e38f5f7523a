import { Deadline, type Expirable } from '../shared/deadline.ts';
import { Cancellation } from '../sources/cancellation.ts';
import type { CancelSignal, Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import { changeable, copyRequest, type RequestCopy } from './copy-request.ts';
import { isGoodResponse } from './good-response.ts';
import { type HedgeEntry, HedgeQueue } from './hedge-queue.ts';
import { HedgeShare } from './hedge-share.ts';
import type { LatencyWindow } from './latency-window.ts';
import { receivedAt } from './received-at.ts';
import type { RetryBudget } from './retry-budget.ts';

/** `won`: the second request had the first good response. `denied`: `max_share` or the budget did not allow it. */
export type HedgeResult = 'won' | 'lost' | 'denied';

export interface HedgePolicy {
  /** When the second request is sent, in milliseconds after the first; `p95`: the 95th percentile of the last responses. */
  readonly after: number | 'p95';
  /** The largest share of requests that get a second one: 0.1 for 10 %. */
  readonly maxShare: number;
  readonly latencies: LatencyWindow;
  readonly budget: RetryBudget;
  readonly onHedge?: ((result: HedgeResult) => void) | undefined;
  /** Returns whether a response has an error for which it is sent again. It does not win while the other request runs. */
  readonly hasRetryableError?: ((response: SubgraphResponse) => boolean) | undefined;
  /** Whether the requests may be changed, see `changeable`. */
  readonly ownsRequests?: boolean | undefined;
}

/**
 * Sends a second, equal request when the first takes longer than most. The first good response wins. The other request is cancelled
 * if it takes as long again as the second one waited: with HTTP/1.1, cancelling closes a connection, which costs more than
 * a response that is on its way. Only reads get a second request, and only after what has arrived is read: a response may wait
 * in its socket while this process is busy.
 *
 * {@link HedgeShare} limits second requests. With `p95`, the delay follows the
 * subgraph, see {@link LatencyWindow}; the time of a cancelled request counts as far as it got, because otherwise the slow
 * requests would be missing, and the delay would fall with each second request.
 *
 * When a request fails while the other one runs, the other one decides; a response that asks to wait (429) or is no GraphQL result is
 * such a failure, too. When both fail, the last failure is the result.
 */
export function hedgeReads(source: Source, policy: HedgePolicy): Source {
  const share = new HedgeShare(policy.maxShare, policy.budget);
  const queue = new HedgeQueue();
  return {
    name: source.name,
    send(request, done) {
      if (request.operationType !== 'query' || request.isOneShot) return source.send(request, done);
      share.deposit();
      new HedgedRequest(source, { policy, share, queue }, request, done).start();
    },
    close: () => source.close(),
  };
}

interface Hedging {
  readonly policy: HedgePolicy;
  readonly share: HedgeShare;
  readonly queue: HedgeQueue;
}

/** The second request. */
class SecondRun extends Cancellation {
  readonly start: number;

  /** @param start `performance.now()` */
  constructor(start: number) {
    super();
    this.start = start;
  }
}

/** A read that may get a second request. Its cancellation is that of the first one. */
class HedgedRequest extends Cancellation implements HedgeEntry, Expirable {
  readonly #source: Source;
  readonly #hedging: Hedging;
  #request: SourceRequest | undefined;
  #done: ((response: SubgraphResponse) => void) | undefined;
  /** What cancels both requests. */
  readonly #outer: CancelSignal | undefined;
  #isFirstRunning = true;
  /** When the first request was sent, by `performance.now()`. */
  #start = 0;
  /** The second request, while it runs. */
  #second: SecondRun | undefined;
  /** How long the second request waits, in milliseconds. */
  #delay = 0;
  #hasSecond = false;
  dueAt = 0;
  earlier: HedgeEntry | undefined;
  later: HedgeEntry | undefined;
  isQueued = false;

  constructor(source: Source, hedging: Hedging, request: SourceRequest, done: (response: SubgraphResponse) => void) {
    super();
    this.#source = source;
    this.#hedging = hedging;
    this.#request = request;
    this.#done = done;
    this.#outer = request.signal ?? request.client.signal;
  }

  start(): void {
    const request = this.#request as SourceRequest;
    this.#outer?.addEventListener('abort', this);
    const { policy, queue } = this.#hedging;
    const delay = policy.after === 'p95' ? policy.latencies.p95() : policy.after;
    const now = request.sentAt ?? performance.now();
    if (delay !== undefined) {
      this.#delay = delay;
      this.dueAt = now + delay;
      queue.add(this, now);
    }
    this.#start = now;
    this.#send(changeable(request, policy.ownsRequests === true), this);
  }

  /** The `EventListener` of the client's signal. */
  handleEvent(): void {
    this.#hedging.queue.remove(this);
    this.#cancelRunning();
  }

  /** Cancels the request that has lost, if it has taken as long again, and no response to it waits in its socket. */
  expire(): void {
    this.#cancelRunning();
  }

  startSecond(): void {
    const request = this.#request;
    if (request === undefined || !this.#isFirstRunning) return;
    const { share, policy } = this.#hedging;
    this.#hasSecond = share.withdraw();
    if (!this.#hasSecond) {
      request.trace?.note('no hedge: the share of hedged requests is used up');
      return policy.onHedge?.('denied');
    }
    this.#second = new SecondRun(performance.now());
    request.trace?.expectTry('hedge: the first request took longer than most');
    const copy = copyRequest(request);
    copy.sentAt = this.#second.start;
    this.#send(copy, this.#second);
  }

  #send(request: RequestCopy, run: Cancellation): void {
    if (this.#outer?.aborted) run.abort();
    request.signal = run;
    this.#source.send(request, (response) => this.#received(run, response));
  }

  #received(run: Cancellation, response: SubgraphResponse): void {
    const isSecond = run !== this;
    const second = this.#second;
    if (isSecond) this.#second = undefined;
    else this.#isFirstRunning = false;
    if (this.#done === undefined) return;
    const { share, policy } = this.#hedging;
    const { latencies, onHedge, hasRetryableError } = policy;
    const isOtherRunning = this.#isFirstRunning || this.#second !== undefined;
    const isGood = isGoodResponse(response) && hasRetryableError?.(response) !== true;
    if (!isGood && isOtherRunning) return;
    if (isGood) {
      const now = receivedAt(response);
      // the time of the one that runs counts as far as it got
      if (!isSecond || this.#isFirstRunning) latencies.record(now - this.#start);
      if (second !== undefined) latencies.record(now - second.start);
    }
    if (this.#hasSecond) {
      const hasWon = isGood && isSecond;
      share.ended(isGood, hasWon);
      onHedge?.(hasWon ? 'won' : 'lost');
    }
    this.#settle(response);
  }

  #cancelRunning(): void {
    if (this.#isFirstRunning) this.abort();
    this.#second?.abort();
  }

  #settle(response: SubgraphResponse): void {
    const done = this.#done;
    this.#hedging.queue.remove(this);
    this.#outer?.removeEventListener('abort', this);
    this.#request = undefined;
    this.#done = undefined;
    if (this.#isFirstRunning || this.#second) new Deadline(this.#delay, this).unref();
    done?.(response);
  }
}
