import type { PluginRun } from '../plugins/plugin-run.ts';
import type { RequestTrace } from '../shared/trace.ts';
import type { CacheControlAccumulator } from './freshness.ts';
import type { TagCollector } from './tag-collector.ts';

/** The identity of a client, from a verified credential. */
export interface Identity {
  /** The kind of the credential. */
  readonly kind: 'jwt' | 'api_key' | 'opaque' | 'certificate' | 'session' | 'plugin';
  /** The token's `sub` (the digits of a numeric one), the API key's owner, or the certificate's subject. */
  readonly subject: string | undefined;
  /** Granted scopes, without duplicates: `["read:orders", "profile"]`. */
  readonly scopes: readonly string[];
  /** The verified claims, unchanged; for API keys the data of the key's record. Never the credential itself. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The owner of the API key or the OAuth client (`client_id`, `azp`), if the credential names one. */
  readonly clientId?: string | undefined;
  /** The id of the API key, also if the request has a token, which then identifies the user. */
  readonly apiKeyId?: string | undefined;
  /** The owner of the API key, also if the request has a token, which then identifies the user. */
  readonly apiKeyOwner?: string | undefined;
  /** The plan of the API key. */
  readonly plan?: string | undefined;
  /** When the credential ends, in milliseconds since 1970, if that is no claim `exp`. */
  readonly expiresAt?: number | undefined;
}

/** Data about a client, before its operation is read. */
export interface ClientInfo {
  /** The client's address, behind trusted proxies. */
  readonly ip: string;
  /** `undefined` for anonymous clients. */
  readonly identity: Identity | undefined;
  /** Collects headers of subgraph responses for the client, if rules pass any. */
  readonly returned?: ReturnedHeaders | undefined;
  /** Records how long responses of sources may be cached, if that is needed. */
  readonly freshness?: CacheControlAccumulator | undefined;
  /** Collects what the values of the response are invalidated by, where the response as a whole is cached. */
  readonly cacheTags?: TagCollector | undefined;
  /** The plugins of the request, if there are any. */
  readonly plugins?: PluginRun | undefined;
  /** The trace of the request, where traces are on. */
  readonly trace?: RequestTrace | undefined;
  /** Headers that plugins add to a fetch: a flat list of names, in lower case, and values. */
  readonly addedHeaders?: readonly string[] | undefined;
  /** Names, in lower case, of headers that plugins leave out of those that rules send with a fetch. */
  readonly removedHeaders?: readonly string[] | undefined;
  /** Whether the rate limits of the request as a whole have been checked. */
  readonly rateLimitChecked?: boolean | undefined;
}

/** Collects headers of subgraph responses, as the rules say. */
export interface ReturnedHeaders {
  /** `pairs`: alternating names, in lower case, and values. */
  receive(subgraph: string, pairs: readonly string[]): void;
}
