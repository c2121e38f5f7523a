import { ExactNumber } from '../shared/exact-json.ts';

/**
 * A request that the host itself answers, because it never becomes a GraphQL request: `message` is for the client and
 * says what was expected.
 */
export class GatewayError extends Error {
  readonly status: number;
  /** `extensions.code` of the GraphQL error. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'RequestRefusal';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
