import type { Dispatcher } from 'undici';
import type { Connections, CountedHandler, Dispatch } from './connections.ts';
import { QueueFullError } from './http-pool.ts';

type Handler = Dispatcher.DispatchHandler & CountedHandler;

interface WaitingCall {
  readonly connections: { readonly dispatch: Dispatch };
  readonly options: Dispatcher.DispatchOptions;
  readonly handler: Handler;
}

/**
 * The part of the connections to one origin that one subgraph may use.
 *
 * Subgraphs behind one origin, such as an ingress, share its connections, so that few are open and those are in use. Each
 * has a limit of its own: when one of them hangs, its calls occupy their own number of connections, and the others open
 * further ones. Calls beyond the limit wait in order, up to a number.
 */
export class ConnectionShare implements Connections {
  readonly #connections: Connections;
  readonly #limit: number;
  readonly #queue: number;
  readonly #waiting: WaitingCall[] = [];
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
    if (this.#waiting.length > 0) setImmediate(startWaiting, this);
    else if (this.#running === 0) this.#whenIdle?.();
  }

  startWaiting(): void {
    if (this.#running >= this.#limit) return;
    const call = this.#waiting.shift();
    if (call) this.#start(call);
  }

  /** Resolves after the calls in flight have completed. The connections stay open. */
  close(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  #enter(call: WaitingCall): boolean {
    if (this.#running < this.#limit && this.#waiting.length === 0) return this.#start(call);
    if (this.#waiting.length < this.#queue) this.#waiting.push(call);
    else call.handler.onError?.(new QueueFullError(this.#queue));
    return false;
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
