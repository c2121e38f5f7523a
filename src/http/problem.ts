import { STATUS_CODES } from 'node:http';
import { stringifyJson } from '../shared/exact-json.ts';

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
  readonly extensions?: ProblemExtensions | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The response for a problem. */
export interface ProblemResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The kind as an error code, for the log: `INVALID_PARAMETERS`. */
  readonly errors: readonly [{ readonly extensions: { readonly code: string } }];
}

/**
 * Creates an `application/problem+json` response.
 * @param instance the requested path
 * @see https://www.rfc-editor.org/rfc/rfc9457#section-3.1
 */
export function problemResponse(problem: ProblemDetails, instance?: string): ProblemResponse {
  const { status, kind, detail, extensions, headers } = problem;
  const title = STATUS_CODES[status] ?? 'Problem';
  const body = { type: `urn:headgate:problem:${kind}`, title, status, detail, instance, ...extensions };
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: stringifyJson(body),
    errors: [{ extensions: { code: kind.toUpperCase().replaceAll('-', '_') } }],
  };
}
