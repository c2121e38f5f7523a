import { Cancellation } from '../sources/cancellation.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import { isGoodResponse } from './good-response.ts';
import { HedgeShare } from './hedge-share.ts';
import type { LatencyWindow } from './latency-window.ts';
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
  return {
    name: source.name,
    send(request, done) {
      if (request.operationType !== 'query') return source.send(request, done);
      share.deposit();
      new HedgedRequest(source, { policy, share }, request, done).start();
    },
    close: () => source.close(),
  };
}

interface Hedging {
  readonly policy: HedgePolicy;
  readonly share: HedgeShare;
}

/** One of the two requests. */
interface Run {
  readonly cancellation: Cancellation;
  readonly start: number;
  readonly isSecond: boolean;
}

class HedgedRequest {
  readonly #source: Source;
  readonly #hedging: Hedging;
  #request: SourceRequest | undefined;
  #done: ((response: SubgraphResponse) => void) | undefined;
  readonly #running = new Set<Run>();
  #timer: NodeJS.Timeout | undefined;
  /** How long the second request waits, in milliseconds. */
  #delay = 0;
  #hasSecond = false;

  constructor(source: Source, hedging: Hedging, request: SourceRequest, done: (response: SubgraphResponse) => void) {
    this.#source = source;
    this.#hedging = hedging;
    this.#request = request;
    this.#done = done;
  }

  start(): void {
    const request = this.#request as SourceRequest;
    (request.signal ?? request.client.signal)?.addEventListener('abort', this);
    const { after, latencies } = this.#hedging.policy;
    const delay = after === 'p95' ? latencies.p95() : after;
    if (delay !== undefined) {
      this.#delay = delay;
      this.#timer = setTimeout(() => setImmediate(() => this.#startSecond()), delay);
    }
    this.#send(false);
  }

  /** The `EventListener` of the abort signal. */
  handleEvent(): void {
    clearTimeout(this.#timer);
    this.#cancelRunning();
  }

  #startSecond(): void {
    if (this.#done === undefined || this.#running.size === 0) return;
    const isAllowed = this.#hedging.share.withdraw();
    if (!isAllowed) this.#hedging.policy.onHedge?.('denied');
    const { trace } = this.#request as SourceRequest;
    if (isAllowed) trace?.expectTry(`hedge: no response after ${Math.round(this.#delay)} ms`);
    else trace?.note('no hedge: the share of hedged requests is used up');
    this.#hasSecond = isAllowed;
    if (isAllowed) this.#send(true);
  }

  #send(isSecond: boolean): void {
    const request = this.#request;
    if (request === undefined) return;
    const cancellation = new Cancellation();
    if ((request.signal ?? request.client.signal)?.aborted) cancellation.abort();
    const run: Run = { cancellation, start: performance.now(), isSecond };
    this.#running.add(run);
    this.#source.send({ ...request, signal: cancellation }, (response) => this.#received(run, response));
  }

  #received(run: Run, response: SubgraphResponse): void {
    this.#running.delete(run);
    if (this.#done === undefined) return;
    const { share, policy } = this.#hedging;
    const { latencies, onHedge, hasRetryableError } = policy;
    const isGood = isGoodResponse(response) && hasRetryableError?.(response) !== true;
    if (!isGood && this.#running.size > 0) return;
    const now = performance.now();
    if (isGood) {
      latencies.record(now - run.start);
      for (const { start } of this.#running) latencies.record(now - start);
    }
    if (this.#hasSecond) {
      share.ended(isGood);
      onHedge?.(isGood && run.isSecond ? 'won' : 'lost');
    }
    this.#settle(response);
  }

  #cancelRunning(): void {
    for (const { cancellation } of this.#running) cancellation.abort();
  }

  #settle(response: SubgraphResponse): void {
    const { signal, client } = this.#request as SourceRequest;
    const done = this.#done;
    clearTimeout(this.#timer);
    (signal ?? client.signal)?.removeEventListener('abort', this);
    this.#request = undefined;
    this.#done = undefined;
    if (this.#running.size > 0) setTimeout(() => this.#cancelRunning(), this.#delay).unref();
    done?.(response);
  }
}
