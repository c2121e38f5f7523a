import { hash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { RequestNotes } from '../../shared/request-notes.ts';

/** An HTTP response before it is written. */
export interface EndpointResponse {
  readonly status: number;
  /** Names in lower case, without `content-length` and `etag`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Strong entity tag of the uncompressed body; `undefined` where conditional requests are not supported. */
  readonly etag?: string | undefined;
  /** Compressed bodies by coding, for a response that is sent more than once; filled on demand. */
  readonly encodedBodies?: Map<string, Buffer> | undefined;
  /** GraphQL errors of the execution, for the log. */
  readonly errors?: RequestNotes['errors'];
  /** Durations by name, in milliseconds, for `Server-Timing`. */
  readonly timings?: ReadonlyMap<string, number> | undefined;
}

/**
 * Extension members of a problem.
 * @see https://www.rfc-editor.org/rfc/rfc9457#section-3.2
 */
export type ProblemExtensions = Readonly<Record<string, unknown>>;

/** A problem that becomes an `application/problem+json` response. */
export interface ProblemDetails {
  readonly status: number;
  /** Kind of problem, the last part of its `type` URI: `invalid-parameters`. */
  readonly kind: string;
  /** Explanation of this occurrence, for people. */
  readonly detail: string;
  readonly extensions?: ProblemExtensions;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Creates an `application/problem+json` response.
 * @param instance the requested path
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

/** Returns a strong entity tag: equal for equal bytes. SHA-1 is fast, and a collision would only harm its author. */
export function etagOf(body: string | Buffer): string {
  return `"${hash('sha1', body, 'base64url')}"`;
}
