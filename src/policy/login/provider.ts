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
import type { Logger } from '../../telemetry/logger.ts';
import { claimsOfToken, readClaims } from '../authentication/claims.ts';
import { ProviderDirectory } from './provider-directory.ts';
import { GrantExpired, LoginFailed, ProviderUnavailable } from './provider-errors.ts';
import type { Tokens } from './session.ts';
import type { Ended } from './session-store.ts';

/** What one login remembers between leaving for the provider and coming back. */
export interface Transaction {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636). */
  readonly verifier: string;
  readonly redirectUri: string;
}

/** What the provider gave. */
export interface Grant {
  readonly tokens: Tokens;
  /** `undefined` where it gave none, as it may when refreshing. */
  readonly idToken: string | undefined;
  readonly claims: Readonly<Record<string, unknown>> & { readonly sub?: string; readonly sid?: unknown };
  readonly scopes: readonly string[] | undefined;
}

/** How far the clocks of provider and gateway may differ, in seconds. */
const CLOCK_TOLERANCE_S = 30;
/** Access tokens are renewed that long before they expire, or when a fifth of their time is left, if that is less. */
const REFRESH_EARLY_MS = 30_000;
/** What `typ` of a logout token may be (OpenID Connect Back-Channel Logout, section 2.4): its own, or that of any token. */
const LOGOUT_TOKEN = /^(application\/)?(logout\+)?jwt$/i;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** An OpenID provider, as one of its clients sees it. Every request to it has `timeout` to be answered. */
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

  /** Finds the provider, so that the first login need not. */
  warmUp(): void {
    this.#directory.find().catch(() => {});
  }

  /** Where to send the browser. Rejects with `ProviderUnavailable`. */
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

  /** Trades what the browser came back with for tokens. Rejects with `LoginFailed` or `ProviderUnavailable`. */
  async redeem(parameters: URLSearchParams, transaction: Transaction): Promise<Grant> {
    const server = await this.#directory.find();
    const { state, nonce, verifier, redirectUri } = transaction;
    try {
      const checked = validateAuthResponse(server, this.#client, parameters, state);
      const options = this.#http();
      const answer = await authorizationCodeGrantRequest(
        server,
        this.#client,
        this.#auth,
        checked,
        redirectUri,
        verifier,
        options,
      );
      const processing = { expectedNonce: nonce, requireIdToken: true };
      const tokens = await processAuthorizationCodeResponse(server, this.#client, answer, processing);
      // the code came by way of the browser; whoever signs what it was traded for must be the provider
      await validateApplicationLevelSignature(server, answer, { ...options, [jwksCache]: this.#jwksCache });
      return await this.#withUserInfo(server, this.#grantOf(tokens));
    } catch (error) {
      throw LoginFailed.of(error);
    }
  }

  /** Rejects with `GrantExpired` when the provider gives no more tokens for it, else with `ProviderUnavailable`. */
  async refresh(refreshToken: string): Promise<Grant> {
    const server = await this.#directory.find();
    try {
      const answer = await refreshTokenGrantRequest(server, this.#client, this.#auth, refreshToken, this.#http());
      const tokens = await processRefreshTokenResponse(server, this.#client, answer);
      const grant = this.#grantOf(tokens);
      return grant.tokens.refresh === undefined ? withRefresh(grant, refreshToken) : grant;
    } catch (error) {
      if (error instanceof ResponseBodyError && error.error === 'invalid_grant') throw new GrantExpired(error);
      throw new ProviderUnavailable('it did not renew an access token', error);
    }
  }

  /** Tells the provider that a refresh token is not used any more (RFC 7009), where it wants to know. */
  async revoke(refreshToken: string): Promise<void> {
    const server = await this.#directory.find();
    if (server.revocation_endpoint === undefined) return;
    const options = { ...this.#http(), additionalParameters: { token_type_hint: 'refresh_token' } };
    await processRevocationResponse(await revocationRequest(server, this.#client, this.#auth, refreshToken, options));
  }

  /**
   * Where a browser logs out of the provider itself; `undefined` when the provider has no such place.
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
   * Rejects with `LoginFailed` for what is no logout token of this provider for this client, else with `ProviderUnavailable`.
   * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
   */
  async readLogoutToken(token: string): Promise<Ended & { readonly id: string }> {
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
      throw new ProviderUnavailable('its keys could not be had', error);
    }
    if (type !== undefined && !LOGOUT_TOKEN.test(String(type))) {
      throw new LoginFailed('invalid_logout_token', `typ is ${JSON.stringify(type)}`);
    }
    return whoIsLoggedOut(payload);
  }

  #logoutKeysOf({ jwks_uri = '' }: AuthorizationServer): JWTVerifyGetKey {
    if (this.#logoutKeys?.uri !== jwks_uri) {
      const find = createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: this.#settings.timeout });
      this.#logoutKeys = { uri: jwks_uri, find };
    }
    return this.#logoutKeys.find;
  }

  /** Asks for more about the user when a claim is wanted that the ID token lacks (OpenID Connect Core, section 5.3). */
  async #withUserInfo(server: AuthorizationServer, grant: Grant): Promise<Grant> {
    const { claims, tokens } = grant;
    const complete = this.#settings.claims.every((name) => Object.hasOwn(claims, name));
    if (complete || server.userinfo_endpoint === undefined || claims.sub === undefined) return grant;
    const answer = await userInfoRequest(server, this.#client, tokens.access, this.#http());
    const text = (await answer.clone().text()).trim();
    await processUserInfoResponse(server, this.#client, claims.sub, answer);
    const more = text.startsWith('{') ? (readClaims(text) as object) : claimsOfToken(text);
    return { ...grant, claims: { ...more, ...claims } };
  }

  #grantOf(answer: TokenEndpointResponse): Grant {
    if (answer.token_type !== 'bearer') {
      throw new LoginFailed('unsupported_token_type', `tokens of the type ${answer.token_type} cannot be used`);
    }
    const { access_token, refresh_token, expires_in, id_token, scope } = answer;
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
      // what is refused where it is no token, is read where it is one
      claims: getValidatedIdTokenClaims(answer) === undefined ? {} : { ...claimsOfToken(id_token ?? '') },
      scopes: scope?.split(' ').filter((one) => one !== ''),
    };
  }

  #http() {
    return {
      // whoever configures an http:// URL, for a neighbour in the same pod, means it
      [allowInsecureRequests]: this.#settings.issuer.startsWith('http:'),
      signal: AbortSignal.timeout(this.#settings.timeout),
    };
  }
}

/** A provider that gives no new one lets the old one be used again (RFC 6749, section 6). */
function withRefresh(grant: Grant, refresh: string): Grant {
  return { ...grant, tokens: { ...grant.tokens, refresh } };
}

function whoIsLoggedOut({ events, nonce, sub, sid, jti }: JWTPayload): Ended & { readonly id: string } {
  const happened = typeof events === 'object' && events !== null && Object.hasOwn(events, LOGOUT_EVENT);
  // an ID token is signed by the same keys and must not do for a logout token
  if (!happened || nonce !== undefined) throw new LoginFailed('invalid_logout_token', 'it is no logout token');
  const providerSession = typeof sid === 'string' ? sid : undefined;
  if (sub === undefined && providerSession === undefined) {
    throw new LoginFailed('invalid_logout_token', 'it names neither a user nor a session');
  }
  return { subject: sub, providerSession, id: jti ?? '' };
}

function clientAuth({ client_auth, client_secret }: LoginSettings): ClientAuth {
  const way = client_auth ?? (client_secret === undefined ? 'none' : 'basic');
  if (way === 'none') return None();
  return way === 'basic' ? ClientSecretBasic(client_secret ?? '') : ClientSecretPost(client_secret ?? '');
}
