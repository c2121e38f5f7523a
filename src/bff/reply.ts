import { STATUS_CODES } from 'node:http';

/** An HTTP answer before it is written. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
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

export function jsonReply(body: string): Reply {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}

/**
 * A problem as `application/problem+json`.
 * @param instance the path that was asked for
 * @see https://www.rfc-editor.org/rfc/rfc9457#section-3.1
 */
export function problemReply(problem: ProblemDetails, instance: string): Reply {
  const { status, kind, detail, extensions, headers } = problem;
  const title = STATUS_CODES[status] ?? 'Problem';
  const body = { type: `urn:headgate:problem:${kind}`, title, status, detail, instance, ...extensions };
  return { status, headers: { 'content-type': 'application/problem+json', ...headers }, body: JSON.stringify(body) };
}
