import { GraphQLError } from 'graphql';
import type { Connector } from '../../connectors/connector.ts';
import type { SourceFailure } from '../source.ts';
import type { RetryAfter } from './retry-after.ts';

interface Details {
  readonly code: string;
  readonly message: string;
  readonly reason?: string | undefined;
  readonly status?: number | undefined;
  /** Seconds until it may be tried again. */
  readonly retryAfter?: number | undefined;
  /** What the connector's `errors.extensions` says. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  readonly notFound?: boolean;
  readonly ofNothing?: boolean;
}

/** A connector that gave no data: an error of the field that asked for it. */
export class RestError extends GraphQLError {
  /** The API says, with its status alone, that there is no such thing. */
  readonly notFound: boolean;
  /** The object that the field is of refers to nothing: what would be called is named by a null of it. */
  readonly ofNothing: boolean;

  constructor(subgraph: string, connector: Connector, details: Details) {
    const { code, message, reason, status, retryAfter, extensions } = details;
    super(message, {
      extensions: {
        code,
        service: subgraph,
        ...(reason === undefined ? {} : { reason }),
        ...(status === undefined ? {} : { http: { status } }),
        ...(retryAfter === undefined ? {} : { retryAfter }),
        connector: { coordinate: connector.coordinate },
        ...extensions,
      },
    });
    this.notFound = details.notFound === true;
    this.ofNothing = details.ofNothing === true;
  }
}

/** A failure of the transport as a connector's error. */
export function failed(subgraph: string, connector: Connector, failure: SourceFailure): RestError {
  return new RestError(subgraph, connector, failure);
}

/** The API has asked to be left alone for a while, so that this call is not made. */
export function leftAlone(subgraph: string, connector: Connector, { status, seconds }: RetryAfter): RestError {
  return new RestError(subgraph, connector, {
    code: 'SUBREQUEST_HTTP_ERROR',
    message: `${connector.coordinate} was not asked for: the REST API answered HTTP status ${status}, and to try again in ${seconds} s.`,
    reason: 'Retry-After of the API',
    status,
    retryAfter: seconds,
  });
}

/** An answer that came whole and with success, but cannot be used. */
export function malformed(subgraph: string, connector: Connector, reason: string, status?: number): RestError {
  const message = `The answer for ${connector.coordinate} cannot be used: ${reason}.`;
  return new RestError(subgraph, connector, { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason, status });
}
