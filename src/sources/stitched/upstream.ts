import type { ExecutionRequest, ExecutionResult } from '@graphql-tools/utils';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, type GraphQLSchema, Kind, print } from 'graphql';
import { noteStatus } from '../../shared/error-status.ts';
import { ExactNumber, parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { parseIfLong, reportUnreadable } from '../long-text.ts';
import type { ResponseObserver, Source, SourceFailure, SourceRequest, SubgraphResponse } from '../source.ts';
import { type ExpandedRequest, expandBatchFields } from './batch-fields.ts';
import { withoutFloatStandIn } from './float-inputs.ts';
import { forbiddenNulls, isExplained } from './forbidden-nulls.ts';
import type { RequestNames } from './request-names.ts';
import { type FetchDeadline, sendBeforeDeadline } from './send-before-deadline.ts';

/** State of one fetch of the gateway: the context value of the stitched schema. */
export interface StitchedContext {
  readonly request: SourceRequest;
  readonly time: FetchDeadline;
  calls: number;
  /** The length of the texts of all responses. */
  size: number;
  readonly failures: SourceFailure[];
  /** Errors of the service with the gateway's paths, or without a path. */
  readonly errors: GraphQLFormattedError[];
  /** Errors with a path from the service. Stitching puts them into the result at that path. */
  readonly located: GraphQLError[];
  /** Those of `located` that were found in the result and reported. */
  readonly reported: Set<Error>;
}

export interface UpstreamOptions {
  readonly name: string;
  readonly source: Source;
  /** The service's schema in the graph's names. */
  readonly schema: GraphQLSchema;
  readonly names: RequestNames | undefined;
  /** Receives the problems of the service's responses. */
  readonly observer?: ResponseObserver | undefined;
}

/**
 * Creates the executor that sends requests of the stitched schema to the service. It uses the gateway's transport, so timeouts,
 * connections, headers, sharing and aborts work as for every source. Failures are recorded and leave nulls.
 */
export function createUpstream(options: UpstreamOptions): (request: ExecutionRequest) => Promise<ExecutionResult> {
  return (request) => new Promise((resolve) => new UpstreamCall(options, request, resolve).ask(new Set()));
}

/** How often a request is repeated without look-ups whose failure made the whole result null. */
const MAX_REPETITIONS = 5;

/** One request of the stitched schema, until its response is complete. */
class UpstreamCall {
  private readonly options: UpstreamOptions;
  private readonly request: ExecutionRequest;
  private readonly context: StitchedContext;
  private readonly resolve: (result: ExecutionResult) => void;
  private readonly located: GraphQLError[] = [];
  private repetitions = 0;
  /** How the current response contradicts the service's schema. */
  private mismatch: string | undefined;

  constructor(options: UpstreamOptions, request: ExecutionRequest, resolve: (result: ExecutionResult) => void) {
    this.options = options;
    this.request = request;
    this.context = request.context as StitchedContext;
    this.resolve = resolve;
  }

  /** @param without look-ups of single keys, by their aliases, that are known to fail */
  ask(without: ReadonlySet<string>): void {
    const { source, schema, names, name, observer } = this.options;
    const many = expandBatchFields(this.request.document, this.request.variables ?? {}, schema, without);
    const document = withoutFloatStandIn(many?.document ?? this.request.document);
    const renamed = names?.toService(document);
    const variables = many?.variables ?? this.request.variables;
    const body = stringifyJson({ query: print(renamed?.document ?? document), variables });
    this.context.calls += 1;
    this.mismatch = undefined;
    const request = { ...this.context.request, body, sharedBody: undefined, isRewritten: true };
    const use = (response: SubgraphResponse, received = response) => {
      const result = readResponse(name, response, rootKeys(document));
      this.context.size += sizeOf(response);
      if ('code' in result) {
        if (response.kind !== 'failure') observer?.failed(name, received, result, request.client);
        this.context.failures.push(result);
        return this.resolve({ data: null });
      }
      noteStatus(statusOf(response) ?? 200, request.client);
      renamed?.restore?.(result.data);
      this.takeForbiddenNulls(result, document, many);
      this.take(result, many, without, received);
    };
    const done = (response: SubgraphResponse) => {
      const read = parseIfLong(name, response, request);
      if (!(read instanceof Promise)) return use(read);
      void read.then((parsed) => {
        reportUnreadable(observer, name, response, parsed, request.client);
        use(parsed, response);
      });
    };
    if (this.repetitions === 0) source.send(request, done);
    else sendBeforeDeadline(source, request, this.context.time, done, observer);
  }

  private observe(response: SubgraphResponse, { data, errors }: ServiceResult): void {
    const { name, observer } = this.options;
    const { mismatch } = this;
    const { client } = this.context.request;
    if (mismatch !== undefined) observer?.failed(name, response, malformed(name, mismatch, statusOf(response)), client);
    if (errors.length > 0)
      observer?.graphqlErrors(
        name,
        response,
        errors.map(({ error }) => error),
        data !== null,
        client,
      );
  }

  private take(
    { data, errors }: ServiceResult,
    many: ExpandedRequest | undefined,
    without: ReadonlySet<string>,
    response: SubgraphResponse,
  ): void {
    this.takeErrors(errors, many);
    // The null of a non-null look-up propagated and made the whole result null: repeat the request without that look-up.
    const lost = data === null && many ? errors.flatMap(({ path }) => (path ? [String(path[0])] : [])) : [];
    const failed = lost.filter((alias) => many?.aliases.has(alias));
    if (many && failed.length > 0 && new Set(failed).size < many.aliases.size && this.repetitions < MAX_REPETITIONS) {
      this.repetitions += 1;
      this.observe(response, { data, errors });
      return this.ask(new Set([...without, ...failed]));
    }
    const gathered = data && many ? many.gather(data) : data;
    if (gathered) this.takeUnmatched(gathered);
    this.observe(response, { data, errors });
    this.context.located.push(...this.located);
    this.resolve({ data: gathered, ...(this.located.length > 0 ? { errors: this.located } : {}) });
  }

  /** Passes errors with a path to stitching, which assigns each to its entity. Reports others without a path. */
  private takeErrors(errors: readonly ServiceError[], many: ExpandedRequest | undefined): void {
    for (const { path, error } of errors) {
      if (path === undefined) {
        this.context.errors.push(error);
        continue;
      }
      const { message, extensions } = error;
      this.located.push(new GraphQLError(message, { path: many?.pathOf(path) ?? path, extensions }));
    }
  }

  /** Adds errors for nulls that the service's schema does not allow and that no error of the service explains. */
  private takeForbiddenNulls(
    { data, errors }: ServiceResult,
    document: DocumentNode,
    many: ExpandedRequest | undefined,
  ): void {
    if (data === null) return;
    for (const path of forbiddenNulls(document, this.options.schema, data)) {
      if (isExplained(path, errors)) continue;
      this.mismatch ??= 'a look-up is null, which its schema does not allow';
      const message = `"${this.options.name}" returned null for a look-up, which its schema does not allow.`;
      this.located.push(new GraphQLError(message, { path: many?.pathOf(path) ?? path }));
    }
  }

  /** Adds errors for values that should be objects. */
  private takeUnmatched(data: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(data)) {
      if (Array.isArray(value)) data[key] = value.map((item, index) => this.objectAt([key, index], item));
      else data[key] = this.objectAt([key], value);
    }
  }

  private objectAt(path: (string | number)[], value: unknown): unknown {
    if (value === null || value === undefined || isObject(value)) return value;
    this.mismatch ??= 'a look-up is not an object';
    const message = `"${this.options.name}" returned a value for a look-up that is not an object.`;
    this.located.push(new GraphQLError(message, { path }));
    return null;
  }
}

