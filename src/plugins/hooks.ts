import type { DocumentNode, GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Identity } from '../client/identity.ts';
import type { PluginRequest } from './plugin-request.ts';

/** Names of all hooks, in the order in which a request meets them. */
export const HOOK_NAMES = [
  'onSchemaChange',
  'onRequest',
  'onAuthenticate',
  'onParse',
  'onValidate',
  'onPlan',
  'onExecute',
  'onFetch',
  'onTry',
  'onFetchResponse',
  'onPayload',
  'onResponse',
  'onStage',
  'onShutdown',
] as const;

export type HookName = (typeof HOOK_NAMES)[number];

/** What a hook may return: nothing, or something that ends the stage early. A hook may be async. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook without `return` has the type `void`
type Returned<T> = T | undefined | void | Promise<T | undefined | void>;

/**
 * The hooks of a plugin. Each gets one object with what its stage knows. A hook may throw a `GatewayError`, which becomes the response.
 * Any other error is the request's error `PLUGIN_FAILED`.
 */
export interface Hooks<Config = unknown> {
  /** Called when a schema has become the current one, or that of a canary. Requests do not wait for it. */
  onSchemaChange?(hook: SchemaChangeHook<Config>): Returned<never>;
  /** Called for each HTTP request, before authentication. May return the response. */
  onRequest?(hook: RequestHook<Config>): Returned<PluginResponse>;
  /** Called when the credentials of a request have been checked. May return the response. */
  onAuthenticate?(hook: AuthenticateHook<Config>): Returned<PluginResponse>;
  /** Called with the text of an operation. May return its result. */
  onParse?(hook: ParseHook<Config>): Returned<OperationResult>;
  /** Called with a document that is within the limits and valid. May return the result of the operation. */
  onValidate?(hook: ValidateHook<Config>): Returned<OperationResult>;
  /** Called with the query plan, when policies have allowed the operation. May return its result. */
  onPlan?(hook: PlanHook<Config>): Returned<OperationResult>;
  /** Called before the first fetch. May return the result of the operation. */
  onExecute?(hook: ExecuteHook<Config>): Returned<OperationResult>;
  /** Called for each fetch from a subgraph. May return the result of the fetch, which is not sent then. */
  onFetch?(hook: FetchHook<Config>): Returned<PluginResult>;
  /** Called for each try of a fetch: the first one, retries and hedges. May return the result of the try. */
  onTry?(hook: TryHook<Config>): Returned<PluginResult>;
  /** Called with the response of each fetch. May return a result that replaces it. */
  onFetchResponse?(hook: FetchResponseHook<Config>): Returned<PluginResult>;
  /** Called with each payload of a result: `data`, `errors` and `extensions`, which it may change. */
  onPayload?(hook: PayloadHook<Config>): Returned<never>;
  /** Called before the response is written. May return another response. */
  onResponse?(hook: ResponseHook<Config>): Returned<PluginResponse>;
  /** Called at the start of each stage. Returns a function that is called at its end. Must not be async. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook without `return` has the type `void`
  onStage?(hook: StageHook<Config>): ((end: StageEnd) => void) | undefined | void;
  /** Called once, when the gateway stops or the plugin is reloaded. */
  onShutdown?(hook: ShutdownHook<Config>): Returned<never>;
}

/** Writes to the log of the gateway, with the name of the plugin. */
export interface PluginLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

interface AnyHook<Config> {
  /** `config` of the plugin, as its `configSchema` returned it. */
  readonly config: Config;
  readonly log: PluginLog;
}

interface HookOfRequest<Config> extends AnyHook<Config> {
  readonly request: PluginRequest;
  /** Values that plugins store for later hooks of the same request. */
  readonly context: Map<string, unknown>;
}

/** A schema that clients get. */
export interface SchemaFacts {
  /** The public schema. */
  readonly schema: GraphQLSchema;
  /** The text of the supergraph schema. */
  readonly supergraphSdl: string;
  /** Whether it is the schema of a canary, so that only a share of the clients gets it. */
  readonly isCanary: boolean;
}

export interface SchemaChangeHook<Config = unknown> extends AnyHook<Config>, SchemaFacts {}

export type ShutdownHook<Config = unknown> = AnyHook<Config>;

export type RequestHook<Config = unknown> = HookOfRequest<Config>;

export interface AuthenticateHook<Config = unknown> extends HookOfRequest<Config> {
  /** Sets who the client is, for policies, rate limits, header rules and sharing. */
  setIdentity(identity: Partial<Identity> & Pick<Identity, 'subject'>): void;
}

/** The operation that is executed. */
export interface OperationFacts {
  readonly name: string | undefined;
  readonly type: 'query' | 'mutation' | 'subscription';
}

/** The variables of an operation by name, without the `$`. */
type Variables = Readonly<Record<string, unknown>>;

/** The parts of an operation that a hook may replace. */
export interface OperationChange {
  readonly query?: string;
  readonly operationName?: string | undefined;
  readonly variables?: Variables;
}

export interface ParseHook<Config = unknown> extends TextOfOperation<Config> {
  /** Replaces parts of the operation before it is read. Only for plugins without `reads`. */
  setOperation(change: OperationChange): void;
}

