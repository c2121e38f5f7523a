import type { DocumentNode, GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { AdmissionQueue } from '../executor/admission-queue.ts';
import type { MemoryBudget } from '../executor/memory-budget.ts';
import type { TimedSections } from '../operation/timed-sections.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import type { ClientContext, Source } from '../sources/source.ts';
import type { Contract } from '../supergraph/contract.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CachePolicy } from './cache-policy.ts';
import type { ClientDocument, RefusedDocument } from './documents.ts';
import type { RequestLimits } from './limits.ts';
import type { OperationPolicy } from './operation-policy.ts';

/** What the stages up to validation have made of a document's text. */
export type ReadDocument = ClientDocument | RefusedDocument;

export interface EngineRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly client: ClientContext;
  /** What {@link Engine.readDocument} returned for the query; looked up without it. */
  readonly document?: ReadDocument | undefined;
  /** Whether what the variables were read from has a limit of its own for its size, in place of that of {@link RequestLimits}. */
  readonly areVariablesBounded?: boolean;
  /** The contract whose schema is asked; the whole public schema without it. */
  readonly contract?: string | undefined;
  /** True for GET: a mutation is refused. */
  readonly readOnly?: boolean;
  /**
   * Parts of a query that may be missing from the answer, each with the longest time that the rest waits for it: such a part
   * is null then, with the error `SECTION_TIMEOUT` at its path. Nothing else waits for what only a section needs.
   */
  readonly sections?: TimedSections | undefined;
  /** What failed as a whole is reported at each place where it is missing, not only at the first of a list. */
  readonly reportEveryPlace?: boolean | undefined;
}

/** A GraphQL result with its data already written as JSON text, so that hosts pass it on without a second walk. */
export interface ExecutionResult {
  /** JSON text of `data` (`{…}` or `null`); `undefined` when execution never began (a request error). */
  readonly dataText: string | undefined;
  readonly errors: readonly GraphQLFormattedError[];
  /**
   * Set when execution never began: what kind of request error it was. `limit`: the request is larger than allowed;
   * `policy`: a policy refused it, and `status` says with which HTTP status; `overload`: a query was given up, as there was
   * no memory for its answer.
   */
  readonly refusal?:
    | 'parse'
    | 'limit'
    | 'validation'
    | 'variables'
    | 'operation'
    | 'method'
    | 'policy'
    | 'overload'
    | 'internal';
  readonly status?: number | undefined;
  /** Headers that policies add to the response, names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `extensions` of the answer. */
  readonly extensions?: Record<string, unknown> | undefined;
  /** How long it may be kept; `undefined` where nothing in the schema says so of anything. */
  readonly cachePolicy?: CachePolicy | undefined;
  /** What was to be executed, for logs; `undefined` where it was refused before it was prepared. */
  readonly operation?: OperationLabel | undefined;
}

export interface EngineOptions {
  readonly supergraph: Supergraph;
  /** One source for each subgraph, by the subgraph's name. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly introspection?: boolean;
  /** Most tokens that a document may have; more is refused with `MAX_TOKENS_LIMIT`. No limit by default. */
  readonly maxTokens?: number;
  readonly limits?: RequestLimits;
  /** Bounds how much memory answers of subgraphs take, over all engines of the process; unbounded without it. */
  readonly memoryBudget?: MemoryBudget | undefined;
  /** Lets heavy operations begin one after the other, over all engines of the process; all begin at once without it. */
  readonly admissionQueue?: AdmissionQueue | undefined;
  /** Errors do not suggest names that the schema has. By default they do. */
  readonly hideSuggestions?: boolean;
  /** Asked in this order whether an operation may run, and which of its fields. */
  readonly policies?: readonly OperationPolicy[];
  /** Parts of the public schema that requests may name in `contract`. */
  readonly contracts?: readonly Contract[];
  /** Which of the labels of progressive `@override` are on for a request; `percent(n)` is decided without asking. None by default. */
  readonly overrideLabels?: (labels: readonly string[], client: ClientContext) => Iterable<string>;
  /** What `percent(n)` goes by, so that the same text always has the same answer; by chance where there is none. */
  readonly overridePercentBy?: (client: ClientContext) => string | undefined;
  /**
   * Tells how long answers may be kept, by the hints of the schema and by these subgraphs, which say it with each answer.
   * Without it, answers say nothing of that.
   */
  readonly cachePolicy?: { readonly reportsCacheControl: ReadonlySet<string> } | undefined;
  /** Whether clients see what this subgraph says of its errors, beyond their code. By default they do. */
  readonly includesErrorsOf?: (subgraph: string) => boolean;
  /** Called with errors as they were before their text was withheld from the client. */
  readonly onErrorsWithheld?: (errors: readonly GraphQLFormattedError[], client: ClientContext) => void;
  /** Called for each request that is to run, with its document and whether its operation was known, plan and all. */
  readonly onOperation?: ((document: DocumentNode, known: boolean) => void) | undefined;
  /** Called with each answer that says why an operation did not run. */
  readonly onRefused?: ((answer: ExecutionResult) => void) | undefined;
  /** Called with errors that are masked from clients (`INTERNAL_SERVER_ERROR`). */
  readonly onInternalError?: (error: unknown, client: ClientContext) => void;
}

/** One supergraph, ready to answer: parsed documents and plans are cached here, and go when the supergraph is swapped. */
export interface Engine {
  readonly supergraph: Supergraph;
  readonly publicSchema: GraphQLSchema;
  /** An object of its own for each call: whoever writes the answer last takes its text out. */
  execute(request: EngineRequest): Promise<ExecutionResult>;
  /**
   * Whether identical requests in flight may share one execution: the operation is a query, and no policy has to see
   * each request for it. `false` also when it cannot be told. From the document cache.
   */
  canDedupe(request: Pick<EngineRequest, 'query' | 'operationName' | 'contract' | 'document'>): boolean;
  /** The public schema, or that of a contract. */
  schemaOf?(contract: string | undefined): GraphQLSchema;
  /** Parses a document, holds it to the limits and validates it, or finds it in the document cache. */
  readDocument?(request: Pick<EngineRequest, 'query' | 'contract'>): ReadDocument | undefined;
  /**
   * Whether what a document is answered depends on who asks, so that the answer must not be kept for others. Where it is
   * missing, it never does. From the document cache.
   */
  dependsOnClient?(request: Pick<EngineRequest, 'query' | 'contract'>): boolean;
  /**
   * Whether a document can be run at all: it parses, is within the limits, and fits the schema. Where it is missing, all may be.
   * From the document cache.
   */
  isValid?(request: Pick<EngineRequest, 'query' | 'contract'>): boolean;
  /**
   * Reads and plans a document ahead of the first request for it. Where its plan depends on variables or on the client, it
   * is read and validated only. Mistakes in it are left for the request to find.
   */
  prepare?(query: string, options: { readonly keep: boolean }): void;
  /** Documents that were asked for lately, the latest first. */
  recentQueries?(max: number): string[];
}

/** `{"data":…}` or `{"errors":…}` as a client sees it. */
export function resultText(answer: ExecutionResult): string {
  const { dataText, errors, extensions } = answer;
  const end = extensions === undefined ? '}' : `,"extensions":${stringifyJson(extensions)}}`;
  if (dataText === undefined) return `{"errors":${stringifyJson(errors)}${end}`;
  if (errors.length === 0) return `{"data":${dataText}${end}`;
  return `{"data":${dataText},"errors":${stringifyJson(errors)}${end}`;
}
