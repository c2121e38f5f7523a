import type { GraphQLFormattedError } from 'graphql';
import type { DependsOn } from '../client/depends-on.ts';
import { Payload } from '../executor/payload.ts';
import type { PayloadStream } from '../executor/payload-stream.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import type { CachePolicy } from './cache-policy.ts';
import type { UpstreamEvents } from './upstream-events.ts';

/**
 * The kind of a request error. `limit`: the request exceeds a limit. `policy`: a policy refused it, and `status` is the
 * HTTP status. `plugin`: a plugin ended the operation before it was prepared. `overload`: a query was given up because there was no memory for its responses.
 */
export type Refusal =
  | 'parse'
  | 'limit'
  | 'validation'
  | 'variables'
  | 'operation'
  | 'method'
  | 'policy'
  | 'plugin'
  | 'overload'
  | 'internal';

/** What a result says beside its payload. */
export interface ResultDetails {
  /** Set when execution never began. */
  readonly refusal?: Refusal | undefined;
  readonly status?: number | undefined;
  /** Headers that policies add to the response, names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The `extensions` member of the response. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  /** How long the result may be cached; `undefined` where neither the schema nor a subgraph declares anything. */
  readonly cachePolicy?: CachePolicy | undefined;
  /** What the result depends on; set where it has a cache policy and the operation ran. */
  readonly dependsOn?: DependsOn | undefined;
  /** Name and type of the operation, for logs; `undefined` where it was refused before it was prepared. */
  readonly operation?: OperationLabel | undefined;
}

const NO_DETAILS: ResultDetails = {};

/**
 * A result that is one payload: one object, because each request makes one. Its data is JSON text already, so that hosts
 * send it without serializing it again.
 */
export class SingleResult extends Payload implements ResultDetails {
  readonly kind = 'single';
  readonly refusal: Refusal | undefined;
  readonly status: number | undefined;
  readonly headers: ResultDetails['headers'];
  readonly cachePolicy: CachePolicy | undefined;
  readonly dependsOn: DependsOn | undefined;
  readonly operation: OperationLabel | undefined;

  constructor(
    dataText: string | undefined,
    errors: readonly GraphQLFormattedError[],
    details: ResultDetails = NO_DETAILS,
  ) {
    super(dataText, errors, details.extensions);
    this.refusal = details.refusal;
    this.status = details.status;
    this.headers = details.headers;
    this.cachePolicy = details.cachePolicy;
    this.dependsOn = details.dependsOn;
    this.operation = details.operation;
  }

  /** Returns a result with other details, and takes the text. */
  with(changes: ResultDetails): SingleResult {
    return new SingleResult(this.takeText(), this.errors, { ...this, ...changes });
  }
}

/** A result of several payloads. They are for one reader, which reads them to their end or cancels them. */
export interface StreamResult extends Pick<ResultDetails, 'headers' | 'operation'> {
  readonly kind: 'stream';
  readonly payloads: PayloadStream;
  /** Of a subscription: where its events come from. */
  readonly upstream?: UpstreamEvents | undefined;
}

/** What executing an operation gives: one payload, or several after each other (subscriptions, defer groups). */
export type ExecutionResult = SingleResult | StreamResult;

/** Returns the JSON text of a result, `{"data":…}` or `{"errors":…}`, as a client sees it. */
export function resultText({ dataText, errors, extensions }: Payload): string {
  const end = extensions === undefined ? '}' : `,"extensions":${stringifyJson(extensions)}}`;
  if (dataText === undefined) return `{"errors":${stringifyJson(errors)}${end}`;
  if (errors.length === 0) return `{"data":${dataText}${end}`;
  return `{"data":${dataText},"errors":${stringifyJson(errors)}${end}`;
}
