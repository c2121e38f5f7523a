import type { IncomingHttpHeaders } from 'node:http';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { matches } from '../responses/conditional.ts';
import type { ProblemDetails } from '../responses/reply.ts';

/**
 * Refuses conditional requests whose condition cannot be shown to hold. What an endpoint changes has no tag that the
 * gateway knows, and a client that names one wants nothing done unless it holds; a stream of events has no tag, either.
 * GET and HEAD are compared when their answer is there.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1
 */
export function unmetPrecondition(
  { method }: Pick<Endpoint, 'method'>,
  headers: IncomingHttpHeaders,
  streamed: boolean,
): ProblemDetails | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (method === 'GET') return streamed && ifMatch !== undefined && !matches(ifMatch, undefined) ? STREAM : undefined;
  const name = ifMatch !== undefined ? 'If-Match' : ifNoneMatch !== undefined ? 'If-None-Match' : undefined;
  if (name === undefined) return undefined;
  const detail = `${name} cannot be checked: answers to ${method} have no entity tag. Nothing was done; send it without.`;
  return { status: 412, kind: 'precondition-failed', detail };
}

const STREAM: ProblemDetails = {
  status: 412,
  kind: 'precondition-failed',
  detail: 'If-Match cannot be checked: a stream of events has no entity tag.',
};
