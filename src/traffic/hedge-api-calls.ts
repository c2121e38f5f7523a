import type { Dispatcher } from 'undici';
import { Deadline } from '../shared/deadline.ts';
import type { SendApiRequest, SentApiRequest } from '../sources/rest/api-transport.ts';
import { isGoodStatus } from './good-response.ts';
import type { HedgePolicy } from './hedge.ts';
import type { HedgeShare } from './hedge-share.ts';

type ApiResponse = Dispatcher.ResponseData;

export interface ApiHedgePolicy extends Pick<HedgePolicy, 'after' | 'latencies' | 'onHedge'> {
  /** Shared by all APIs of a subgraph. */
  readonly share: HedgeShare;
}

/**
 * Sends a second, equal `GET` when the first takes longer than most, as `hedgeReads` does with fetches. The first response with a status
 * below 500, other than 429, wins; the other call is cancelled if it takes as long again as the second one waited. What counts is the time until the headers of the response.
 */
export function hedgeApiReads(send: SendApiRequest, policy: ApiHedgePolicy): SendApiRequest {
  return (request) => {
    if (request.method !== 'GET') return send(request);
    policy.share.deposit();
    return new Promise((resolve, reject) => new HedgedApiCall(send, policy, request, { resolve, reject }).start());
  };
}

/** One of the two calls. */
interface Run {
  readonly controller: AbortController;
  readonly start: number;
  readonly isSecond: boolean;
}

interface Settle {
  resolve(response: ApiResponse): void;
  reject(error: unknown): void;
}

class HedgedApiCall {
  readonly #send: SendApiRequest;
  readonly #policy: ApiHedgePolicy;
  readonly #request: SentApiRequest;
  readonly #settle: Settle;
  /** The calls without a response, and the one that has won. */
  readonly #running = new Set<Run>();
  #timer: NodeJS.Timeout | undefined;
  /** How long the second call waits, in milliseconds. */
  #delay = 0;
  #hasSecond = false;
  #isSettled = false;

  constructor(send: SendApiRequest, policy: ApiHedgePolicy, request: SentApiRequest, settle: Settle) {
    this.#send = send;
    this.#policy = policy;
    this.#request = request;
    this.#settle = settle;
  }

  start(): void {
    this.#request.signal.addEventListener('abort', this);
    const { after, latencies } = this.#policy;
    const delay = after === 'p95' ? latencies.p95() : after;
    if (delay !== undefined) {
      this.#delay = delay;
      this.#timer = setTimeout(() => setImmediate(() => this.#startSecond()), delay);
    }
    this.#call(false);
  }

  /** The `EventListener` of the abort signal, also while the body of the response is read. */
  handleEvent(): void {
    clearTimeout(this.#timer);
    for (const { controller } of this.#running) controller.abort(this.#request.signal.reason);
  }

  #startSecond(): void {
    if (this.#isSettled || this.#running.size === 0) return;
    this.#hasSecond = this.#policy.share.withdraw();
    if (this.#hasSecond) this.#request.trace?.expectTry(`hedge: no response after ${Math.round(this.#delay)} ms`);
    if (this.#hasSecond) this.#call(true);
    else this.#policy.onHedge?.('denied');
  }

  #call(isSecond: boolean): void {
    const { signal } = this.#request;
    const run: Run = { controller: new AbortController(), start: performance.now(), isSecond };
    if (signal.aborted) run.controller.abort(signal.reason);
    this.#running.add(run);
    this.#send({ ...this.#request, signal: run.controller.signal }).then(
      (response) => this.#received(run, response),
      (error: unknown) => this.#failed(run, error),
    );
  }

  #received(run: Run, response: ApiResponse): void {
    const isGood = isGoodStatus(response.statusCode);
    if (this.#isSettled || (!isGood && this.#running.size > 1)) {
      this.#running.delete(run);
      void response.body.dump().catch(() => undefined);
      return;
    }
    this.#finish(run, isGood);
    // the body is read by others, and a client that disconnects ends that, too
    this.#running.add(run);
    response.body.once('close', () => this.#request.signal.removeEventListener('abort', this));
    this.#settle.resolve(response);
  }

  #failed(run: Run, error: unknown): void {
    this.#running.delete(run);
    if (this.#isSettled || this.#running.size > 0) return;
    this.#finish(run, false);
    this.#request.signal.removeEventListener('abort', this);
    this.#settle.reject(error);
  }

  #finish(run: Run, isGood: boolean): void {
    const { latencies, onHedge, share } = this.#policy;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#running.delete(run);
    const now = performance.now();
    if (isGood) for (const { start } of [run, ...this.#running]) latencies.record(now - start);
    if (this.#hasSecond) {
      const hasWon = isGood && run.isSecond;
      share.ended(isGood, hasWon);
      onHedge?.(hasWon ? 'won' : 'lost');
    }
    const others = [...this.#running];
    this.#running.clear();
    if (others.length === 0) return;
    const expire = () => {
      for (const { controller } of others) controller.abort();
    };
    new Deadline(this.#delay, { expire }).unref();
  }
}
