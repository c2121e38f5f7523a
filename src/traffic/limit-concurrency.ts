import { Deadline, type Expirable } from '../shared/deadline.ts';
import { abortFailure } from '../sources/http/http-failure.ts';
import type { CancelSignal, Source, SourceFailure, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import type { Bulkhead, WaitingCall } from './bulkhead.ts';
import { queueFullFailure, waitedFailure } from './call-failures.ts';

/**
 * Limits the calls of a source that run at once, see {@link Bulkhead}. A call leaves the queue when its client disconnects, or
 * when its time is over. The wait counts towards its timeout.
 */
export function limitConcurrency(source: Source, bulkhead: Bulkhead, timeoutMs: number): Source {
  return {
    name: source.name,
    send(request, done) {
      new LimitedCall(source, bulkhead, request, done).enter(timeoutMs);
    },
    close: () => source.close(),
  };
}

class LimitedCall implements WaitingCall, Expirable {
  readonly #source: Source;
  readonly #bulkhead: Bulkhead;
  #request: SourceRequest | undefined;
  #done: ((response: SubgraphResponse) => void) | undefined;
  #isStarted = false;
  #deadline: Deadline | undefined;

  constructor(source: Source, bulkhead: Bulkhead, request: SourceRequest, done: (response: SubgraphResponse) => void) {
    this.#source = source;
    this.#bulkhead = bulkhead;
    this.#request = request;
    this.#done = done;
  }

  enter(timeoutMs: number): void {
    const request = this.#request as SourceRequest;
    const signal = signalOf(request);
    if (signal?.aborted) return this.#fail(abortFailure(this.#source.name));
    if (!this.#bulkhead.enter(this)) return this.#fail(queueFullFailure(this.#source.name));
    if (this.#isStarted) return;
    request.trace?.note('waited in the queue: concurrency.max requests were in flight');
    const until = performance.now() + timeoutMs;
    const deadline = Math.min(until, request.deadline ?? until);
    this.#request = { ...request, deadline };
    this.#deadline = new Deadline(Math.max(0, deadline - performance.now()), this);
    signal?.addEventListener('abort', this);
  }

  start(): void {
    this.#isStarted = true;
    const request = this.#request as SourceRequest;
    this.#stopWaiting(request);
    this.#request = undefined;
    this.#source.send(request, (response) => {
      const done = this.#done;
      this.#done = undefined;
      // the next call begins first: what the response leads to may take a while
      this.#bulkhead.leave();
      done?.(response);
    });
  }

  /** The `EventListener` of the abort signal, while the call waits. */
  handleEvent(): void {
    this.#bulkhead.withdraw(this);
    this.#fail(abortFailure(this.#source.name));
  }

  expire(): void {
    this.#bulkhead.withdraw(this);
    this.#fail(waitedFailure(this.#source.name));
  }

  #fail(failure: SourceFailure): void {
    const done = this.#done;
    if (this.#request) this.#stopWaiting(this.#request);
    this.#request = undefined;
    this.#done = undefined;
    done?.({ kind: 'failure', failure });
  }

  #stopWaiting(request: SourceRequest): void {
    this.#deadline?.cancel();
    signalOf(request)?.removeEventListener('abort', this);
  }
}

function signalOf({ signal, client }: SourceRequest): CancelSignal | undefined {
  return signal ?? client.signal;
}
