import type { Identity } from '../../client/identity.ts';

/** The tokens of a user, with their times in milliseconds since 1970. */
export interface Tokens {
  readonly access: string;
  /** `undefined` if the provider did not say. */
  readonly expiresAt: number | undefined;
  /** When to start renewing. */
  readonly refreshAt: number | undefined;
  readonly refresh: string | undefined;
}

/** The session of a user in one browser. It never leaves the server. */
export interface Session {
  readonly subject: string;
  /** `sid` of the provider's tokens; logout tokens refer to it (OpenID Connect Back-Channel Logout, section 2.1). */
  readonly providerSession: string | undefined;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  /** Sent to the provider at logout. */
  readonly idToken: string;
  /** The token by which a page proves that it can read responses of this site. */
  readonly csrf: string;
  /** The end of the session, whether it is used or not. */
  readonly endsAt: number;
  readonly tokens: Tokens;
}

export function identityOf({ subject, scopes, claims, endsAt: expiresAt }: Session): Identity {
  return { kind: 'session', subject, scopes, claims, expiresAt };
}
