import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import { InnerRequest, InnerResponse } from '../../http/inner-request.ts';
import type { RequestContext } from '../../http/request-context.ts';
import { errorsOf } from './messages.ts';

/** Handles a request with all middleware, and calls `serve` behind it. */
export type HandleInner = (req: InnerRequest, res: InnerResponse, serve: (context: RequestContext) => void) => void;

interface CredentialsParts {
  /** The handshake. */
  readonly request: IncomingMessage;
  readonly handleInner: HandleInner;
}

/** Why the middleware refuses the credentials of a connection. */
export interface Refusal {
  readonly status: number;
  readonly errors: readonly GraphQLFormattedError[];
}

/**
 * Lets the middleware see credentials, as a request of their own.
 * @param headers of the request, names in lower case
 * @param done called once
 */
export function checkCredentials(
  { request, handleInner }: CredentialsParts,
  headers: IncomingHttpHeaders,
  done: (result: RequestContext | Refusal) => void,
): void {
  const req = new InnerRequest({ socket: request.socket, method: 'GET', url: request.url ?? '/', headers });
  const res = new InnerResponse(req);
  let accepted: RequestContext | undefined;
  res.once('close', () => {
    if (accepted === undefined) done({ status: res.statusCode, errors: errorsOf(res.body) });
  });
  handleInner(req, res, (context) => {
    accepted = context;
    res.writeHead(101).end();
    done(context);
  });
}
