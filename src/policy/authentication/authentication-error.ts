import { GatewayError } from '../../shared/gateway-error.ts';

/** Thrown when a request cannot be authenticated. `message` is for the client and does not say which check failed. */
export class AuthenticationError extends GatewayError {
  /** The details, for the log only. */
  readonly reason: string;

  constructor(what: AuthenticationProblem, message: string, options?: ErrorOptions) {
    super(what.status, what.code, message, { ...options, headers: what.headers, kind: what.kind });
    this.name = 'AuthenticationError';
    this.reason = what.reason;
  }
}

export interface AuthenticationProblem {
  readonly status: 401 | 403 | 429 | 503;
  readonly code: 'UNAUTHENTICATED' | 'FORBIDDEN' | 'RATE_LIMITED' | 'SERVICE_UNAVAILABLE';
  readonly kind: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: string;
}

/**
 * Why a credential is rejected. `expired`, `not_yet_valid`, `claims` and `revoked` mean that a trusted issuer has issued the
 * credential; in all other cases the client may have invented it.
 */
export type BadCredentialKind =
  | 'malformed'
  | 'unknown'
  | 'forged'
  | 'inactive'
  | 'expired'
  | 'not_yet_valid'
  | 'claims'
  | 'revoked';

const ISSUED: ReadonlySet<BadCredentialKind> = new Set(['expired', 'not_yet_valid', 'claims', 'revoked']);

/** Thrown for a credential that is not valid; `message` is for the log. */
export class BadCredential extends Error {
  override readonly name = 'BadCredential';
  readonly kind: BadCredentialKind;

  constructor(kind: BadCredentialKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  /** Whether the client may have invented the credential. */
  get isGuess(): boolean {
    return !ISSUED.has(this.kind);
  }
}

/** Thrown when a credential cannot be checked because a key set, store or server is unavailable; `message` is for the log. */
export class AuthenticationUnavailable extends Error {
  override readonly name = 'AuthenticationUnavailable';
}

/** Returns the error for a request without a credential (RFC 6750, section 3.1). */
export function missingCredential(challenge: string): AuthenticationError {
  const headers = { 'www-authenticate': challenge };
  const what = { status: 401, code: 'UNAUTHENTICATED', kind: 'unauthenticated', headers } as const;
  return new AuthenticationError({ ...what, reason: 'no credential' }, 'This needs authentication.');
}

export function invalidCredential(challenge: string, cause: Error): AuthenticationError {
  const description = 'error="invalid_token", error_description="The credential is not valid"';
  const headers = { 'www-authenticate': challenge.startsWith('Bearer ') ? `${challenge}, ${description}` : challenge };
  const what = { status: 401, code: 'UNAUTHENTICATED', kind: 'unauthenticated', headers } as const;
  return new AuthenticationError({ ...what, reason: cause.message }, 'The credential is not valid.', { cause });
}

/** Returns the error for an address with too many bad credentials. `seconds`: until the address may try again. */
export function tooManyAttempts(seconds: number): AuthenticationError {
  const headers = { 'retry-after': String(seconds) };
  const what = { status: 429, code: 'RATE_LIMITED', kind: 'too-many-attempts', headers } as const;
  return new AuthenticationError(
    { ...what, reason: 'throttled' },
    'Too many attempts with credentials that are not valid.',
  );
}

const UNAVAILABLE_RETRY_S = 5;

export function unavailable(cause: Error): AuthenticationError {
  const headers = { 'retry-after': String(UNAVAILABLE_RETRY_S) };
  const what = { status: 503, code: 'SERVICE_UNAVAILABLE', kind: 'cannot-authenticate', headers } as const;
  return new AuthenticationError({ ...what, reason: cause.message }, 'The credential cannot be checked right now.', {
    cause,
  });
}
