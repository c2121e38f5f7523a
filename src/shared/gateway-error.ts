import { retryAfterSeconds } from './retry-after.ts';

/** Options of a {@link GatewayError}. */
export interface GatewayErrorOptions extends ErrorOptions {
  /** Headers of the response, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The kind of problem in problem details (RFC 9457): `unauthenticated`. Default: the code in kebab case. */
  readonly kind?: string;
}

/**
 * The error with which the gateway rejects a request. `message` is for the client, and says what was wrong and what was expected.
 * All other errors are bugs of the gateway, which are logged and masked.
 */
export class GatewayError extends Error {
  /** The HTTP status. */
  readonly status: number;
  /** `extensions.code` of the GraphQL error. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly #kind: string | undefined;

  constructor(status: number, code: string, message: string, { headers, kind, ...options }: GatewayErrorOptions = {}) {
    super(message, options);
    this.name = 'GatewayError';
    this.status = status;
    this.code = code;
    this.headers = headers ?? NO_HEADERS;
    this.#kind = kind;
  }

  /** The kind of problem, for endpoints that respond with problem details. */
  get kind(): string {
    return this.#kind ?? this.code.toLowerCase().replaceAll('_', '-');
  }

  /** `extensions` of the GraphQL error: the code, and the seconds until the client may retry. */
  get extensions(): { readonly code: string; readonly retryAfter?: number } {
    const wait = this.headers['retry-after'];
    const retryAfter = wait === undefined ? undefined : retryAfterSeconds(wait);
    return retryAfter === undefined ? { code: this.code } : { code: this.code, retryAfter };
  }
}

const NO_HEADERS: Readonly<Record<string, string>> = {};
