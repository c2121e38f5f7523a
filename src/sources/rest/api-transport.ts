import type { Readable } from 'node:stream';
// The bare pool has no `request` method: undici's main module adds it, and most of that module is not loaded.
import type { Dispatcher } from 'undici';
import requestBy from 'undici/lib/api/api-request.js';
import type { FetchTrace } from '../../shared/fetch-trace.ts';
import type { CallSpan } from '../../shared/trace.ts';
import type { Connections } from '../http/connections.ts';
import { isConnectionLoss } from '../http/http-failure.ts';
import type { ClientContext } from '../source.ts';

/** A request to an API as it is sent. */
export interface SentApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | Readable | undefined;
  /** Whether it can be sent only once, because the client still sends parts of the body: its files. */
  readonly isOneShot?: boolean | undefined;
  /** Aborted with a `TimeoutError` when the time of the call is over. */
  readonly signal: AbortSignal;
  /** When that is, by `performance.now()`. */
  readonly deadline?: number | undefined;
  /** Whether the call needs a connection that no call has used before. */
  readonly needsFreshConnection?: boolean;
  /** The span of the call, where the telemetry of the client request is recorded. */
  readonly span?: CallSpan | undefined;
  /** Whether the API gets the trace context of the span. */
  readonly sendsTrace?: boolean | undefined;
  /** The fetch that the call is for, with the text of the body. Only where there are plugins. */
  readonly ofFetch?: ApiCallOrigin | undefined;
  /** Records the call. Only where the client's request has a debug trace. */
  readonly trace?: FetchTrace | undefined;
}

/** What plugins see of a call, beside its headers. */
export interface ApiCallOrigin {
  readonly client: ClientContext;
  readonly operationType: 'query' | 'mutation';
  /** Empty where the call has no body. */
  readonly body: string;
}

/** Resolves with the status and headers of the response, whose body is still to be read. Rejects with `ApiCallError`. */
export type SendApiRequest = (request: SentApiRequest) => Promise<Dispatcher.ResponseData>;

/** Wraps the calls of an API at an origin. */
export type ApiLayer = (send: SendApiRequest, origin: string) => SendApiRequest;

/** A call that got no response. `cause` is what the network reported. */
export class ApiCallError extends Error {
  /** Whether the connection was lost before any byte of a response. */
  readonly isConnectionLoss: boolean;

  constructor(cause: unknown) {
    super('An API call got no response.', { cause });
    this.name = 'ApiCallError';
    this.isConnectionLoss = isConnectionLoss(cause);
  }
}

/** Returns a function that sends requests to an origin over the connections of a pool, without retries. */
export function createApiTransport(pool: Connections, origin: string): SendApiRequest {
  return async (sent) => {
    const { needsFreshConnection, deadline: _deadline, ofFetch: _fetch, isOneShot: _oneShot, trace, ...rest } = sent;
    const { span: _span, sendsTrace: _sends, ...request } = rest;
    const end = trace?.beginTry(origin + request.path, request.method);
    try {
      const connections = needsFreshConnection ? pool.fresh : pool;
      const response = await requestBy.call(connections, request as Dispatcher.RequestOptions);
      end?.({ status: response.statusCode });
      return response;
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message?: string };
      end?.({ code: 'SUBREQUEST_HTTP_ERROR', reason: code ?? message });
      throw new ApiCallError(error);
    }
  };
}
