import { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } from 'oauth4webapi';

/** Thrown when the provider sends no usable response; a later attempt may succeed. `message` is for the log. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';

  constructor(what: string, cause: unknown) {
    super(`${what}: ${reasonOf(cause)}`, { cause });
  }
}

/** Thrown when the provider issues no more tokens for a login: it is revoked, too old, or its refresh token was used twice. */
export class GrantExpired extends Error {
  override readonly name = 'GrantExpired';

  constructor(cause: unknown) {
    super(`the provider ended the session: ${reasonOf(cause)}`, { cause });
  }
}

/** Thrown when a login fails; `message` is for the log. */
export class LoginFailed extends Error {
  override readonly name = 'LoginFailed';
  /** An error code as in OAuth, such as `access_denied`; may be shown to users. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }

  /** Converts a failure between code and tokens; to `ProviderUnavailable` if the user can simply try again. */
  static of(error: unknown): LoginFailed | ProviderUnavailable {
    if (error instanceof LoginFailed) return error;
    if (error instanceof AuthorizationResponseError) {
      return new LoginFailed(plainCode(error.error), `error from the provider: ${error.error}`, error);
    }
    if (isUnavailable(error)) return new ProviderUnavailable('no usable response to a login', error);
    return new LoginFailed('invalid_response', reasonOf(error), error);
  }
}

/** Whether the provider did not respond, failed, or is overloaded. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError)
    return isServerProblem(error);
  if (error instanceof TypeError || error instanceof DOMException) return true;
  return error instanceof Error && error.cause instanceof Response && isServerProblem(error.cause);
}

function isServerProblem({ status }: { readonly status: number }): boolean {
  return status >= 500 || status === 429;
}

/** Restricts the provider's error code to one word, since it is shown to users. */
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
