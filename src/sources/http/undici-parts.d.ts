// Modules of undici that its package does not declare types for by themselves.

declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici';

  /** A pool with what it has of its own: `request` and its like are added by undici's main module. */
  export default class BarePool {
    constructor(origin: string, options?: Pool.Options);
    readonly dispatch: Pool['dispatch'];
    close(): Promise<void>;
  }
}

declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher } from 'undici';

  /** `request` of a dispatcher. */
  export default function request(
    this: Pick<Dispatcher, 'dispatch'>,
    options: Dispatcher.RequestOptions,
  ): Promise<Dispatcher.ResponseData>;
}
