import { noteStatus } from '../shared/error-status.ts';
import { isStackOverflow } from '../shared/exact-json.ts';
import type { ClientContext, ResponseObserver, SourceFailure } from '../sources/source.ts';
import type { CompiledRequest } from './compile.ts';
import { malformed, readSubgraphErrors, type SubgraphError } from './errors.ts';
import type { GatheredEntities } from './gather-entities.ts';
import { isNullish, isObject } from './objects.ts';
import { type CompleteResponse, resultOf } from './read-response.ts';
import type { MergeProblems, ResponseMerger } from './response-merger.ts';

/** What a response is merged into. */
export interface MergeTarget extends MergeProblems {
  readonly merger: ResponseMerger;
  readonly input: { readonly responseObserver?: ResponseObserver | undefined; readonly client?: ClientContext };
}

const NO_ERRORS: readonly SubgraphError[] = [];
const LIST_MISSING = 'the list of entities is missing or has another length';

/** Parses the response of a subgraph, merges its data, and reports its errors and what it lacks. */
export function mergeResponse(
  target: MergeTarget,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  response: CompleteResponse,
): void {
  try {
    parseAndMerge(target, request, sent, response);
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    reportMalformed(target, request, sent, response, 'it is nested too deeply');
  }
}

function parseAndMerge(
  target: MergeTarget,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  response: CompleteResponse,
): void {
  const { planned } = request;
  let result: unknown;
  try {
    result = resultOf(response, request.hasDecimals);
  } catch {
    return reportMalformed(target, request, sent, response, 'not JSON');
  }
  if (!isObject(result) || (result.data === undefined && result.errors === undefined)) {
    return reportMalformed(target, request, sent, response, 'neither data nor errors');
  }
  noteStatus(response.status, target.input.client);
  const { data } = result;
  const errors = result.errors === undefined ? NO_ERRORS : errorsOf(target, request, response, result);
  if (!isObject(data)) {
    return reportMissing(target, request, sent, {
      ...{ missing: sent, errors, data, response },
      reason: 'data is not an object',
    });
  }
  if (planned.root) target.merger.mergeRoot(request, data);
  else {
    const missing = target.merger.mergeLookups(request, sent, data);
    if (missing) return reportMissing(target, request, sent, { missing, errors, data, response, reason: LIST_MISSING });
    const { malformedEntity } = target.merger;
    if (malformedEntity !== undefined)
      observeFailure(target, request, response, malformed(planned, malformedEntity, response.status));
  }
  if (errors.length > 0) target.report.addSubgraphErrors(request, sent, errors, data);
}

/** Reads the errors of a result and reports them to the observer. */
function errorsOf(
  { input }: MergeTarget,
  { planned }: CompiledRequest,
  response: CompleteResponse,
  result: Record<string, unknown>,
): readonly SubgraphError[] {
  const errors = readSubgraphErrors(result.errors);
  if (errors.length === 0) return errors;
  input.responseObserver?.graphqlErrors(planned.subgraph.name, response, errors, isObject(result.data), input.client);
  const { retryAfter } = response;
  return retryAfter === undefined
    ? errors
    : errors.map((error) => ({ ...error, extensions: { retryAfter, ...error.extensions } }));
}

/** Reports that a response is not a GraphQL result. */
function reportMalformed(
  target: MergeTarget,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  response: CompleteResponse,
  reason: string,
): void {
  const failure = malformed(request.planned, reason, response.status);
  observeFailure(target, request, response, failure);
  target.report.addFailure(request, sent, failure);
}

function observeFailure(
  { input }: MergeTarget,
  { planned }: CompiledRequest,
  response: CompleteResponse,
  failure: SourceFailure,
): void {
  input.responseObserver?.failed(planned.subgraph.name, response, failure, input.client);
}

interface IncompleteResponse {
  readonly missing: readonly GatheredEntities[];
  readonly errors: readonly SubgraphError[];
  readonly data: unknown;
  readonly response: CompleteResponse;
  readonly reason: string;
}

/** Reports that all of `data`, or lists of entities, are missing: errors in the same response may explain it. */
function reportMissing(
  target: MergeTarget,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  { missing, errors, data, response, reason }: IncompleteResponse,
): void {
  const { report } = target;
  const reported = errors.length > 0 ? report.addSubgraphErrors(request, sent, errors, data) : undefined;
  const isNull = isObject(data) ? missing.every(({ part }) => isNullish(data[part.alias])) : isNullish(data);
  // a subscription that is refused, such as by its resolver, has an error at its field, and no data
  const isEachReported =
    request.rootKeys.length > 0 && request.rootKeys.every(({ key }) => reported?.isReportedAt(key));
  const explanation = reported?.explainsAll ?? (isEachReported ? errors[0] : undefined);
  if (reported && explanation && isNull) return report.addExplained(request, missing, explanation, reported);
  const failure = malformed(request.planned, reason, response.status);
  observeFailure(target, request, response, failure);
  report.addFailure(request, missing, failure, (key) => reported?.isReportedAt(key) === true);
}
