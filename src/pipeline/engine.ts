import type { DocumentNode, GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Credentials, DependsOn, Reads } from '../client/depends-on.ts';
import type { AdmissionQueue } from '../executor/admission-queue.ts';
import type { MemoryBudget } from '../executor/memory-budget.ts';
import type { DeferGroups } from '../operation/defer-groups.ts';
import type { PluginRun } from '../plugins/plugin-run.ts';
import type { UseCounter } from '../shared/request-notes.ts';
import type { ClientContext, ResponseObserver, Source } from '../sources/source.ts';
import type { Contract } from '../supergraph/contract.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { ClientDocument, RefusedDocument } from './documents.ts';
import type { ExecutionResult, SingleResult } from './execution-result.ts';
import type { RequestLimits } from './limits.ts';
import type { OperationPolicy } from './operation-policy.ts';
import type { UpstreamEvents, UpstreamSettings } from './upstream-events.ts';

/** The result of the stages up to validation for the text of a document. */
export type ReadDocument = ClientDocument | RefusedDocument;

/** One operation to execute. */
export interface EngineRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly client: ClientContext;
  /** The result of {@link Engine.readDocument} for the query; looked up where it is missing. */
  readonly document?: ReadDocument | undefined;
  /** Whether the size of the variables is already limited, in place of the limit of {@link RequestLimits}. */
  readonly areVariablesBounded?: boolean;
  /** The contract whose schema the client queries; the whole public schema where it is missing. */
  readonly contract?: string | undefined;
  /** Whether mutations are refused, as for GET. */
  readonly readOnly?: boolean;
  /**
   * Parts of a query that the rest does not wait for. In a single result, a part whose deadline has passed is null,
   * with the error `SECTION_TIMEOUT` at its path; a stream delivers each part on its own.
   */
  readonly deferGroups?: DeferGroups | undefined;
  /** Whether a stream delivers fragments with `@defer` and items with `@stream` after the rest. Without it, they are like any other. */
  readonly incremental?: boolean | undefined;
  /**
   * Whether the failure of a whole fetch is reported at each place where data is missing. By default it is reported
   * at the first item of a list only.
   */
  readonly reportEveryPlace?: boolean | undefined;
  /** For a subscription: how its upstream is kept, and an upstream subscription that it takes over if that has its events. */
  readonly subscription?: SubscriptionParts | undefined;
}

export interface SubscriptionParts {
  readonly settings: UpstreamSettings;
  readonly upstream?: UpstreamEvents | undefined;
  /** The subscription is resumed after the event with this cursor. */
  readonly resume?: ResumeAfter | undefined;
}

/** Where a client resumes a subscription. */
export interface ResumeAfter {
  readonly cursor: string;
  /** Whether it is an error that the source has no cursors. */
  readonly isRequired: boolean;
}

/** What an engine is built from. */
export interface EngineOptions {
  readonly supergraph: Supergraph;
  /** One source for each subgraph, by the name of the subgraph. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly introspection?: boolean;
  /** The most tokens that a document may have; more are refused with `MAX_TOKENS_LIMIT`. No limit by default. */
  readonly maxTokens?: number;
  readonly limits?: RequestLimits;
  /** The memory that subgraph responses may take, over all engines of the process; unbounded where it is missing. */
  readonly memoryBudget?: MemoryBudget | undefined;
  /**
   * The queue in which heavy operations start, over all engines of the process; all start at once where it is
   * missing.
   */
  readonly admissionQueue?: AdmissionQueue | undefined;
  /** The fewest items of a list with `@stream` that are fetched together after the first ones; 10 by default. */
  readonly smallestSlice?: number | undefined;
  /** Receives the problems of responses. */
  readonly responseObserver?: ResponseObserver | undefined;
  /** The subgraphs whose responses are cached. None by default. */
  readonly cachedSubgraphs?: ReadonlySet<string> | undefined;
  /** Whether errors leave out suggestions of schema names. By default they contain them. */
  readonly hideSuggestions?: boolean;
  /** Decide, in this order, whether an operation may run, and which of its fields. */
  readonly policies?: readonly OperationPolicy[];
  /** Why GraphQL clients have no subscriptions, if they have none: a sentence that names the setting. */
  readonly noSubscriptions?: string | undefined;
  /** Subsets of the public schema that requests may name in `contract`. */
  readonly contracts?: readonly Contract[];
  /**
   * Returns which labels of progressive `@override` are active for a request. `percent(n)` is decided without it.
   * None by default.
   */
  readonly overrideLabels?: (labels: readonly string[], client: ClientContext) => Iterable<string>;
  /**
   * Returns the key that decides `percent(n)`: the same key always gets the same decision. Without a key, chance
   * decides.
   */
  readonly overridePercentBy?: (client: ClientContext) => string | undefined;
  /** What is read of client requests for the operations. Where it is missing, results may depend on anything. */
  readonly requestReads?: RequestReads | undefined;
  /**
   * Enables cache policies, computed from the hints in the schema and from the responses of these subgraphs. Results
   * have no cache policy where it is missing.
   */
  readonly cachePolicy?: { readonly reportsCacheControl: ReadonlySet<string> } | undefined;
  /** Returns whether operations sent to this subgraph have a name (`traffic_shaping.….operation_names`). By default they have none. */
  readonly namesOperationsOf?: ((subgraph: string) => boolean) | undefined;
  /** Returns whether clients see messages and extensions of this subgraph's errors. By default they do. */
  readonly includesErrorsOf?: (subgraph: string) => boolean;
  /** Called with the original errors when some were masked from the client. */
  readonly onErrorsMasked?: (errors: readonly GraphQLFormattedError[], client: ClientContext) => void;
  /** Returns the counter of a new operation's use; none is counted by default. */
  readonly useOf?:
    | ((document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema) => UseCounter)
    | undefined;
  /** Called for each request that will run, with its document and whether its operation was already prepared. */
  readonly onOperation?: ((document: DocumentNode, known: boolean) => void) | undefined;
  /** Called with how long it took to plan and compile an operation, in milliseconds. */
  readonly onPlanned?: ((ms: number) => void) | undefined;
  /** Called with each result of an operation that did not run. */
  readonly onRefused?: ((result: SingleResult) => void) | undefined;
  /** Called with internal errors; clients see `INTERNAL_SERVER_ERROR` without details. */
  readonly onInternalError?: (error: unknown, client: ClientContext) => void;
}

