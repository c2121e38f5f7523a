/** A response of the login routes. It is never cached. */
export interface LoginResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly setCookies?: readonly string[];
  /** Sent as JSON; no body if left out. */
  readonly body?: object;
  /** Sent as problem details (RFC 9457), instead of `body`. */
  readonly problem?: { readonly kind: string; readonly detail: string };
}

export function redirect(location: string, setCookies: readonly string[] = []): LoginResponse {
  return { status: 302, headers: { location }, setCookies };
}

/** @see https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(
  status: number,
  kind: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): LoginResponse {
  return { status, headers, problem: { kind, detail } };
}
