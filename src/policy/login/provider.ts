import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, errors as joseErrors, jwtVerify } from 'jose';
import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  type Client,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  calculatePKCECodeChallenge,
  clockTolerance,
  getValidatedIdTokenClaims,
  type JWKSCacheInput,
  jwksCache,
  None,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  processRevocationResponse,
  processUserInfoResponse,
  ResponseBodyError,
  refreshTokenGrantRequest,
  revocationRequest,
  type TokenEndpointResponse,
  userInfoRequest,
  validateApplicationLevelSignature,
  validateAuthResponse,
} from 'oauth4webapi';
import { PUBLIC_KEY_ALGORITHMS } from '../../config/sections/jwks.ts';
import type { LoginSettings } from '../../config/sections/login.ts';
import { deadlineSignal } from '../../shared/deadline.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { claimsOfToken, readClaims } from '../authentication/claims.ts';
import { ProviderDirectory } from './provider-directory.ts';
import { GrantExpired, LoginFailed, ProviderUnavailable } from './provider-errors.ts';
import type { Tokens } from './session.ts';
import type { LogoutTarget } from './session-store.ts';

/** The state of one login while the browser is at the provider. */
export interface Transaction {
  readonly state: string;
  readonly nonce: string;
  /** The code verifier of PKCE (RFC 7636). */
  readonly verifier: string;
  readonly redirectUri: string;
}

/** The provider's response to a login or a refresh. */
export interface Grant {
  readonly tokens: Tokens;
  /** `undefined` if a refresh returned no new one. */
  readonly idToken: string | undefined;
  readonly claims: Readonly<Record<string, unknown>> & { readonly sub?: string; readonly sid?: unknown };
  readonly scopes: readonly string[] | undefined;
}

/** Accepted clock skew between provider and gateway, in seconds. */
const CLOCK_TOLERANCE_S = 30;
/** Access tokens are renewed this long before they expire, or after four fifths of their lifetime, whichever is later. */
const REFRESH_EARLY_MS = 30_000;
/** Allowed `typ` of a logout token (OpenID Connect Back-Channel Logout, section 2.4). */
const LOGOUT_TOKEN = /^(application\/)?(logout\+)?jwt$/i;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Talks to an OpenID provider. Each request has `timeout` milliseconds. */
export class OpenIdProvider {
  readonly #settings: LoginSettings;
  readonly #directory: ProviderDirectory;
  readonly #client: Client;
  readonly #auth: ClientAuth;
  readonly #now: () => number;
  readonly #jwksCache: JWKSCacheInput = {};
  #logoutKeys: { readonly uri: string; readonly find: JWTVerifyGetKey } | undefined;

  constructor(settings: LoginSettings, logger: Logger, now: () => number) {
    this.#settings = settings;
    this.#directory = new ProviderDirectory(settings, logger);
    this.#client = { client_id: settings.client_id, [clockTolerance]: CLOCK_TOLERANCE_S };
    this.#auth = clientAuth(settings);
    this.#now = now;
  }

  /** Fetches the discovery document in the background, so that the first login is fast. */
  warmUp(): void {
    this.#directory.find().catch(() => {});
  }