function sizeOf(response: SubgraphResponse): number {
  if (response.kind === 'failure') return 0;
  return response.kind === 'text' ? response.text.length : response.size;
}

/** Returns the response keys of the operation's fields. */
function rootKeys(document: DocumentNode): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const field of node.selectionSet.selections)
      if (field.kind === Kind.FIELD) keys.add(field.alias?.value ?? field.name.value);
  }
  return keys;
}

interface ServiceError {
  /** Begins with the response key of a requested field. */
  readonly path: readonly (string | number)[] | undefined;
  readonly error: GraphQLFormattedError;
}

interface ServiceResult {
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly ServiceError[];
}

function readResponse(
  name: string,
  response: SubgraphResponse,
  keys: ReadonlySet<string>,
): ServiceResult | SourceFailure {
  if (response.kind === 'failure') return response.failure;
  const result = readResult(name, response);
  if ('code' in result) return result;
  const { data } = result;
  const errors = listOf(result.errors).map((error) => readError(error, keys, response.retryAfter));
  const missing = data === null ? [] : [...keys].filter((key) => data[key] === undefined);
  const [first] = missing;
  if (first === undefined) return { data, errors };
  if (errors.length === 0) return malformed(name, `the field "${first}" is missing`, response.status);
  return { data, errors: [...errors, ...missingErrors(name, missing, errors)] };
}

