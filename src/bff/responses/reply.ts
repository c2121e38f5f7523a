import { hash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { RequestNotes } from '../../shared/request-notes.ts';

/** An HTTP answer before it is written. */
export interface EndpointResponse {
  readonly status: number;
  /** Names in lower case, without `content-length` and `etag`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Strong, of the body as it is uncompressed; `undefined` where the answer cannot be asked for conditionally. */
  readonly etag?: string | undefined;
  /** Compressed forms of a body that is sent more than once; filled as they are asked for. */
  readonly forms?: Map<string, Buffer> | undefined;
  /** Errors that the answer was made with, for the log. */
  readonly errors?: RequestNotes['errors'];
  /** How long what took, in milliseconds, for `Server-Timing`. */
  readonly timings?: ReadonlyMap<string, number> | undefined;
}

/**
 * Members of a problem beyond those that every problem has.
 * @see https://www.rfc-editor.org/rfc/rfc9457#section-3.2
 */
export type ProblemExtensions = Readonly<Record<string, unknown>>;

export interface ProblemDetails {
  readonly status: number;
  /** Names the kind of problem; the last part of its `type` URI: `invalid-parameters`. */
  readonly kind: string;
  /** A sentence or two about this occurrence. */
  readonly detail: string;
  readonly extensions?: ProblemExtensions;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * A problem as `application/problem+json`.
 * @param instance the path that was asked for
 * @see https://www.rfc-editor.org/rfc/rfc9457#section-3.1
 */
export function problemResponse(problem: ProblemDetails, instance: string): EndpointResponse {
  const { status, kind, detail, extensions, headers } = problem;
  const title = STATUS_CODES[status] ?? 'Problem';
  const body = { type: `urn:headgate:problem:${kind}`, title, status, detail, instance, ...extensions };
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: stringifyJson(body),
  };
}

/** A strong validator: equal for equal bytes. SHA-1 is quick, and nobody gains by a collision with themselves. */
export function etagOf(body: string | Buffer): string {
  return `"${hash('sha1', body, 'base64url')}"`;
}
