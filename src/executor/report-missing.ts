import type { SourceFailure } from '../sources/source.ts';
import type { CompiledRequest } from './compile.ts';
import type { ErrorReport } from './error-report.ts';
import type { SubgraphError } from './errors.ts';
import type { GatheredEntities } from './gather-entities.ts';
import { isNullish, isObject } from './objects.ts';

/** A response without all of `data`, or without lists of entities. */
interface MissingData {
  readonly request: CompiledRequest;
  /** The look-ups whose lists are missing. */
  readonly missing: readonly GatheredEntities[];
  readonly sent: readonly GatheredEntities[];
  /** The errors of the response. */
  readonly errors: readonly SubgraphError[];
  readonly data: unknown;
  /** Reported where the errors of the response do not explain it. */
  readonly failure: SourceFailure;
}

/** Reports that data is missing: errors in the same response may explain it. */
export function reportMissing(report: ErrorReport, given: MissingData): void {
  const { request, missing, sent, errors, data, failure } = given;
  const response = errors.length > 0 ? report.addSubgraphErrors(request, sent, errors, data) : undefined;
  const isNull = isObject(data) ? missing.every(({ part }) => isNullish(data[part.alias])) : isNullish(data);
  if (response?.explainsAll && isNull) report.addExplained(request, missing, response.explainsAll, response);
  else report.addFailure(request, missing, failure, (key) => response?.isReportedAt(key) === true);
}
