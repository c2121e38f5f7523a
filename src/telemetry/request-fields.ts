import type { OperationLabel } from '../shared/request-notes.ts';
import type { LogFields } from './logger.ts';

/** The request that a line of the log is about. */
export interface LoggedRequest {
  readonly requestId: string;
  readonly operation?: OperationLabel | undefined;
  /** Its trace, where traces are on. */
  readonly trace?: { readonly traceId: string } | undefined;
}

/** Longer names from clients are truncated. */
const LONGEST = 128;

/** Returns the fields that name a request and its operation. */
export function requestFields({ requestId, operation, trace }: LoggedRequest): LogFields {
  const name = operation?.name;
  const ids = trace === undefined ? { requestId } : { requestId, traceId: trace.traceId };
  return name === undefined ? ids : { ...ids, operation: name.slice(0, LONGEST) };
}
