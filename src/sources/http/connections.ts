import type { Dispatcher } from 'undici';

export type Dispatch = Dispatcher['dispatch'];

/** The connections to one origin. `dispatch` is that of undici, with handlers of the `onConnect … onError` form. */
export interface Connections {
  readonly dispatch: Dispatch;
  /** Dispatches a call over a connection that cannot have been closed while it was idle. */
  readonly fresh: { readonly dispatch: Dispatch };
  /** Resolves after the calls in flight have completed. */
  close(): Promise<void>;
}

/** A handler of undici that tells the share of connections when its call has ended. */
export interface CountedHandler {
  /** Set when the call has a connection, or waits for one. */
  share?: CallShare | undefined;
}

/** The share of connections that a call is counted in. */
export interface CallShare {
  /** To be called once, with `onComplete` or `onError` of a call that has a connection. */
  leave(): void;
  /** To be called when nobody waits for the call any more. Does nothing for a call that has a connection. */
  withdraw(handler: CountedHandler): void;
}

/** A handler of undici that learns whether its call gets a connection that has been idle. */
export interface IdleConnectionHandler {
  /** When the call started, by `performance.now()`. */
  readonly startedAt?: number;
  onIdleConnection?(): void;
}
