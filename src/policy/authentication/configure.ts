import { fileURLToPath } from 'node:url';
import { ConfigValueError } from '../../config/config-value-error.ts';
import type { ApiKeySettings } from '../../config/sections/api-keys.ts';
import type { AuthenticationSettings } from '../../config/sections/authentication.ts';
import type { IntrospectionEndpoint } from '../../config/sections/introspection-endpoints.ts';
import { type JwksSettings, PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS } from '../../config/sections/jwks.ts';
import type { TrustedProxies } from '../../config/sections/trusted-proxies.ts';
import type { SharedRedis } from '../../store/redis.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { addressSet, clientAddress, peerAddress } from '../client-address.ts';
import type { RequestHeaders } from '../headers/request-headers.ts';
import { ApiKeyFile, ApiKeyRedis, type ApiKeyStore, ApiKeys } from './api-keys.ts';
import { type Authenticator, createAuthenticator, type WatchedFile } from './authenticator.ts';
import { ClientCertificates } from './client-certificate.ts';
import { apiKeyFinder, checkCredentialPlaces, tokenFinder } from './credentials.ts';
import { FailedAttempts, type SharedFailures } from './failed-attempts.ts';
import { Introspector } from './introspection.ts';
import { type Issuer, JwtVerifier } from './jwt-verifier.ts';
import { FileKeySet, inlineKeys, type KeySet, secretKey } from './key-set.ts';
import { RemoteKeySet } from './remote-key-set.ts';

export interface AuthenticatorSettings {
  readonly authentication: AuthenticationSettings;
  readonly api_keys?: ApiKeySettings | undefined;
  readonly introspection_endpoints: readonly IntrospectionEndpoint[];
  readonly trusted_proxies?: TrustedProxies | undefined;
  readonly login?: object;
}

export interface AuthenticatorEnvironment {
  readonly logger: Logger;
  readonly instruments?: Pick<Instruments, 'refused' | 'throttled' | 'watchKeySets'> | undefined;
  readonly redis?: SharedRedis | undefined;
  /** Counts of bad credentials that all processes share. */
  readonly sharedFailures?: SharedFailures | undefined;
  /** The header rules; the headers that they add with client data are removed from client requests. */
  readonly rules: Pick<RequestHeaders, 'ownHeaders'>;
}

/**
 * Creates the authenticator that the config describes. Returns `undefined` if nothing is configured, so that requests pay
 * nothing.
 * Throws `ConfigValueError`.
 */
export function configureAuthenticator(
  settings: AuthenticatorSettings,
  environment: AuthenticatorEnvironment,
): Authenticator | undefined {
  const { authentication, api_keys, introspection_endpoints, trusted_proxies } = settings;
  const { jwks } = authentication.router.jwt;
  const { client_certificate, require_authentication } = authentication;
  const ownHeaders = [
    ...environment.rules.ownHeaders,
    ...(client_certificate?.header ? [client_certificate.header] : []),
  ];
  const takesTokens = jwks.length > 0 || introspection_endpoints.length > 0;
  const nothing = !takesTokens && !api_keys && !client_certificate && !require_authentication;
  if (nothing && !trusted_proxies && ownHeaders.length === 0) return undefined;

  if (takesTokens) checkCredentialPlaces(authentication, api_keys);
  const trustedAddresses = addressSet(trusted_proxies?.addresses ?? []);
  const keyStore = api_keys && openKeyStore(api_keys, environment.redis);
  // last, since everything before can throw, and this starts to fetch keys
  const { issuers, files, close } = openIssuers(jwks, environment.logger);
  watchKeySets(issuers, environment.instruments);
  return createAuthenticator({
    sessions: Object.keys(settings.login ?? {}).length > 0,
    required: require_authentication,
    logger: environment.logger,
    clientAddress: trusted_proxies && clientAddress(trustedAddresses, trusted_proxies.header),
    ownHeaders: ownHeaders.length > 0 ? ownHeaders : undefined,
    findToken: takesTokens ? tokenFinder(authentication, api_keys) : undefined,
    jwt: issuers.length > 0 ? jwtVerifier(authentication, issuers) : undefined,
    introspector:
      introspection_endpoints.length > 0 ? introspector(authentication, introspection_endpoints) : undefined,
    findApiKey: api_keys && apiKeyFinder(api_keys, takesTokens ? authentication : undefined),
    apiKeys: keyStore && new ApiKeys(keyStore),
    certificates:
      client_certificate &&
      new ClientCertificates(client_certificate, (req) => trustedAddresses(peerAddress(req.socket))),
    failedAttempts: failedAttempts(authentication, environment),
    refused: environment.instruments?.refused,
    files: keyStore instanceof ApiKeyFile ? [...files, keyStore] : files,
    close,
  });
}

