import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { ClientInfo, Identity } from '../../client/identity.ts';
import { type AcceptedCredential, type CredentialCheck, hasAllScopes } from '../../shared/credential-check.ts';
import type { CountRefusal } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type ClientAddress, peerAddress } from '../client-address.ts';
import type { ApiKeys } from './api-keys.ts';
import {
  type AuthenticationError,
  AuthenticationUnavailable,
  BadCredential,
  invalidCredential,
  missingCredential,
  unavailable,
} from './authentication-error.ts';
import type { ClientCertificates } from './client-certificate.ts';
import type { FindCredential } from './credentials.ts';
import { sha256 } from './digest.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import type { Introspector } from './introspection.ts';
import type { JwtVerifier } from './jwt-verifier.ts';

/** Identifies the sender of a request. Runs before all other work on the request. */
export interface Authenticator {
  /**
   * Returns the client's address and identity; synchronous unless a check has to wait. Throws, or rejects with,
   * `AuthenticationError`.
   * @param sessionIdentity the identity from a login session; a token or an API key in the request replaces it
   */
  authenticate(req: IncomingMessage, requestId: string, sessionIdentity?: Identity): ClientInfo | Promise<ClientInfo>;
  /**
   * Returns how the token and the API key of a request are checked again later; `undefined` where it has none.
   * @param identity as which `authenticate` has identified the client
   */
  checkLater(req: IncomingMessage, identity: Identity | undefined): CredentialCheck | undefined;
  /** Returns the client's address, behind trusted proxies. */
  addressOf(req: IncomingMessage): string;
  /** Files with keys. The caller reloads each file when it changes. */
  readonly files: readonly WatchedFile[];
  close(): void;
}

export interface WatchedFile {
  readonly file: string;
  /** Reads the file again. Throws when the file cannot be used; the previous content then stays in use. */
  reload(): void;
}

/** The parts of an authenticator. Parts that are not configured are left out, and cost nothing. */
export interface AuthenticatorParts {
  readonly clientAddress?: ClientAddress | undefined;
  /** Headers that only the gateway may set. They are removed from client requests. */
  readonly ownHeaders?: readonly string[] | undefined;
  readonly findToken?: FindCredential | undefined;
  readonly jwt?: JwtVerifier | undefined;
  readonly introspector?: Introspector | undefined;
  readonly findApiKey?: FindCredential | undefined;
  readonly apiKeys?: ApiKeys | undefined;
  readonly certificates?: ClientCertificates | undefined;
  readonly failedAttempts?: FailedAttempts | undefined;
  /** Whether browsers can log in. */
  readonly sessions?: boolean;
  readonly required: boolean;
  readonly logger: Logger;
  /** Called for each request that is rejected. */
  readonly refused?: CountRefusal | undefined;
  readonly files?: readonly WatchedFile[];
  readonly close?: () => void;
}

/** Number of API keys that were valid lately. Their owners stay served while their address is throttled. */
const MOST_GOOD_KEYS = 10_000;

export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const authenticator = new RequestAuthenticator(parts);
  return {
    authenticate: (req, requestId, sessionIdentity) => authenticator.authenticate(req, requestId, sessionIdentity),
    checkLater: (req, identity) => authenticator.checkLater(req, identity),
    addressOf: (req) => authenticator.addressOf(req),
    files: parts.files ?? [],
    close: () => parts.close?.(),
  };
}

/** Returns the scheme of `WWW-Authenticate` in responses to requests without a credential. */
function schemeOf({ findToken, findApiKey, sessions }: AuthenticatorParts): string {
  if (findToken) return 'Bearer';
  if (findApiKey) return 'ApiKey';
  return sessions ? 'Session' : 'Bearer';
}

const ACCEPTED: AcceptedCredential = {};

type MaybePromise<T> = T | Promise<T>;

