import type { ExecutionRequest, ExecutionResult } from '@graphql-tools/utils';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, type GraphQLSchema, Kind, print } from 'graphql';
import { ExactNumber, parseJson, stringifyJson } from '../../shared/exact-json.ts';
import type { Source, SourceFailure, SourceRequest, SubgraphResponse } from '../source.ts';
import { withoutFloatStandIn } from './float-inputs.ts';
import { forbiddenNulls, isExplained } from './forbidden-nulls.ts';
import { type WrittenOut, writeOutMany } from './look-up-many.ts';
import type { RequestNames } from './request-names.ts';
import { type FetchTime, sendWithin } from './send-within.ts';

/** What answering one fetch of the gateway came to: the stitched schema's context. */
export interface StitchedContext {
  readonly request: SourceRequest;
  readonly time: FetchTime;
  calls: number;
  readonly failures: SourceFailure[];
  /** Errors of the service with their paths in the gateway's terms, or without one. */
  readonly errors: GraphQLFormattedError[];
  /** Errors that the service gave a place; stitching puts them there. */
  readonly located: GraphQLError[];
  /** Those of them that were found in their place, and told. */
  readonly reported: Set<Error>;
}

export interface UpstreamOptions {
  readonly name: string;
  readonly source: Source;
  /** The service's schema in the graph's names. */
  readonly schema: GraphQLSchema;
  readonly names: RequestNames | undefined;
}

/**
 * How the stitched schema asks the service: by the gateway's own transport, so that timeouts, connections, headers, sharing
 * and aborts are those of every source. A failure is noted down, and leaves nulls; what to say of it is decided at the end.
 */
export function createUpstream(options: UpstreamOptions): (request: ExecutionRequest) => Promise<ExecutionResult> {
  return (request) => new Promise((resolve) => new UpstreamCall(options, request, resolve).ask(new Set()));
}

/** How often a request is made again without look-ups that took the others with them. */
const MOST_REPETITIONS = 5;

/** One request of the stitched schema, until it is answered. */
class UpstreamCall {
  private readonly options: UpstreamOptions;
  private readonly request: ExecutionRequest;
  private readonly context: StitchedContext;
  private readonly resolve: (result: ExecutionResult) => void;
  private readonly located: GraphQLError[] = [];
  private repetitions = 0;

  constructor(options: UpstreamOptions, request: ExecutionRequest, resolve: (result: ExecutionResult) => void) {
    this.options = options;
    this.request = request;
    this.context = request.context as StitchedContext;
    this.resolve = resolve;
  }

  /** @param without look-ups of single keys, by their aliases, that are known to fail */
  ask(without: ReadonlySet<string>): void {
    const { source, schema, names, name } = this.options;
    const many = writeOutMany(this.request.document, this.request.variables ?? {}, schema, without);
    const document = withoutFloatStandIn(many?.document ?? this.request.document);
    const renamed = names?.toService(document);
    const variables = many?.variables ?? this.request.variables;
    const body = stringifyJson({ query: print(renamed?.document ?? document), variables });
    this.context.calls += 1;
    const request = { ...this.context.request, body };
    const done = (answer: SubgraphResponse) => {
      const result = readAnswer(name, answer, rootKeys(document));
      if ('code' in result) {
        this.context.failures.push(result);
        return this.resolve({ data: null });
      }
      renamed?.restore(result.data);
      this.takeForbiddenNulls(result, document, many);
      this.take(result, many, without);
    };
    if (this.repetitions === 0) source.send(request, done);
    else sendWithin(source, request, this.context.time, done);
  }

  private take({ data, errors }: ServiceResult, many: WrittenOut | undefined, without: ReadonlySet<string>): void {
    this.takeErrors(errors, many);
    // A look-up that may not be null took the whole answer with it: the others are asked for again.
    const lost = data === null && many ? errors.flatMap(({ path }) => (path ? [String(path[0])] : [])) : [];
    const failed = lost.filter((alias) => many?.aliases.has(alias));
    if (many && failed.length > 0 && new Set(failed).size < many.aliases.size && this.repetitions < MOST_REPETITIONS) {
      this.repetitions += 1;
      return this.ask(new Set([...without, ...failed]));
    }
    const gathered = data && many ? many.gather(data) : data;
    if (gathered) this.takeUnmatched(gathered);
    this.context.located.push(...this.located);
    this.resolve({ data: gathered, ...(this.located.length > 0 ? { errors: this.located } : {}) });
  }