interface TextOfOperation<Config> extends HookOfRequest<Config> {
  /** The text of the document. */
  readonly query: string;
  readonly operationName: string | undefined;
  /** As the client sent them. */
  readonly variables: Variables;
}

export interface ValidateHook<Config = unknown> extends TextOfOperation<Config> {
  readonly document: DocumentNode;
  readonly operation: OperationFacts;
}

/** The fetches of a query plan. */
export interface PlanFacts {
  readonly fetches: readonly { readonly subgraph: string }[];
}

export interface PlanHook<Config = unknown> extends HookOfRequest<Config> {
  readonly document: DocumentNode;
  readonly operation: OperationFacts;
  /** With their defaults. */
  readonly variables: Variables;
  readonly plan: PlanFacts;
}

export type ExecuteHook<Config = unknown> = PlanHook<Config>;

export interface FetchHook<Config = unknown> extends HookOfRequest<Config> {
  readonly subgraph: string;
  readonly operationType: OperationFacts['type'];
  /** The body of the request: JSON text with `query` and `variables`. */
  readonly body: string;
  /** Headers to send besides those of header rules. They replace headers of the same name. */
  readonly headers: Headers;
  /** The URL of the subgraph, the first one of several; `undefined` for REST APIs. */
  readonly url: string | undefined;
  /** Returns the headers that header rules send with the fetch. */
  forwardedHeaders(): Headers;
  /** Leaves out a header that header rules send. */
  removeForwarded(name: string): void;
  /** Replaces the body. */
  setBody(text: string): void;
  /** The same in `onFetchResponse`, and in no other fetch. */
  readonly fetchId: string;
}

export interface TryHook<Config = unknown> extends HookOfRequest<Config> {
  readonly subgraph: string;
  readonly operationType: OperationFacts['type'];
  /** The body of the request: JSON text with `query` and `variables`; for a REST API, its body. */
  readonly body: string;
  /** Headers to send besides those of header rules. They replace headers of the same name. */
  readonly headers: Headers;
}

/** The response of a fetch. */
export interface FetchedResponse {
  /** The result, parsed when it is read; `undefined` where there is none. */
  readonly result: PluginResult | undefined;
  /** Headers of the response, which may be changed for what follows: caching, and rules that return headers to clients. */
  readonly headers: Headers;
}

export interface FetchResponseHook<Config = unknown> extends HookOfRequest<Config> {
  readonly subgraph: string;
  readonly operationType: OperationFacts['type'];
  readonly body: string;
  /** The HTTP status; `undefined` where the subgraph did not respond. */
  readonly status: number | undefined;
  readonly response: FetchedResponse;
  /** Why there is no result. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
  /** The same as in `onFetch`. */
  readonly fetchId: string;
  /** How long the fetch took, in milliseconds. */
  readonly durationMs: number;
}

/** A payload, parsed when a plugin reads it. Assign a member to change it. */
export interface PluginPayload {
  /** `undefined` when execution never began. */
  data: Record<string, unknown> | null | undefined;
  errors: readonly GraphQLFormattedError[];
  extensions: Readonly<Record<string, unknown>> | undefined;
  /** The HTTP status of the response, if it is set. Not for streams and batches. */
  status?: number | undefined;
  /** Headers of the response. Not for streams and batches. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Whether it is the first payload of a stream or a later one; `undefined` for a single result. */
  readonly ofStream?: 'first' | 'later' | undefined;
}

export interface PayloadHook<Config = unknown> extends HookOfRequest<Config> {
  /** `undefined` where the operation was refused before it was known. */
  readonly operation: OperationFacts | undefined;
  readonly payload: PluginPayload;
}

/** A response before it is written. */
export interface ResponseDraft {
  status: number;
  readonly headers: Headers;
  /** Resolves with the text of the body, decoded; `undefined` for an event stream. */
  readBody(): Promise<string | undefined>;
  /** Replaces the body. Throws for an event stream. */
  setBody(text: string): void;
}

export interface ResponseHook<Config = unknown> extends HookOfRequest<Config> {
  readonly response: ResponseDraft;
  /** `undefined` where the request executed none. */
  readonly operation: OperationFacts | undefined;
  /** The errors in the response, as the client sees them. */
  readonly errors: readonly GraphQLFormattedError[];
  /** From the start of the request, in milliseconds. */
  readonly durationMs: number;
}

/** How a stage ended. */
export interface StageEnd {
  /** What the stage threw, if it did. */
  readonly error?: unknown;
}

export interface StageHook<Config = unknown> extends HookOfRequest<Config> {
  /** `request`, a stage of the pipeline such as `plan`, `fetch` or `try`. */
  readonly stage: string;
  /** The subgraph of a fetch or a try. */
  readonly subgraph: string | undefined;
}

/** A response that a plugin makes. */
export interface PluginResponse {
  /** Default 200. */
  readonly status?: number;
  /** A list is sent as several headers of the name, as `set-cookie` needs it. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A text, or a value that is sent as JSON. */
  readonly body?: unknown;
}

/** The result of an operation, with what the HTTP response around it has. */
export interface OperationResult extends PluginResult {
  /** The HTTP status. Default 200; at an endpoint, without data, what the codes of the errors mean. Not for batches. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The result of an operation or of a fetch. */
export interface PluginResult {
  readonly data?: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}
