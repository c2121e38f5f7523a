/** What an error says beside its message. */
export interface GatewayErrorOptions extends ErrorOptions {
  /** Headers of the response, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Names the kind of problem in problem details (RFC 9457): `unauthenticated`. By default the code in kebab case. */
  readonly kind?: string;
}

/**
 * The one error with which the gateway refuses a request: its `message` is for the client, and says what was wrong and what was
 * expected. Every other error is a mistake of the gateway's own, which is logged and masked.
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

  /** The kind of problem for endpoints that answer problem details. */
  get kind(): string {
    return this.#kind ?? this.code.toLowerCase().replaceAll('_', '-');
  }

  /** `extensions` of the GraphQL error: the code, and the seconds after which the client may try again. */
  get extensions(): { readonly code: string; readonly retryAfter?: number } {
    const wait = this.headers['retry-after'];
    return wait === undefined ? { code: this.code } : { code: this.code, retryAfter: Number(wait) };
  }
}

const NO_HEADERS: Readonly<Record<string, string>> = {};
