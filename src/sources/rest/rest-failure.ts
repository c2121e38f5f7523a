import { GraphQLError } from 'graphql';
import type { Connector } from '../../connectors/connector.ts';
import type { RetryAfter } from '../retry-after.ts';
import type { SourceFailure } from '../source.ts';

interface Details {
  readonly code: string;
  readonly message: string;
  readonly reason?: string | undefined;
  readonly status?: number | undefined;
  /** Seconds until the call may be retried. */
  readonly retryAfter?: number | undefined;
  /** From the connector's `errors.extensions`. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  readonly notFound?: boolean;
  readonly isNullReference?: boolean;
}

/** The error of a field whose connector returned no data. */
export class RestError extends GraphQLError {
  /** What happened, whatever code the connector gives the error. */
  readonly details: Pick<Details, 'code' | 'reason' | 'status'>;
  /** Whether the API responded with status 404, and the connector does not define success itself. */
  readonly notFound: boolean;
  /** Whether the request needs a field of the parent object that is null, so that the object refers to nothing. */
  readonly isNullReference: boolean;

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
    this.details = { code, reason, status };
    this.notFound = details.notFound === true;
    this.isNullReference = details.isNullReference === true;
  }
}

/** Returns a transport failure as the error of a connector. */
export function failed(subgraph: string, connector: Connector, failure: SourceFailure): RestError {
  return new RestError(subgraph, connector, failure);
}

/** Returns the error of a call that is not made, because the API has sent `Retry-After`. */
export function retryAfterError(subgraph: string, connector: Connector, { status, seconds }: RetryAfter): RestError {
  return new RestError(subgraph, connector, {
    code: 'SUBREQUEST_HTTP_ERROR',
    message: `${connector.coordinate} was not called: the REST API returned HTTP status ${status} with Retry-After. Try again in ${seconds} s.`,
    reason: 'Retry-After of the API',
    status,
    retryAfter: seconds,
  });
}

/** Returns the error of a complete, successful response that cannot be used. */
export function malformed(subgraph: string, connector: Connector, reason: string, status?: number): RestError {
  const message = `The response for ${connector.coordinate} cannot be used: ${reason}.`;
  return new RestError(subgraph, connector, { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason, status });
}

/** Returns the error of a non-null field of an object that the API does not have. */
export function notFound(subgraph: string, coordinate: string): GraphQLError {
  const reason = 'the REST API did not return the object';
  const message = `Cannot return null for non-nullable field ${coordinate}: ${reason}.`;
  return new GraphQLError(message, { extensions: { code: 'INVALID_NULL_OR_TYPE', service: subgraph, reason } });
}
