import type { ClientInfo } from '../client/identity.ts';
import type { CollectedHeaders } from '../policy/headers/response-headers.ts';

/** The parameters of a GraphQL request, as GraphQL over HTTP names them. */
export interface GraphqlParams {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** One operation that a client asks for. */
export interface GraphqlCall {
  readonly params: GraphqlParams;
  /** The body as it came; empty where the parameters are in the target. */
  readonly text: string;
  /** Whether only a query may run, as for GET. */
  readonly readOnly: boolean;
}

/** Where requests that share one execution find the response that one of them was given. */
export interface SharedResponse<Response = unknown> {
  response: Response | undefined;
  /** How many requests have not had the result yet. */
  left: number;
}

/** What the pipeline needs of the request that an operation came with, whatever brought it. */
export interface OperationContext {
  readonly requestId: string;
  readonly client: ClientInfo;
  /** Names in lower case. */
  readonly requestHeaders: Readonly<Record<string, string | string[] | undefined>>;
  /** What was asked for beside the headers and the body: method and URL. */
  readonly target: string;
  /** Whether the client has left already. */
  readonly isClosed: boolean;
  /** Called once if the client leaves before its response is sent. */
  onAbort: (() => void) | undefined;
  /** Set when others may get the same response. */
  shared: SharedResponse | undefined;
  /** Takes the headers that subgraphs have sent for the client. */
  receiveHeaders(gathered: CollectedHeaders): void;
}
