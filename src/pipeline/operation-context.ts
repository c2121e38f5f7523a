import type { Reads } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import type { PluginRun } from '../plugins/plugin-run.ts';
import type { CollectedHeaders } from '../policy/headers/response-headers.ts';
import type { CredentialCheck } from '../shared/credential-check.ts';
import type { DebugTrace } from '../shared/debug-trace.ts';
import type { RequestRecord } from '../shared/request-record.ts';
import type { RequestTrace } from '../shared/trace.ts';
import type { Uploads } from '../shared/uploads/uploads.ts';

/** The parameters of a GraphQL request, as GraphQL over HTTP names them. */
export interface GraphqlParams {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** One operation that a client requests. */
export interface GraphqlCall {
  readonly params: GraphqlParams;
  /** The request body; empty where the parameters are in the URL. */
  readonly text: string;
  /** Whether only a query may run, as for GET. */
  readonly readOnly: boolean;
}

/** The response that requests with a shared execution have in common. */
export interface SharedResponse<Response = unknown> {
  response: Response | undefined;
  /** How many requests have not received the result yet. */
  left: number;
}

/** What the pipeline needs of the request that an operation came with, on any transport. */
export interface OperationContext {
  readonly requestId: string;
  readonly client: ClientInfo;
  /** Names in lower case. */
  readonly requestHeaders: Readonly<Record<string, string | string[] | undefined>>;
  /** The method and URL of the request. */
  readonly target: string;
  /** What request handling reads besides what the engine knows of, such as plugins. Each reader adds to it. */
  readonly reads: Reads;
  /** The plugins of the request, if there are any. */
  readonly plugins?: PluginRun | undefined;
  /** The trace of the request, where traces are on. */
  readonly trace?: RequestTrace | undefined;
  /** Whether the client has disconnected. */
  readonly isClosed: boolean;
  /** Called once if the client disconnects before its response is sent. */
  onAbort: (() => void) | undefined;
  /** Set when other requests may get the same response. */
  shared: SharedResponse | undefined;
  /** Times and fetches, where something needs them. */
  readonly record: RequestRecord | undefined;
  /** What happens to the operation, for a client that may know. */
  readonly debug?: DebugTrace | undefined;
  /** The files of the request, which arrive while the operation runs. */
  readonly uploads?: Uploads | undefined;
  /** Returns how the credentials of the client are checked again, while a subscription runs; `undefined` where they cannot be. */
  credentialCheck?(): CredentialCheck | undefined;
  /** Takes the headers of subgraph responses that go to the client. */
  receiveHeaders(gathered: CollectedHeaders): void;
}