/** What sources and labels read of client requests. */
export interface RequestReads {
  /** Returns what of a client request is sent to a subgraph. */
  ofSource(subgraph: string): Reads;
  /** Returns what decides whether labels of progressive `@override` are active. */
  ofLabels(labels: readonly string[]): Reads;
  readonly credentials: Credentials;
  /** What plugins read of each request. */
  readonly ofPlugins?: Reads | undefined;
}

/** A request whose dependencies are needed before it is executed. */
export type OperationRequest = Pick<
  EngineRequest,
  'query' | 'operationName' | 'variables' | 'contract' | 'document' | 'deferGroups'
>;

/** A request for a document, with the plugins that observe how it is read. */
export type DocumentRequest = Pick<EngineRequest, 'query' | 'contract'> & { readonly plugins?: PluginRun | undefined };

/** Executes operations on one supergraph. Its caches of documents and plans end with the supergraph. */
export interface Engine {
  readonly supergraph: Supergraph;
  readonly publicSchema: GraphQLSchema;
  /** Executes an operation. Each call returns a new object, so that the last reader may take its text out. */
  execute(request: EngineRequest): Promise<SingleResult>;
  /**
   * Executes an operation for a caller that can deliver several payloads. Resolves when the first one is there. What has
   * no defer groups is a single result, and so is a refusal.
   */
  stream(request: EngineRequest): Promise<ExecutionResult>;
  /**
   * Starts a subscription. Resolves with the stream of its payloads, or with the single result of an operation that is refused
   * or no subscription. A payload without data ends the stream with an error. Missing where there are no subscriptions.
   */
  subscribe?(request: EngineRequest): Promise<ExecutionResult>;
  /** Calls a listener when the engine is replaced: its subscriptions have to move to the next one. Returns a function that removes it. */
  onRetire?(listener: () => void): () => void;
  /**
   * Returns whether identical requests in flight may share one execution: the operation is a query, and no policy
   * must see each request for it. `false` also where the operation is not determined. Uses the document cache.
   */
  canDedupe(request: Pick<EngineRequest, 'query' | 'operationName' | 'contract' | 'document'>): boolean;
  /**
   * Returns what the result of a request depends on, as far as it is known without waiting: an operation that is not
   * planned yet may depend on all that its supergraph's sources are sent. Uses the document cache.
   */
  dependsOn(request: OperationRequest): DependsOn;
  /**
   * Returns what the results of all requests for a document with one operation depend on, whatever their variables.
   * Always returns the same record for the same document and supergraph: it plans the operation if that is needed.
   */
  dependsOnOncePlanned(request: Pick<EngineRequest, 'query' | 'deferGroups'>): DependsOn | Promise<DependsOn>;
  /** The public schema, or that of a contract. */
  schemaOf?(contract: string | undefined): GraphQLSchema;
  /** Parses a document, checks the limits and validates it, or returns it from the document cache. */
  readDocument?(request: DocumentRequest): ReadDocument | undefined;
  /**
   * Returns whether a document parses, is within the limits, and is valid for the schema. Where it is missing, every
   * document counts as valid. Uses the document cache.
   */
  isValid?(request: Pick<EngineRequest, 'query' | 'contract'>): boolean;
  /**
   * Parses, validates and plans a document ahead of the first request for it. A document whose plan depends on
   * variables or on the client is parsed and validated only. Mistakes in it are ignored here and reported to the
   * request.
   * @param options.cache whether the document is cached
   */
  prepare?(query: string, options: { readonly cache: boolean }): void;
  /** Whether it serves a share of the clients only, before it replaces the current engine. */
  readonly isCanary?: boolean;
  /** Counts a request that failed before it became an operation, for the comparison of a canary with the current engine. */
  countFailure?(): void;
  /** Returns the texts of recently used documents, the latest first. */
  recentQueries?(max: number): string[];
}
