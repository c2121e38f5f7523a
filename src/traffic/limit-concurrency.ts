import { Deadline, type Expirable } from '../shared/deadline.ts';
import { abortFailure } from '../sources/http/http-failure.ts';
import type { CancelSignal, Source, SourceFailure, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import type { Bulkhead, WaitingCall } from './bulkhead.ts';
import { queueFullFailure, waitedFailure } from './call-failures.ts';
import { copyRequest } from './copy-request.ts';

/**
 * Limits the calls of a source that run at once, see {@link Bulkhead}. A call leaves the queue when its client disconnects, or
 * when its time is over. The wait counts towards its timeout.
 */
export function limitConcurrency(source: Source, bulkhead: Bulkhead, timeoutMs: number): Source {
  return {
    name: source.name,
    send(request, done) {
      if (signalOf(request)?.aborted) return done({ kind: 'failure', failure: abortFailure(source.name) });
      if (bulkhead.tryEnter()) sendEntered(source, bulkhead, request, done);
      else new LimitedCall(source, bulkhead, request, done).enter(timeoutMs);
    },
    close: () => source.close(),
  };
}

/** Sends a call that has entered the bulkhead. */
function sendEntered(source: Source, bulkhead: Bulkhead, request: SourceRequest, done: Done): void {
  source.send(request, (response) => {
    // the next call begins first: what the response leads to may take a while
    bulkhead.leave();
    done(response);
  });
}

type Done = (response: SubgraphResponse) => void;

/** A call that has to wait. */
class LimitedCall implements WaitingCall, Expirable {
  readonly #source: Source;
  readonly #bulkhead: Bulkhead;
  #request: SourceRequest | undefined;
  #done: Done | undefined;
  #deadline: Deadline | undefined;

  constructor(source: Source, bulkhead: Bulkhead, request: SourceRequest, done: Done) {
    this.#source = source;
    this.#bulkhead = bulkhead;
    this.#request = request;
    this.#done = done;
  }

  enter(timeoutMs: number): void {
    const request = this.#request as SourceRequest;
    if (!this.#bulkhead.wait(this)) return this.#fail(queueFullFailure(this.#source.name));
    request.trace?.note('waited in the queue: concurrency.max requests were in flight');
    const now = performance.now();
    const deadline = Math.min(now + timeoutMs, request.deadline ?? Number.POSITIVE_INFINITY);
    const copy = copyRequest(request);
    copy.deadline = deadline;
    copy.sentAt = undefined;
    this.#request = copy;
    this.#deadline = new Deadline(Math.max(0, deadline - now), this);
    signalOf(request)?.addEventListener('abort', this);
  }

  start(): void {
    const request = this.#request as SourceRequest;
    const done = this.#done as Done;
    this.#stopWaiting(request);
    this.#request = undefined;
    this.#done = undefined;
    sendEntered(this.#source, this.#bulkhead, request, done);
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
