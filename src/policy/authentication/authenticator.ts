import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { ClientInfo, Identity } from '../../client/identity.ts';
import type { CountRefusal } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type ClientAddress, peerAddress } from '../client-address.ts';
import type { ApiKeys } from './api-keys.ts';
import {
  type AuthenticationError,
  AuthenticationUnavailable,
  BadCredential,
  invalid,
  missing,
  undecided,
} from './authentication-error.ts';
import type { ClientCertificates } from './client-certificate.ts';
import type { FindCredential } from './credentials.ts';
import { sha256 } from './digest.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import type { Introspector } from './introspection.ts';
import type { JwtVerifier } from './jwt-verifier.ts';

/** Decides who a request is from, before anything else is done for it. */
export interface Authenticator {
  /**
   * At once where nothing has to be waited for. Throws, or rejects with, `AuthenticationError`.
   * @param proved who asks, as a session of login has proved; a token or an API key says it over that
   */
  authenticate(req: IncomingMessage, requestId: string, proved?: Identity): ClientInfo | Promise<ClientInfo>;
  /** The client's address, past proxies that are trusted. */
  addressOf(req: IncomingMessage): string;
  /** Files that credentials are checked by; each is to be reloaded when it has changed. */
  readonly files: readonly WatchedFile[];
  close(): void;
}

export interface WatchedFile {
  readonly file: string;
  /** Throws when the file cannot be used; what was there before then stays. */
  reload(): void;
}

/** What admission consists of: whatever is not configured is left out, and costs nothing. */
export interface AuthenticatorParts {
  readonly clientAddress?: ClientAddress | undefined;
  /** Headers that only the gateway may set: what a client sends under these names is forgotten. */
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
  /** Told of each request that is not let in. */
  readonly refused?: CountRefusal | undefined;
  readonly files?: readonly WatchedFile[];
  readonly close?: () => void;
}

/** Keys that held lately, so that a throttled address does not shut out those behind it who are known. */
const MOST_GOOD_KEYS = 10_000;

export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const gate = new GateAuthenticator(parts);
  return {
    authenticate: (req, requestId, proved) => gate.authenticate(req, requestId, proved),
    addressOf: (req) => gate.addressOf(req),
    files: parts.files ?? [],
    close: () => parts.close?.(),
  };
}

/** What a request without a credential is told to come with. */
function schemeOf({ findToken, findApiKey, sessions }: AuthenticatorParts): string {
  if (findToken) return 'Bearer';
  if (findApiKey) return 'ApiKey';
  return sessions ? 'Session' : 'Bearer';
}

type Answer<T> = T | Promise<T>;

class GateAuthenticator {
  readonly #parts: AuthenticatorParts;
  readonly #challenge: string;
  readonly #goodKeys: LRUCache<string, true> | undefined;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
    this.#challenge = `${schemeOf(parts)} realm="headgate"`;
    if (parts.failedAttempts) this.#goodKeys = new LRUCache({ max: MOST_GOOD_KEYS });
  }

  authenticate(req: IncomingMessage, requestId: string, proved?: Identity): Answer<ClientInfo> {
    const { ownHeaders, certificates: certified } = this.#parts;
    const ip = this.addressOf(req);
    try {
      const identity = this.#identify(req, ip, proved ?? certified?.identify(req));
      // all that was to be read is read by now, also where its check goes on
      if (ownHeaders) for (const name of ownHeaders) dropHeader(req, name);
      if (!(identity instanceof Promise)) return this.#facts(ip, identity);
      return identity.then(
        (known) => this.#facts(ip, known),
        (error: unknown) => {
          throw this.#refuse(error, ip, requestId);
        },
      );
    } catch (error) {
      throw this.#refuse(error, ip, requestId);
    }
  }

  addressOf(req: IncomingMessage): string {
    const { clientAddress } = this.#parts;
    const peer = peerAddress(req.socket);
    return clientAddress ? clientAddress(peer, req.headers) : peer;
  }

  #facts(ip: string, identity: Identity | undefined): ClientInfo {
    if (identity === undefined && this.#parts.required) throw missing(this.#challenge);
    return { ip, identity };
  }

  /** A token says who asks, else an API key does, else a session or a certificate; with a token, a key says for which client. */
  #identify(req: IncomingMessage, ip: string, otherwise: Identity | undefined): Answer<Identity | undefined> {
    const { findToken, findApiKey } = this.#parts;
    const token = findToken && this.#find(findToken, req, ip);
    const key = findApiKey && this.#find(findApiKey, req, ip);
    if (token === undefined) return key === undefined ? otherwise : this.#ofKey(key, ip);
    const bearer = this.#ofToken(token, ip);
    if (key === undefined) return bearer;
    // should the key be refused at once, nobody waits for the token any more
    if (bearer instanceof Promise) bearer.catch(() => {});
    const owner = this.#ofKey(key, ip);
    if (bearer instanceof Promise || owner instanceof Promise) {
      return Promise.all([bearer, owner]).then(([known, client]) => onBehalf(known, client));
    }
    return onBehalf(bearer, owner);
  }

  #ofToken(token: string, ip: string): Answer<Identity> {
    const { jwt, introspector, failedAttempts } = this.#parts;
    const recall = () => jwt?.recall(token) ?? introspector?.recall(token);
    const known = recall();
    if (known !== undefined || failedAttempts === undefined) return known ?? this.#verify(token);
    // who had to wait for others may be known by now
    return failedAttempts.guard(ip, () => recall() ?? this.#verify(token));
  }

  #verify(token: string): Promise<Identity> {
    const { jwt, introspector } = this.#parts;
    if (jwt && (introspector === undefined || jwt.concerns(token))) return jwt.verify(token);
    if (introspector) return introspector.verify(token);
    throw new BadCredential('unknown', 'no issuer is configured');
  }

  /** What is no credential is a bad one. */
  #find(find: FindCredential, req: IncomingMessage, ip: string): string | undefined {
    try {
      return find(req);
    } catch (error) {
      void this.#parts.failedAttempts?.note(ip);
      throw error;
    }
  }

  #ofKey(key: string, ip: string): Answer<Identity> {
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

  /** What to answer, with a line in the log that says more. */
  #refuse(error: unknown, ip: string, requestId: string): AuthenticationError {
    const refusal = this.#refusalOf(error);
    const { reason } = refusal;
    this.#tell(error, refusal);
    if (refusal.status === 503)
      this.#parts.logger.error({ requestId, ip, reason }, 'a credential could not be checked');
    else if (error instanceof BadCredential) {
      this.#parts.logger.info({ requestId, ip, reason }, 'a credential that is not valid');
    }
    return refusal;
  }

  #refusalOf(error: unknown): AuthenticationError {
    if (error instanceof AuthenticationUnavailable) return undecided(error);
    return error instanceof BadCredential ? invalid(this.#challenge, error) : (error as AuthenticationError);
  }

  #tell(error: unknown, { status }: AuthenticationError): void {
    const { refused } = this.#parts;
    if (refused === undefined) return;
    if (status === 429) return refused('authentication.failed_attempts', 'throttled');
    if (status === 503) return refused('authentication', 'undecided');
    refused('authentication', error instanceof BadCredential ? error.kind : 'missing');
  }
}

/** The bearer of a token, who asks through the client that the API key belongs to. */
function onBehalf(bearer: Identity, { clientId, apiKeyId, apiKeyOwner, plan }: Identity): Identity {
  return { ...bearer, clientId, apiKeyId, apiKeyOwner, plan };
}

function dropHeader({ headers }: IncomingMessage, name: string): void {
  if (headers[name] !== undefined) delete headers[name];
}
