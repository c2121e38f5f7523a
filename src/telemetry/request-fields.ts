import type { OperationLabel } from '../shared/request-notes.ts';
import type { LogFields } from './logger.ts';

/** The request that a line of the log is about. */
export interface LoggedRequest {
  readonly requestId: string;
  readonly operation?: OperationLabel | undefined;
}

/** Longer names from clients are truncated. */
const LONGEST = 128;

/** Returns the fields that name a request and its operation. */
export function requestFields({ requestId, operation }: LoggedRequest): LogFields {
  const name = operation?.name;
  return name === undefined ? { requestId } : { requestId, operation: name.slice(0, LONGEST) };
}