/** Returns `errors` as a list. A single value counts as one error. */
function listOf(errors: unknown): readonly unknown[] {
  if (errors === undefined || errors === null) return [];
  return Array.isArray(errors) ? errors : [errors];
}

/** Returns errors for missing fields that no error of the service explains. */
function missingErrors(name: string, missing: readonly string[], errors: readonly ServiceError[]): ServiceError[] {
  if (errors.some(({ path }) => path === undefined)) return [];
  const reported = new Set(errors.map(({ path }) => path?.[0]));
  return missing
    .filter((key) => !reported.has(key))
    .map((key) => {
      const { code, message, reason } = malformed(name, 'a requested look-up is missing');
      return { path: [key], error: { message, extensions: { code, reason } } };
    });
}

interface Result {
  readonly data: Record<string, unknown> | null;
  readonly errors: unknown;
}

function readResult(name: string, response: Exclude<SubgraphResponse, { kind: 'failure' }>): Result | SourceFailure {
  const { status } = response;
  let result: unknown;
  try {
    result = response.kind === 'parsed' ? response.result : parseJson(response.text);
  } catch {
    return malformed(name, 'not JSON', status);
  }
  if (!isObject(result)) return malformed(name, 'neither data nor errors', status);
  const { data, errors } = result;
  if (isObject(data)) return { data, errors };
  const explained = listOf(errors).length > 0;
  if (explained && (data === null || data === undefined)) return { data: null, errors };
  return malformed(name, data === undefined ? 'neither data nor errors' : 'data is not an object', status);
}

function statusOf(response: SubgraphResponse): number | undefined {
  return response.kind === 'failure' ? undefined : response.status;
}

function malformed(name: string, reason: string, status?: number): SourceFailure {
  const message = `The subgraph "${name}" returned a response that is not a GraphQL result.`;
  return { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason, ...(status === undefined ? {} : { status }) };
}

function readError(value: unknown, keys: ReadonlySet<string>, retryAfter: number | undefined): ServiceError {
  const { message, path, extensions } = isObject(value) ? value : {};
  const isWhole = typeof message === 'string';
  const said = isObject(extensions) ? extensions : undefined;
  const own = retryAfter === undefined ? said : { retryAfter, ...said };
  const error = {
    message: isWhole ? message : 'The subgraph reported an error without a message.',
    ...(isWhole ? own && { extensions: own } : { extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', ...own } }),
  };
  return { path: Array.isArray(path) && keys.has(path[0]) ? path : undefined, error };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