  /** Errors with a place go along with the data, so that stitching gives each to its entity; others are told as they are. */
  private takeErrors(errors: readonly ServiceError[], many: WrittenOut | undefined): void {
    for (const { path, error } of errors) {
      if (path === undefined) {
        this.context.errors.push(error);
        continue;
      }
      const { message, extensions } = error;
      this.located.push(new GraphQLError(message, { path: many?.pathOf(path) ?? path, extensions }));
    }
  }

  /** Nulls that the service's schema rules out are errors, where the service says nothing of them. */
  private takeForbiddenNulls(
    { data, errors }: ServiceResult,
    document: DocumentNode,
    many: WrittenOut | undefined,
  ): void {
    if (data === null) return;
    for (const path of forbiddenNulls(document, this.options.schema, data)) {
      if (isExplained(path, errors)) continue;
      const message = `"${this.options.name}" answered a look-up with null, which its schema does not allow.`;
      this.located.push(new GraphQLError(message, { path: many?.pathOf(path) ?? path }));
    }
  }

  /** Where objects were promised, and something else came, is an error. */
  private takeUnmatched(data: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(data)) {
      if (Array.isArray(value)) data[key] = value.map((item, index) => this.objectAt([key, index], item));
      else data[key] = this.objectAt([key], value);
    }
  }

  private objectAt(path: (string | number)[], value: unknown): unknown {
    if (value === null || value === undefined || isObject(value)) return value;
    const message = `"${this.options.name}" answered a look-up with something that is no object.`;
    this.located.push(new GraphQLError(message, { path }));
    return null;
  }
}

/** Response keys of the operation's fields. */
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
  /** A path that begins with one of the request's fields. */
  readonly path: readonly (string | number)[] | undefined;
  readonly error: GraphQLFormattedError;
}

interface ServiceResult {
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly ServiceError[];
}

function readAnswer(name: string, answer: SubgraphResponse, keys: ReadonlySet<string>): ServiceResult | SourceFailure {
  if (answer.kind === 'failure') return answer.failure;
  const result = readResult(name, answer.text, answer.status);
  if ('code' in result) return result;
  const { data } = result;
  const errors = listOf(result.errors).map((error) => readError(error, keys));
  const missing = data === null ? [] : [...keys].filter((key) => data[key] === undefined);
  const [first] = missing;
  if (first === undefined) return { data, errors };
  if (errors.length === 0) return malformed(name, `the field "${first}" is missing`, answer.status);
  return { data, errors: [...errors, ...missingErrors(name, missing, errors)] };
}

/** What stands for errors and is no list is an error all the same. */
function listOf(errors: unknown): readonly unknown[] {
  if (errors === undefined || errors === null) return [];
  return Array.isArray(errors) ? errors : [errors];
}

/** Errors for what is missing beside errors of something else. */
function missingErrors(name: string, missing: readonly string[], errors: readonly ServiceError[]): ServiceError[] {
  if (errors.some(({ path }) => path === undefined)) return [];
  const reported = new Set(errors.map(({ path }) => path?.[0]));
  return missing
    .filter((key) => !reported.has(key))
    .map((key) => {
      const { code, message, reason } = malformed(name, 'a look-up that was asked for is missing');
      return { path: [key], error: { message, extensions: { code, reason } } };
    });
}

interface Result {
  readonly data: Record<string, unknown> | null;
  readonly errors: unknown;
}

function readResult(name: string, text: string, status: number): Result | SourceFailure {
  let result: unknown;
  try {
    result = parseJson(text);
  } catch {
    return malformed(name, 'not JSON', status);
  }
  if (!isObject(result)) return malformed(name, 'neither data nor errors', status);
  const { data, errors } = result;
  if (isObject(data)) return { data, errors };
  const explained = listOf(errors).length > 0;
  if (explained && (data === null || data === undefined)) return { data: null, errors };
  return malformed(name, data === undefined ? 'neither data nor errors' : 'data is no object', status);
}

function malformed(name: string, reason: string, status?: number): SourceFailure {
  const message = `The subgraph "${name}" answered with something that is no GraphQL result.`;
  return { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason, ...(status === undefined ? {} : { status }) };
}

function readError(value: unknown, keys: ReadonlySet<string>): ServiceError {
  const { message, path, extensions } = isObject(value) ? value : {};
  const isWhole = typeof message === 'string';
  const own = isObject(extensions) ? extensions : undefined;
  const error = {
    message: isWhole ? message : 'The subgraph reported an error without a message.',
    ...(isWhole ? own && { extensions: own } : { extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', ...own } }),
  };
  return { path: Array.isArray(path) && keys.has(path[0]) ? path : undefined, error };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
