import { type GraphQLFormattedError, getOperationAST, Kind } from 'graphql';
import { originalOf } from '../../shared/original-error.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { errorCode } from '../endpoints/shape.ts';
import type { Execution } from './execute.ts';

/**
 * Returns whether no source was reached, so that nothing can have changed: every root field has an error of its own that says so. An
 * error below a root field says the opposite, since the root field was executed before.
 */
export function hasReachedNoSource(
  { document }: Pick<Endpoint, 'document'>,
  { dataText, errors }: Pick<Execution['result'], 'dataText' | 'errors'>,
): boolean {
  if (dataText === undefined) return true;
  if (errors.length === 0) return false;
  const unreached = new Set<unknown>();
  for (const error of errors) {
    if (error.path?.length !== 1 || !wasNotSent(originalOf(error))) return false;
    unreached.add(error.path[0]);
  }
  return rootKeys(document, dataText).every((key) => unreached.has(key));
}

/** Returns the keys of the root fields in the data; where that is null, those of all root fields. */
function rootKeys(document: Endpoint['document'], dataText: string): readonly string[] {
  const data: unknown = JSON.parse(dataText);
  if (typeof data === 'object' && data !== null) return Object.keys(data);
  // null for all of the data: any of the root fields may be the reason
  const selections = getOperationAST(document)?.selectionSet.selections ?? [];
  return selections.flatMap((one) => (one.kind === Kind.FIELD ? [(one.alias ?? one.name).value] : [NO_KEY]));
}

/** A key that no error has in its path. */
const NO_KEY = '';

/** Codes by which the gateway refuses a field. A subgraph may use them, too; its errors have its name as `service`. */
const REFUSED: ReadonlySet<string> = new Set(['RATE_LIMITED', 'UNAUTHORIZED_FIELD_OR_TYPE']);

function wasNotSent(error: GraphQLFormattedError): boolean {
  const code = errorCode(error);
  const { service, reason } = error.extensions ?? {};
  if (code === 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED') return true;
  if (code === 'SUBREQUEST_HTTP_ERROR') return reason === 'connection refused';
  return REFUSED.has(code) && (service === undefined || reason === RATE_LIMIT);
}

/** The reason of a fetch that was over the subgraph's limit in the gateway. */
const RATE_LIMIT = 'rate limit of the gateway';
