import { GatewayError } from '../../shared/gateway-error.ts';

/** The error for a request whose sender is not known. `message` is for the client and says nothing of how far its credential came. */
export class AuthenticationError extends GatewayError {
  /** What was wrong, for the log alone. */
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
 * Why a credential does not hold. `expired`, `not_yet_valid`, `claims` and `revoked` are said only of one that somebody who may
 * has given out; who sends one of the others may have made it up.
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

const GIVEN_OUT: ReadonlySet<BadCredentialKind> = new Set(['expired', 'not_yet_valid', 'claims', 'revoked']);

/** A credential that does not hold; `message` is for the log. */
export class BadCredential extends Error {
  override readonly name = 'BadCredential';
  readonly kind: BadCredentialKind;

  constructor(kind: BadCredentialKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  /** Whether it may have been made up. */
  get isGuess(): boolean {
    return !GIVEN_OUT.has(this.kind);
  }
}

/** Whether the credential holds cannot be told just now, since what decides it is away; `message` is for the log. */
export class AuthenticationUnavailable extends Error {
  override readonly name = 'AuthenticationUnavailable';
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
export function missing(challenge: string): AuthenticationError {
  const headers = { 'www-authenticate': challenge };
  const what = { status: 401, code: 'UNAUTHENTICATED', kind: 'unauthenticated', headers } as const;
  return new AuthenticationError({ ...what, reason: 'no credential' }, 'This needs authentication.');
}

export function invalid(challenge: string, cause: Error): AuthenticationError {
  const description = 'error="invalid_token", error_description="The credential is not valid"';
  const headers = { 'www-authenticate': challenge.startsWith('Bearer ') ? `${challenge}, ${description}` : challenge };
  const what = { status: 401, code: 'UNAUTHENTICATED', kind: 'unauthenticated', headers } as const;
  return new AuthenticationError({ ...what, reason: cause.message }, 'The credential is not valid.', { cause });
}

/** `seconds`: until the address may try again. */
export function tooMany(seconds: number): AuthenticationError {
  const headers = { 'retry-after': String(seconds) };
  const what = { status: 429, code: 'RATE_LIMITED', kind: 'too-many-attempts', headers } as const;
  return new AuthenticationError(
    { ...what, reason: 'throttled' },
    'Too many attempts with credentials that are not valid.',
  );
}

const UNDECIDED_RETRY_S = 5;

export function undecided(cause: Error): AuthenticationError {
  const headers = { 'retry-after': String(UNDECIDED_RETRY_S) };
  const what = { status: 503, code: 'SERVICE_UNAVAILABLE', kind: 'cannot-authenticate', headers } as const;
  return new AuthenticationError({ ...what, reason: cause.message }, 'The credential cannot be checked just now.', {
    cause,
  });
}
