import { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } from 'oauth4webapi';

/** The provider gave no answer that can be used; it may be another time. `message` is for the log. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';

  constructor(what: string, cause: unknown) {
    super(`${what}: ${reasonOf(cause)}`, { cause });
  }
}

/** The provider gives no more tokens for a login: it was revoked, it is too old, or its refresh token was used twice. */
export class GrantExpired extends Error {
  override readonly name = 'GrantExpired';

  constructor(cause: unknown) {
    super(`the provider ended it: ${reasonOf(cause)}`, { cause });
  }
}

/** A login that came to nothing; `message` is for the log. */
export class LoginFailed extends Error {
  override readonly name = 'LoginFailed';
  /** In one word, as in OAuth: `access_denied`; fit for users. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }

  /** What a failure on the way from code to tokens means; `ProviderUnavailable` where the user may simply try again. */
  static of(error: unknown): LoginFailed | ProviderUnavailable {
    if (error instanceof LoginFailed) return error;
    if (error instanceof AuthorizationResponseError) {
      return new LoginFailed(plainCode(error.error), `the provider said: ${error.error}`, error);
    }
    if (isUnavailable(error)) return new ProviderUnavailable('it did not answer a login', error);
    return new LoginFailed('invalid_response', reasonOf(error), error);
  }
}

/** Whether there was no answer, or one from a server in trouble or with too much to do. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError)
    return asProviderError(error);
  if (error instanceof TypeError || error instanceof DOMException) return true;
  return error instanceof Error && error.cause instanceof Response && asProviderError(error.cause);
}

function asProviderError({ status }: { readonly status: number }): boolean {
  return status >= 500 || status === 429;
}

/** What the provider says reaches users: a word, and nothing else. */
function plainCode(code: string): string {
  return /^[a-z_]{1,64}$/.test(code) ? code : 'login_failed';
}

function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError)
    return `${error.status} ${error.error} ${error.error_description ?? ''}`.trim();
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
