// Modules of undici whose types its package does not declare separately.

declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}

declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici';

  /** A pool without `request` and similar methods, which undici's main module adds. */
  export default class BarePool {
    constructor(origin: string, options?: Pool.Options);
    readonly dispatch: Pool['dispatch'];
    close(): Promise<void>;
  }
}

declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher } from 'undici';

  /** The `request` method of a dispatcher. */
  export default function request(
    this: Pick<Dispatcher, 'dispatch'>,
    options: Dispatcher.RequestOptions,
  ): Promise<Dispatcher.ResponseData>;
}
