// Modules of undici whose types its package does not declare separately.

declare module 'undici/lib/core/symbols.js' {
  /** Keys of inner members. */
  // biome-ignore lint/complexity/noStaticOnlyClass: only static members can be symbols of their own type
  export default class Symbols {
    /** The method that sends a request, after its arguments are checked. */
    static readonly kDispatch: unique symbol;
    /** The number of requests of a pool that wait for a connection. */
    static readonly kQueued: unique symbol;
  }
}

declare module 'undici/lib/core/connect.js' {
  export type Connect = (target: object, callback: (error: Error | null, socket?: object) => void) => unknown;
  /** Returns a function that opens sockets. Takes the options of `net.connect` and `tls.connect`. */
  export default function connector(options: object): Connect;
}

declare module 'undici/lib/dispatcher/client.js' {
  import type { Client, Dispatcher } from 'undici';
  import type { Connect } from 'undici/lib/core/connect.js';
  import type symbols from 'undici/lib/core/symbols.js';

  /** A client without `request` and similar methods, which undici's main module adds. */
  class BareClient {
    constructor(origin: URL, options?: BareClient.Options);
    dispatch: Client['dispatch'];
    readonly on: Client['on'];
    close(): Promise<void>;
    [symbols.kDispatch](options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  }
  namespace BareClient {
    interface Options extends Omit<Client.Options, 'connect'> {
      readonly connect?: Connect;
    }
  }
  export default BareClient;
}

declare module 'undici/lib/dispatcher/pool.js' {
  import type { Dispatcher, Pool } from 'undici';
  import type symbols from 'undici/lib/core/symbols.js';
  import type BareClient from 'undici/lib/dispatcher/client.js';

  /** A pool without `request` and similar methods, which undici's main module adds. */
  class BarePool {
    constructor(origin: string, options?: BarePool.Options);
    readonly dispatch: Pool['dispatch'];
    close(): Promise<void>;
    destroy(): Promise<void>;
    readonly [symbols.kQueued]: number;
    [symbols.kDispatch](options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  }
  namespace BarePool {
    interface Options extends Omit<Pool.Options, 'factory' | 'connect'> {
      readonly connect?: unknown;
      readonly factory?: (origin: URL, options: object) => BareClient;
    }
  }
  export default BarePool;
}

declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher } from 'undici';

  /** The `request` method of a dispatcher. */
  export default function request(
    this: Pick<Dispatcher, 'dispatch'>,
    options: Dispatcher.RequestOptions,
  ): Promise<Dispatcher.ResponseData>;
}