  /** Returns the URL to redirect the browser to. Rejects with `ProviderUnavailable`. */
  async authorizationUrl({ state, nonce, verifier, redirectUri }: Transaction): Promise<string> {
    const server = await this.#directory.find();
    const url = new URL(server.authorization_endpoint ?? '');
    const { authorization_params, client_id, scopes } = this.#settings;
    const parameters = {
      ...authorization_params,
      client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: [...new Set(['openid', ...scopes])].join(' '),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** Exchanges the code that the browser returned with for tokens. Rejects with `LoginFailed` or `ProviderUnavailable`. */
  async redeem(parameters: URLSearchParams, transaction: Transaction): Promise<Grant> {
    const server = await this.#directory.find();
    const { state, nonce, verifier, redirectUri } = transaction;
    try {
      const checked = validateAuthResponse(server, this.#client, parameters, state);
      const options = this.#http();
      const response = await authorizationCodeGrantRequest(
        server,
        this.#client,
        this.#auth,
        checked,
        redirectUri,
        verifier,
        options,
      );
      const processing = { expectedNonce: nonce, requireIdToken: true };
      const tokens = await processAuthorizationCodeResponse(server, this.#client, response, processing);
      // the code came through the browser, so check that the provider has signed the tokens
      await validateApplicationLevelSignature(server, response, { ...options, [jwksCache]: this.#jwksCache });
      return await this.#withUserInfo(server, this.#grantOf(tokens));
    } catch (error) {
      throw LoginFailed.of(error);
    }
  }

  /** Renews tokens. Rejects with `GrantExpired` if the provider issues no more, else with `ProviderUnavailable`. */
  async refresh(refreshToken: string): Promise<Grant> {
    const server = await this.#directory.find();
    try {
      const response = await refreshTokenGrantRequest(server, this.#client, this.#auth, refreshToken, this.#http());
      const tokens = await processRefreshTokenResponse(server, this.#client, response);
      const grant = this.#grantOf(tokens);
      return grant.tokens.refresh === undefined ? withRefresh(grant, refreshToken) : grant;
    } catch (error) {
      if (error instanceof ResponseBodyError && error.error === 'invalid_grant') throw new GrantExpired(error);
      throw new ProviderUnavailable('an access token could not be renewed', error);
    }
  }

  /** Revokes a refresh token (RFC 7009), if the provider supports it. */
  async revoke(refreshToken: string): Promise<void> {
    const server = await this.#directory.find();
    if (server.revocation_endpoint === undefined) return;
    const options = { ...this.#http(), additionalParameters: { token_type_hint: 'refresh_token' } };
    await processRevocationResponse(await revocationRequest(server, this.#client, this.#auth, refreshToken, options));
  }

  /**
   * Returns the URL at which a browser logs out of the provider; `undefined` if the provider has none.
   * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html
   */
  async logoutUrl(idToken: string, returnTo: string): Promise<string | undefined> {
    const { end_session_endpoint } = await this.#directory.find();
    if (end_session_endpoint === undefined) return undefined;
    const url = new URL(end_session_endpoint);
    url.searchParams.set('id_token_hint', idToken);
    url.searchParams.set('client_id', this.#settings.client_id);
    url.searchParams.set('post_logout_redirect_uri', returnTo);
    return url.href;
  }

  /**
   * Verifies a logout token. Rejects with `LoginFailed` if it is not valid for this client, else with `ProviderUnavailable`.
   * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
   */
  async readLogoutToken(token: string): Promise<LogoutTarget & { readonly id: string }> {
    const server = await this.#directory.find();
    let payload: JWTPayload;
    let type: unknown;
    try {
      const verified = await jwtVerify(token, this.#logoutKeysOf(server), {
        issuer: server.issuer,
        audience: this.#settings.client_id,
        algorithms: [...PUBLIC_KEY_ALGORITHMS],
        requiredClaims: ['iat', 'jti', 'events'],
        maxTokenAge: '10m',
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      payload = verified.payload;
      type = verified.protectedHeader.typ;
    } catch (error) {
      if (error instanceof joseErrors.JOSEError && !(error instanceof joseErrors.JWKSTimeout)) {
        throw new LoginFailed('invalid_logout_token', error.message, error);
      }
      throw new ProviderUnavailable('its keys could not be fetched', error);
    }
    if (type !== undefined && !LOGOUT_TOKEN.test(String(type))) {
      throw new LoginFailed('invalid_logout_token', `typ is ${JSON.stringify(type)}`);
    }
    return logoutTarget(payload);
  }

  #logoutKeysOf({ jwks_uri = '' }: AuthorizationServer): JWTVerifyGetKey {
    if (this.#logoutKeys?.uri !== jwks_uri) {
      const find = createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: this.#settings.timeout });
      this.#logoutKeys = { uri: jwks_uri, find };
    }
    return this.#logoutKeys.find;
  }

  /** Fetches user info if the ID token lacks a configured claim (OpenID Connect Core, section 5.3). */
  async #withUserInfo(server: AuthorizationServer, grant: Grant): Promise<Grant> {
    const { claims, tokens } = grant;
    const complete = this.#settings.claims.every((name) => Object.hasOwn(claims, name));
    if (complete || server.userinfo_endpoint === undefined || claims.sub === undefined) return grant;
    const response = await userInfoRequest(server, this.#client, tokens.access, this.#http());
    const text = (await response.clone().text()).trim();
    await processUserInfoResponse(server, this.#client, claims.sub, response);
    const more = text.startsWith('{') ? (readClaims(text) as object) : claimsOfToken(text);
    return { ...grant, claims: { ...more, ...claims } };
  }

  #grantOf(response: TokenEndpointResponse): Grant {
    if (response.token_type !== 'bearer') {
      throw new LoginFailed('unsupported_token_type', `token type ${response.token_type} is not supported`);
    }
    const { access_token, refresh_token, expires_in, id_token, scope } = response;
    const now = this.#now();
    const lifetimeMs = expires_in === undefined ? undefined : expires_in * 1000;
    const early = lifetimeMs && Math.min(REFRESH_EARLY_MS, lifetimeMs / 5);
    return {
      tokens: {
        access: access_token,
        expiresAt: lifetimeMs && now + lifetimeMs,
        refreshAt: lifetimeMs && now + lifetimeMs - (early ?? 0),
        refresh: refresh_token,
      },
      idToken: id_token,
      // `getValidatedIdTokenClaims` rounds long numbers, so the claims are read from the token itself
      claims: getValidatedIdTokenClaims(response) === undefined ? {} : { ...claimsOfToken(id_token ?? '') },
      scopes: scope?.split(' ').filter((one) => one !== ''),
    };
  }

  #http() {
    return {
      // an http:// URL is deliberate, such as for a server in the same pod
      [allowInsecureRequests]: this.#settings.issuer.startsWith('http:'),
      signal: deadlineSignal(this.#settings.timeout),
    };
  }
}

/** Keeps the old refresh token if the provider returned no new one (RFC 6749, section 6). */
function withRefresh(grant: Grant, refresh: string): Grant {
  return { ...grant, tokens: { ...grant.tokens, refresh } };
}

function logoutTarget({ events, nonce, sub, sid, jti }: JWTPayload): LogoutTarget & { readonly id: string } {
  const hasLogoutEvent = typeof events === 'object' && events !== null && Object.hasOwn(events, LOGOUT_EVENT);
  // an ID token is signed with the same keys, and must not be accepted as a logout token
  if (!hasLogoutEvent || nonce !== undefined) throw new LoginFailed('invalid_logout_token', 'it is not a logout token');
  const providerSession = typeof sid === 'string' ? sid : undefined;
  if (sub === undefined && providerSession === undefined) {
    throw new LoginFailed('invalid_logout_token', 'it names neither a user nor a session');
  }
  return { subject: sub, providerSession, id: jti ?? '' };
}

function clientAuth({ client_auth, client_secret }: LoginSettings): ClientAuth {
  const method = client_auth ?? (client_secret === undefined ? 'none' : 'basic');
  if (method === 'none') return None();
  return method === 'basic' ? ClientSecretBasic(client_secret ?? '') : ClientSecretPost(client_secret ?? '');
}