class RequestAuthenticator {
  readonly #parts: AuthenticatorParts;
  readonly #challenge: string;
  readonly #goodKeys: LRUCache<string, true> | undefined;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
    this.#challenge = `${schemeOf(parts)} realm="headgate"`;
    if (parts.failedAttempts) this.#goodKeys = new LRUCache({ max: MOST_GOOD_KEYS });
  }

  authenticate(req: IncomingMessage, requestId: string, sessionIdentity?: Identity): MaybePromise<ClientInfo> {
    const { ownHeaders, certificates } = this.#parts;
    const ip = this.addressOf(req);
    try {
      const identity = this.#identify(req, ip, sessionIdentity ?? certificates?.identify(req));
      // all credentials have been read by now, also those that are still being checked
      if (ownHeaders) for (const name of ownHeaders) dropHeader(req, name);
      if (!(identity instanceof Promise)) return this.#clientInfo(ip, identity);
      return identity.then(
        (known) => this.#clientInfo(ip, known),
        (error: unknown) => {
          throw this.#reject(error, ip, requestId);
        },
      );
    } catch (error) {
      throw this.#reject(error, ip, requestId);
    }
  }

  checkLater(req: IncomingMessage, identity: Identity | undefined): CredentialCheck | undefined {
    const { findToken, findApiKey, apiKeys } = this.#parts;
    if (identity === undefined) return undefined;
    const [token, key] = [findToken?.(req), findApiKey?.(req)];
    if (token === undefined && key === undefined) return undefined;
    const { scopes } = identity;
    return async () => {
      try {
        const bearer = token === undefined ? undefined : await this.#identityOf(token);
        const owner = key === undefined ? undefined : await apiKeys?.identify(key);
        const known = bearer ?? owner;
        return known && hasAllScopes(known.scopes, scopes) ? ACCEPTED : undefined;
      } catch (error) {
        if (error instanceof BadCredential) return undefined;
        throw error;
      }
    };
  }

  addressOf(req: IncomingMessage): string {
    const { clientAddress } = this.#parts;
    const peer = peerAddress(req.socket);
    return clientAddress ? clientAddress(peer, req.headers) : peer;
  }

  #clientInfo(ip: string, identity: Identity | undefined): ClientInfo {
    if (identity === undefined && this.#parts.required) throw missingCredential(this.#challenge);
    return { ip, identity };
  }

  /** Tries a token, then an API key, then the session or certificate. With a token, the API key only adds the calling client. */
  #identify(req: IncomingMessage, ip: string, otherwise: Identity | undefined): MaybePromise<Identity | undefined> {
    const { findToken, findApiKey } = this.#parts;
    const token = findToken && this.#find(findToken, req, ip);
    const key = findApiKey && this.#find(findApiKey, req, ip);
    if (token === undefined) return key === undefined ? otherwise : this.#identifyKey(key, ip);
    const bearer = this.#identifyToken(token, ip);
    if (key === undefined) return bearer;
    // a key that is rejected at once leaves this promise unhandled
    if (bearer instanceof Promise) bearer.catch(() => {});
    const owner = this.#identifyKey(key, ip);
    if (bearer instanceof Promise || owner instanceof Promise) {
      return Promise.all([bearer, owner]).then(([known, client]) => onBehalf(known, client));
    }
    return onBehalf(bearer, owner);
  }

  #identifyToken(token: string, ip: string): MaybePromise<Identity> {
    const { failedAttempts } = this.#parts;
    const known = this.#cachedIdentity(token);
    if (known !== undefined || failedAttempts === undefined) return known ?? this.#verify(token);
    // another request may have verified the same token while this one waited
    return failedAttempts.guard(ip, () => this.#identityOf(token));
  }

  #cachedIdentity(token: string): Identity | undefined {
    const { jwt, introspector } = this.#parts;
    return jwt?.cachedIdentity(token) ?? introspector?.cachedIdentity(token);
  }

  #identityOf(token: string): MaybePromise<Identity> {
    return this.#cachedIdentity(token) ?? this.#verify(token);
  }

  #verify(token: string): Promise<Identity> {
    const { jwt, introspector } = this.#parts;
    if (jwt && (introspector === undefined || jwt.hasIssuerFor(token))) return jwt.verify(token);
    if (introspector) return introspector.verify(token);
    throw new BadCredential('unknown', 'no issuer is configured');
  }

  /** Returns the credential in a request. One that is malformed counts as a failed attempt. */
  #find(find: FindCredential, req: IncomingMessage, ip: string): string | undefined {
    try {
      return find(req);
    } catch (error) {
      void this.#parts.failedAttempts?.recordFailure(ip);
      throw error;
    }
  }

  #identifyKey(key: string, ip: string): MaybePromise<Identity> {
    const { apiKeys, failedAttempts } = this.#parts;
    if (apiKeys === undefined) throw new BadCredential('unknown', 'no API keys are configured');
    const good = this.#goodKeys;
    if (good === undefined || failedAttempts === undefined) return apiKeys.identify(key);
    const digest = sha256(key);
    const remember = (identity: Identity) => {
      good.set(digest, true);
      return identity;
    };
    const forget = (error: unknown): never => {
      if (error instanceof BadCredential) good.delete(digest);
      throw error;
    };
    try {
      const found = good.has(digest) ? apiKeys.identify(key) : failedAttempts.guard(ip, () => apiKeys.identify(key));
      return found instanceof Promise ? found.then(remember, forget) : remember(found);
    } catch (error) {
      return forget(error);
    }
  }

  /** Returns the error for the client, logs the details and counts the rejection. */
  #reject(error: unknown, ip: string, requestId: string): AuthenticationError {
    const rejection = this.#errorFor(error);
    const { reason } = rejection;
    this.#count(error, rejection);
    if (rejection.status === 503)
      this.#parts.logger.error({ requestId, ip, reason }, 'a credential could not be checked');
    else if (error instanceof BadCredential) {
      this.#parts.logger.info({ requestId, ip, reason }, 'invalid credential');
    }
    return rejection;
  }

  #errorFor(error: unknown): AuthenticationError {
    if (error instanceof AuthenticationUnavailable) return unavailable(error);
    return error instanceof BadCredential ? invalidCredential(this.#challenge, error) : (error as AuthenticationError);
  }

  #count(error: unknown, { status }: AuthenticationError): void {
    const { refused } = this.#parts;
    if (refused === undefined) return;
    if (status === 429) return refused('authentication.failed_attempts', 'throttled');
    if (status === 503) return refused('authentication', 'undecided');
    refused('authentication', error instanceof BadCredential ? error.kind : 'missing');
  }
}

/** Returns the identity of a token's subject, with the client that the API key belongs to. */
function onBehalf(bearer: Identity, { clientId, apiKeyId, apiKeyOwner, plan }: Identity): Identity {
  return { ...bearer, clientId, apiKeyId, apiKeyOwner, plan };
}

function dropHeader({ headers }: IncomingMessage, name: string): void {
  if (headers[name] !== undefined) delete headers[name];
}
