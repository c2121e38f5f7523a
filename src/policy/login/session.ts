import type { Identity } from '../../client/identity.ts';

/** What the provider gave for a user, and what is to be known of it. Times are in milliseconds since 1970. */
export interface Tokens {
  readonly access: string;
  /** `undefined` when the provider did not say. */
  readonly expiresAt: number | undefined;
  /** From when on the next one is to be had. */
  readonly refreshAt: number | undefined;
  readonly refresh: string | undefined;
}

/** Someone who logged in with one browser. Lives on the server alone. */
export interface Session {
  readonly subject: string;
  /** The `sid` that the provider's logout tokens name (OpenID Connect Back-Channel Logout, section 2.1). */
  readonly providerSession: string | undefined;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  /** Shown to the provider at logout. */
  readonly idToken: string;
  /** What a page proves with that it may read this site's answers. */
  readonly csrf: string;
  /** When it ends, however much it is used. */
  readonly endsAt: number;
  readonly tokens: Tokens;
}

export function identityOf({ subject, scopes, claims }: Session): Identity {
  return { kind: 'session', subject, scopes, claims };
}
