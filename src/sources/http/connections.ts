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

/** A handler of undici that learns whether its call gets a connection that has been idle. */
export interface IdleConnectionHandler {
  onIdleConnection?(): void;
}
