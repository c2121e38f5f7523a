import { isStackOverflow } from '../shared/exact-json.ts';
import type { SourceFailure } from '../sources/source.ts';
import type { CompiledRequest } from './compile.ts';
import { malformed, readSubgraphErrors, type SubgraphError } from './errors.ts';
import type { GatheredEntities } from './gather-entities.ts';
import { isNullish, isObject } from './objects.ts';
import { type CompleteResponse, resultOf } from './read-response.ts';
import type { MergeProblems, ResponseMerger } from './response-merger.ts';

/** What a response is merged into. */
export interface MergeTarget extends MergeProblems {
  readonly merger: ResponseMerger;
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
    target.report.addFailure(request, sent, malformed(request.planned, 'it is nested too deeply', response.status));
  }
}

function parseAndMerge(
  target: MergeTarget,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  response: CompleteResponse,
): void {
  const { planned } = request;
  const { status } = response;
  let result: unknown;
  try {
    result = resultOf(response, request.hasDecimals);
  } catch {
    return target.report.addFailure(request, sent, malformed(planned, 'not JSON', status));
  }
  if (!isObject(result) || (result.data === undefined && result.errors === undefined)) {
    return target.report.addFailure(request, sent, malformed(planned, 'neither data nor errors', status));
  }
  const { data } = result;
  const errors = result.errors === undefined ? NO_ERRORS : readSubgraphErrors(result.errors);
  if (!isObject(data)) {
    const failure = malformed(planned, 'data is not an object', status);
    return reportMissing(target, request, sent, { missing: sent, errors, data, failure });
  }
  if (planned.root) target.merger.mergeRoot(request, data);
  const missing = planned.root ? undefined : target.merger.mergeLookups(request, sent, data);
  if (missing) {
    const failure = malformed(planned, LIST_MISSING, status);
    return reportMissing(target, request, sent, { missing, errors, data, failure });
  }
  if (errors.length > 0) target.report.addSubgraphErrors(request, sent, errors, data);
}

interface IncompleteResponse {
  readonly missing: readonly GatheredEntities[];
  readonly errors: readonly SubgraphError[];
  readonly data: unknown;
  readonly failure: SourceFailure;
}

/** Reports that all of `data`, or lists of entities, are missing: errors in the same response may explain it. */
function reportMissing(
  { report }: MergeTarget,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  { missing, errors, data, failure }: IncompleteResponse,
): void {
  const response = errors.length > 0 ? report.addSubgraphErrors(request, sent, errors, data) : undefined;
  const isNull = isObject(data) ? missing.every(({ part }) => isNullish(data[part.alias])) : isNullish(data);
  if (response?.explainsAll && isNull) report.addExplained(request, missing, response.explainsAll, response);
  else report.addFailure(request, missing, failure, (key) => response?.isReportedAt(key) === true);
}
