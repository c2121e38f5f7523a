import type { CacheControlAccumulator } from './freshness.ts';

/** Who asks, as proved by a credential that the gateway has verified. */
export interface Identity {
  /** What kind of credential proved it. */
  readonly kind: 'jwt' | 'api_key' | 'opaque' | 'certificate' | 'session';
  /** The token's `sub` (of a number its digits), the API key's owner, or the certificate's subject. */
  readonly subject: string | undefined;
  /** Granted scopes, without repetition: `["read:orders", "profile"]`. */
  readonly scopes: readonly string[];
  /** The verified claims as they came; for API keys what is known of the key. Never the credential itself. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The owner of the API key or the OAuth client (`client_id`, `azp`), when the credential names one. */
  readonly clientId?: string | undefined;
  /** The API key's id, also where the key came beside a token, which then says who asks. */
  readonly apiKeyId?: string | undefined;
  /** The owner of the API key, also where the key came beside a token, which then says who asks. */
  readonly apiKeyOwner?: string | undefined;
  /** The plan that the API key was sold under. */
  readonly plan?: string | undefined;
}

/** What the gateway knows of a client before it looks at what is asked. */
export interface ClientInfo {
  /** The client's address, proxies that are trusted taken into account. */
  readonly ip: string;
  /** `undefined` for anonymous clients. */
  readonly identity: Identity | undefined;
  /** Where headers of subgraph answers go that the client is to get, if there are rules for that. */
  readonly returned?: ReturnedHeaders | undefined;
  /** Told how long answers of sources hold, where somebody wants to know. */
  readonly freshness?: CacheControlAccumulator | undefined;
  /** The rate limits of the request as a whole have been decided already. */
  readonly rateLimitChecked?: boolean | undefined;
}

/** Takes what subgraphs answered with, and keeps of it what the rules say. */
export interface ReturnedHeaders {
  /** `pairs`: names, in lower case, and values by turns. */
  receive(subgraph: string, pairs: readonly string[]): void;
}
