/** What is known of a credential that is still accepted. */
export interface AcceptedCredential {
  /** The access token of a login session now; others have none. */
  readonly accessToken?: string | undefined;
}

/**
 * Checks again whether the credential of a request is accepted, with all scopes that it had. Returns `undefined` where it is not. Throws, or
 * rejects, where that cannot be found out now.
 */
export interface CredentialCheck {
  (): AcceptedCredential | undefined | Promise<AcceptedCredential | undefined>;
  /** The id of the login session that it checks; others have none. */
  readonly sessionId?: string | undefined;
}

/** Returns whether all scopes are still granted. */
export function hasAllScopes(granted: readonly string[], needed: readonly string[]): boolean {
  return needed.every((scope) => granted.includes(scope));
}