function jwtVerifier(settings: AuthenticationSettings, issuers: readonly Issuer[]): JwtVerifier {
  const { clock_tolerance, required_claims } = settings;
  const { max_token_bytes, cache_entries } = settings.router.jwt;
  return new JwtVerifier({
    issuers,
    clockToleranceMs: clock_tolerance,
    requiredClaims: required_claims,
    maxTokenBytes: max_token_bytes,
    cacheEntries: cache_entries,
  });
}

function introspector(settings: AuthenticationSettings, endpoints: readonly IntrospectionEndpoint[]): Introspector {
  const { clock_tolerance, required_claims } = settings;
  const { max_token_bytes } = settings.router.jwt;
  return new Introspector({
    endpoints,
    clockToleranceMs: clock_tolerance,
    requiredClaims: required_claims,
    maxTokenBytes: max_token_bytes,
  });
}

function failedAttempts(
  { failed_attempts }: AuthenticationSettings,
  { instruments, sharedFailures: shared }: AuthenticatorEnvironment,
): FailedAttempts | undefined {
  if (failed_attempts === undefined) return undefined;
  const { limit, window: windowMs } = failed_attempts;
  return new FailedAttempts({ limit, windowMs, onThrottled: instruments?.throttled, shared });
}

interface OpenIssuers {
  readonly issuers: Issuer[];
  readonly files: WatchedFile[];
  close(): void;
}

function openIssuers(settings: readonly JwksSettings[], logger: Logger): OpenIssuers {
  const issuers: Issuer[] = [];
  const files: WatchedFile[] = [];
  const close = () => {
    for (const { keys } of issuers) keys.close();
  };
  try {
    for (const [index, entry] of settings.entries()) {
      const keys = openKeys(entry, index, logger);
      if (keys instanceof FileKeySet) files.push(keys);
      issuers.push({
        keys,
        issuers: entry.issuers ?? (entry.issuer === undefined ? undefined : [entry.issuer]),
        requiresExpiry: entry.require_expiration,
        types: entry.types,
        audiences: entry.audiences ?? (entry.audience === undefined ? undefined : [entry.audience]),
        algorithms: new Set(
          entry.algorithms ?? (entry.secret === undefined ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS),
        ),
      });
    }
  } catch (error) {
    close();
    throw error;
  }
  return { issuers, files, close };
}

/** Measures key sets at URLs. */
function watchKeySets(issuers: readonly Issuer[], instruments: AuthenticatorEnvironment['instruments']): void {
  const remote = issuers.map(({ keys }) => keys).filter((keys) => keys instanceof RemoteKeySet);
  if (remote.length > 0) instruments?.watchKeySets(() => remote.map(({ state }) => state));
}

/**
 * Opens the file with an issuer's keys, also if the config gives it as a `file://` URL; `undefined` where there is none.
 * @param index the place of the entry in the config
 * @throws ConfigValueError when the file cannot be used
 */
export function openKeyFile({ file, url }: Pick<JwksSettings, 'file' | 'url'>, index: number): FileKeySet | undefined {
  const key = `authentication.router.jwt.jwks[${index}]`;
  if (file !== undefined) return new FileKeySet(file, `${key}.file`);
  return url?.startsWith('file:') ? new FileKeySet(fileURLToPath(url), `${key}.url`) : undefined;
}

/** Opens the key set of an entry. The config has exactly one of its kinds. */
function openKeys(entry: JwksSettings, index: number, logger: Logger): KeySet {
  const { url, keys, secret } = entry;
  if (secret !== undefined) return secretKey(secret);
  if (keys !== undefined) return inlineKeys(keys);
  const ofFile = openKeyFile(entry, index);
  if (ofFile !== undefined) return ofFile;
  return new RemoteKeySet({
    url: url ?? '',
    pollMs: entry.poll_interval,
    maxAgeMs: entry.max_age,
    cooldownMs: entry.cooldown,
    timeoutMs: entry.timeout,
    headers: entry.headers,
    logger,
  });
}

function openKeyStore({ file, cache }: ApiKeySettings, redis: SharedRedis | undefined): ApiKeyStore {
  if (file !== undefined) return new ApiKeyFile(file);
  if (redis === undefined) throw new ConfigValueError('api_keys.redis: no Redis is configured; set store.redis.url.');
  return new ApiKeyRedis(redis, cache);
}
