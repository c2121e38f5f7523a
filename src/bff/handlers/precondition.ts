import type { IncomingHttpHeaders } from 'node:http';
import { matchesIfMatch } from '../../http/conditional.ts';
import type { ProblemDetails } from '../../http/problem.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';

/**
 * Returns the problem of a conditional request whose condition cannot be checked. Responses to methods other than GET, and
 * event streams, have no entity tag. Conditions of GET and HEAD are checked when the response exists.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1
 */
export function unmetPrecondition(
  { method }: Pick<Endpoint, 'method'>,
  headers: IncomingHttpHeaders,
  streamed: boolean,
): ProblemDetails | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (method === 'GET')
    return streamed && ifMatch !== undefined && !matchesIfMatch(ifMatch, undefined) ? STREAM : undefined;
  const name = ifMatch !== undefined ? 'If-Match' : ifNoneMatch !== undefined ? 'If-None-Match' : undefined;
  if (name === undefined) return undefined;
  const detail = `${name} cannot be checked: responses to ${method} have no entity tag. Nothing was executed. Send the request without ${name}.`;
  return { status: 412, kind: 'precondition-failed', detail };
}

const STREAM: ProblemDetails = {
  status: 412,
  kind: 'precondition-failed',
  detail: 'If-Match cannot be checked: an event stream has no entity tag. Send the request without If-Match.',
};
