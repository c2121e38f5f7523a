import type { Dispatcher } from 'undici';
import type { CallShare, Connections, CountedHandler, Dispatch } from './connections.ts';
import { QueueFullError } from './http-pool.ts';

type Handler = Dispatcher.DispatchHandler & CountedHandler;

interface WaitingCall {
  readonly connections: { readonly dispatch: Dispatch };
  readonly options: Dispatcher.DispatchOptions;
  readonly handler: Handler;
  /** Stops listening to the signal of the call. */
  stopListening?: () => void;
}

/**
 * The part of the connections to one origin that one subgraph may use.
 *
 * Subgraphs behind one origin, such as an ingress, share its connections, so that few are open and those are in use. Each
 * has a limit of its own: when one of them hangs, its calls occupy their own number of connections, and the others open
 * further ones. Calls beyond the limit wait in order, up to a number. One that is cancelled while it waits makes room at once.
 */
export class ConnectionShare implements Connections, CallShare {
  readonly #connections: Connections;
  readonly #limit: number;
  readonly #queue: number;
  /** In the order of insertion. */
  readonly #waiting = new Map<CountedHandler, WaitingCall>();
  #running = 0;
  #whenIdle: (() => void) | undefined;

  /**
   * @param limit the most calls that have a connection
   * @param queue the most calls that wait for one
   */
  constructor(connections: Connections, limit: number, queue: number) {
    this.#connections = connections;
    this.#limit = limit;
    this.#queue = queue;
  }

  readonly dispatch: Dispatch = (options, handler) => this.#enter({ connections: this.#connections, options, handler });

  readonly fresh: { readonly dispatch: Dispatch } = {
    dispatch: (options, handler) => this.#enter({ connections: this.#connections.fresh, options, handler }),
  };

  /** Called once for each call that had a connection, when it has ended. */
  leave(): void {
    this.#running--;
    // in the next turn of the event loop, the connection of the call is free
    if (this.#waiting.size > 0) setImmediate(startWaiting, this);
    else if (this.#running === 0) this.#whenIdle?.();
  }

  startWaiting(): void {
    if (this.#running >= this.#limit) return;
    for (const [handler, call] of this.#waiting) {
      this.#waiting.delete(handler);
      call.stopListening?.();
      this.#start(call);
      return;
    }
  }

  withdraw(handler: CountedHandler): void {
    if (this.#waiting.delete(handler) && this.#running === 0 && this.#waiting.size === 0) this.#whenIdle?.();
  }

  /** Resolves after the calls in flight have completed. The connections stay open. */
  close(): Promise<void> {
    if (this.#running === 0 && this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  #enter(call: WaitingCall): boolean {
    if (this.#running < this.#limit && this.#waiting.size === 0) return this.#start(call);
    const { handler } = call;
    if (this.#waiting.size >= this.#queue) {
      handler.onError?.(new QueueFullError(this.#queue));
      return false;
    }
    if ('share' in handler) handler.share = this;
    else this.#withdrawOnAbort(call);
    this.#waiting.set(handler, call);
    return false;
  }

  /** undici ends a call that is aborted only when it has a connection. */
  #withdrawOnAbort(call: WaitingCall): void {
    const { signal } = call.options as { readonly signal?: AbortSignal };
    if (signal === undefined) return;
    const abort = () => {
      this.withdraw(call.handler);
      call.handler.onError?.(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    call.stopListening = () => signal.removeEventListener('abort', abort);
  }

  #start({ connections, options, handler }: WaitingCall): boolean {
    this.#running++;
    if (!('share' in handler)) return connections.dispatch(options, new CountingHandler(handler, this));
    handler.share = this;
    return connections.dispatch(options, handler);
  }
}

function startWaiting(share: ConnectionShare): void {
  share.startWaiting();
}

/** Reports the end of a call whose own handler does not. */
class CountingHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #share: ConnectionShare;

  constructor(handler: Dispatcher.DispatchHandler, share: ConnectionShare) {
    this.#handler = handler;
    this.#share = share;
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#handler.onConnect?.(abort);
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean {
    return this.#handler.onHeaders?.(status, headers, resume, statusText) ?? true;
  }

  onData(chunk: Buffer): boolean {
    return this.#handler.onData?.(chunk) ?? true;
  }

  onComplete(trailers: string[] | null): void {
    this.#share.leave();
    this.#handler.onComplete?.(trailers);
  }

  onError(error: Error): void {
    this.#share.leave();
    this.#handler.onError?.(error);
  }
}
