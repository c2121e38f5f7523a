import type { IncomingMessage } from 'node:http';
import type { LOGIN_ROUTES, LoginSettings } from '../../config/sections/login.ts';
import { pathOf, queryOf } from '../../shared/url-path.ts';
import { StoreUnavailable } from '../../store/redis.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AuthenticationError, tooManyAttempts } from '../authentication/authentication-error.ts';
import type { FailedAttempts } from '../authentication/failed-attempts.ts';
import type { Cookies } from './cookies.ts';
import { csrfProblem, isToken } from './csrf.ts';
import { readForm } from './form-body.ts';
import { type LoginResponse, problem, redirect } from './login-response.ts';
import type { OpenIdProvider } from './provider.ts';
import { LoginFailed, ProviderUnavailable } from './provider-errors.ts';
import { urlWithin } from './return-to.ts';
import type { Session } from './session.ts';
import type { SessionStore } from './session-store.ts';
import { challenge, type SessionIdentity, type Sessions } from './sessions.ts';
import type { FindSite, Site } from './site.ts';
import type { Transactions } from './transactions.ts';

export interface ClientLoginParts {
  readonly client: string;
  /** The path of its routes: `/bff/web`, with the path prefix that a proxy adds. */
  readonly root: string;
  readonly settings: LoginSettings;
  readonly findSite: FindSite;
  readonly provider: OpenIdProvider;
  readonly store: SessionStore;
  readonly sessions: Sessions;
  readonly transactions: Transactions;
  /** Counts failed logins per address, if configured: each one may cost the provider a request. */
  readonly failedAttempts: FailedAttempts | undefined;
  readonly logger: Logger;
}

/** The login's part of a request. */
export interface LoginRequest {
  /** Creates the response, if the request is for a login route. Never rejects. */
  readonly respond: ((ip: string) => Promise<LoginResponse>) | undefined;
  /** Returns the identity from the request's session; see `Sessions.recognise`. */
  authenticate(): SessionIdentity | undefined | Promise<SessionIdentity | undefined>;
}

/** A request to a login route. */
interface RouteRequest {
  readonly req: IncomingMessage;
  /** The client's address. */
  readonly ip: string;
  readonly site: Site;
  readonly cookies: Cookies;
  readonly query: URLSearchParams;
}

interface Route {
  readonly methods: readonly string[];
  respond(visit: RouteRequest): Promise<LoginResponse>;
}

const LONGEST_LOGOUT_TOKEN = 65_536;
/** Longer than any logout token is valid: in this time each token is accepted once. */
const LOGOUT_TOKEN_MS = 15 * 60_000;

/**
 * The login routes of one client: login, logout, and the data about the user.
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-browser-based-apps/ section 6.1, backend for frontend
 */
export class ClientLogin {
  readonly #parts: ClientLoginParts;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(parts: ClientLoginParts) {
    this.#parts = parts;
    const routes: Readonly<Record<(typeof LOGIN_ROUTES)[number], Route>> = {
      login: { methods: ['GET'], respond: (visit) => this.#login(visit) },
      callback: { methods: ['GET'], respond: (visit) => this.#callback(visit) },
      logout: { methods: ['GET', 'POST'], respond: (visit) => this.#logout(visit) },
      me: { methods: ['GET', 'HEAD'], respond: (visit) => this.#me(visit) },
      'backchannel-logout': { methods: ['POST'], respond: (visit) => this.#backchannelLogout(visit) },
    };
    this.#routes = new Map(Object.entries(routes));
  }

  /** @param rest the part of the path after `/bff/CLIENT/` */
  visit(req: IncomingMessage, rest: string, cookies: Cookies): LoginRequest {
    const route = this.#routes.get(pathOf(rest));
    return {
      respond: route && ((ip) => this.#respond(route, { req, ip, cookies, query: new URLSearchParams(queryOf(rest)) })),
      authenticate: () => {
        const site = this.#parts.findSite(req);
        return site && this.#parts.sessions.authenticate(req, site, cookies);
      },
    };
  }

  async #respond(route: Route, visit: Omit<RouteRequest, 'site'>): Promise<LoginResponse> {
    const { req } = visit;
    const { findSite, client, logger } = this.#parts;
    if (!route.methods.includes(req.method ?? '')) {
      const allow = route.methods.join(', ');
      return problem(405, 'method-not-allowed', `This route accepts ${allow}, not ${req.method}.`, { allow });
    }
    const site = findSite(req);
    if (site === undefined) return noSite(client);
    try {
      return await route.respond({ ...visit, site });
    } catch (error) {
      if (error instanceof AuthenticationError) return problem(error.status, error.kind, error.message, error.headers);
      if (error instanceof ProviderUnavailable)
        return this.#unavailable('login-provider-away', 'Login provider unavailable', error);
      if (error instanceof StoreUnavailable)
        return this.#unavailable('sessions-away', 'Session store unavailable', error);
      logger.error({ client, err: error }, 'login failed');
      return problem(500, 'failed', 'The request failed.');
    }
  }

  async #login({ site, cookies, query }: RouteRequest): Promise<LoginResponse> {
    const { settings, transactions, provider } = this.#parts;
    const returnTo = urlWithin(site.origin, query.get('returnTo') ?? settings.return_to);
    if (returnTo === undefined) {
      return problem(400, 'invalid-return', '"returnTo" must be a path of this site, such as "/orders?page=2".');
    }
    const { pending, setCookies } = transactions.begin(site, cookies, returnTo);
    return redirect(await provider.authorizationUrl(pending), setCookies);
  }

  async #callback({ ip, site, cookies, query }: RouteRequest): Promise<LoginResponse> {
    const { transactions, provider, sessions, client, logger, failedAttempts } = this.#parts;
    const wait = failedAttempts?.retryAfter(ip);
    if (wait !== undefined) throw tooManyAttempts(wait);
    const state = query.get('state') ?? '';
    const clearCookie = transactions.forget(site, state);
    try {
      const pending = await transactions.resume(site, cookies, state);
      const grant = await provider.redeem(query, pending);
      return redirect(pending.returnTo, [clearCookie, await sessions.begin(site, cookies, grant)]);
    } catch (error) {
      if (error instanceof ProviderUnavailable) {
        logger.error({ client, reason: error.message }, 'login failed: provider unavailable');
        return this.#failed(site, 503, 'login_provider_away', clearCookie);
      }
      if (!(error instanceof LoginFailed)) throw error;
      await failedAttempts?.recordFailure(ip);
      logger.info({ client, code: error.code, reason: error.message }, 'login failed');
      return this.#failed(site, error.code === 'access_denied' ? 403 : 400, error.code, clearCookie);
    }
  }

  #failed(site: Site, status: number, code: string, clearCookie: string): LoginResponse {
    const { settings, root } = this.#parts;
    if (settings.error_path !== undefined) {
      const url = new URL(settings.error_path, site.origin);
      url.searchParams.set('error', code);
      return redirect(url.href, [clearCookie]);
    }
    const detail = `Login failed: ${code}. Start again at ${root}/login.`;
    return { ...problem(status, 'login-failed', detail), setCookies: [clearCookie] };
  }

  async #me({ site, cookies, query }: RouteRequest): Promise<LoginResponse> {
    const { sessions, root, settings } = this.#parts;
    const session = await sessions.find(site, cookies, query.get('slide') !== 'false');
    if (session === undefined) {
      const detail = `No session. Log in at ${root}/login.`;
      return problem(401, 'unauthenticated', detail, { 'www-authenticate': challenge(root) });
    }
    const { csrf, endsAt } = session;
    const logout = `${root}/logout?csrf=${csrf}`;
    const selected = selectClaims(session, settings.claims);
    return { status: 200, body: { claims: selected, csrf, logout, endsAt: new Date(endsAt).toISOString() } };
  }

  /**
   * Logs out. GET is for browser navigation, and needs the token from `/me`, since any site can navigate a browser anywhere. POST
   * is for scripts, which get the next location in the response body.
   */
  async #logout({ req, site, cookies, query }: RouteRequest): Promise<LoginResponse> {
    const { sessions, settings, provider, client, logger } = this.#parts;
    const session = await sessions.find(site, cookies, false);
    const home = new URL(settings.after_logout, site.origin).href;
    if (session === undefined) {
      // a form on another site comes without the cookie (SameSite=Lax), and must not delete the cookie either
      return cookies.has(site.sessionCookie) ? this.#loggedOut(req, site, home) : afterLogout(req, home);
    }
    const forged = req.method === 'GET' ? logoutLinkProblem(query, session) : this.#csrf(req, session, site);
    if (forged !== undefined) return problem(403, 'forged-request', forged);
    await sessions.end(site, cookies);
    const { refresh } = session.tokens;
    if (refresh !== undefined) {
      provider.revoke(refresh).catch((error: Error) => {
        logger.warn({ client, reason: error.message }, 'a refresh token could not be revoked after logout');
      });
    }
    const next = await provider.logoutUrl(session.idToken, home).catch(() => undefined);
    return this.#loggedOut(req, site, next ?? home);
  }

  #loggedOut(req: IncomingMessage, site: Site, location: string): LoginResponse {
    const setCookies = [this.#parts.sessions.forget(site)];
    // cached responses of this user must not be shown to the next one
    const headers = { 'clear-site-data': '"cache"' };
    const response = afterLogout(req, location);
    return { ...response, setCookies, headers: { ...response.headers, ...headers } };
  }

  #csrf(req: IncomingMessage, session: Session, site: Site): string | undefined {
    const { csrf, allowed_origins } = this.#parts.settings;
    return csrfProblem(req, session, site, { csrf, allowedOrigins: new Set(allowed_origins) });
  }

  /** @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest */
  async #backchannelLogout({ req }: RouteRequest): Promise<LoginResponse> {
    const { provider, store, client, logger } = this.#parts;
    const token = (await readForm(req, LONGEST_LOGOUT_TOKEN))?.get('logout_token');
    if (!token) return badLogout('logout_token is missing');
    try {
      const { id, ...target } = await provider.readLogoutToken(token);
      if (!(await store.once(`logout ${id}`, LOGOUT_TOKEN_MS))) return badLogout('the token has already been used');
      const sessions = await store.endAll(target);
      logger.info({ client, sessions }, 'back-channel logout');
      return { status: 200 };
    } catch (error) {
      if (!(error instanceof LoginFailed)) throw error;
      logger.warn({ client, reason: error.message }, 'invalid logout token');
      return badLogout('the token is not valid');
    }
  }

  #unavailable(kind: string, what: string, error: Error): LoginResponse {
    const { client, logger } = this.#parts;
    logger.error({ client, reason: error.message }, what);
    return problem(503, kind, `${what} right now; try again.`, { 'retry-after': '5' });
  }
}

/** Returns the response after a logout: a redirect for browsers, the location as JSON for scripts. */
function afterLogout({ method }: IncomingMessage, location: string): LoginResponse {
  return method === 'POST' ? { status: 200, body: { location } } : redirect(location);
}

function noSite(client: string): LoginResponse {
  const detail = `No login is configured for this host. Set login.${client}.public_url to the URL at which browsers reach this site.`;
  return problem(421, 'unknown-host', detail);
}

function logoutLinkProblem(query: URLSearchParams, session: Session): string | undefined {
  if (isToken(query.get('csrf'), session)) return undefined;
  return 'Logout by GET needs the parameter "csrf": use the `logout` link from /me.';
}

function badLogout(description: string): LoginResponse {
  return { status: 400, body: { error: 'invalid_request', error_description: description } };
}

function selectClaims({ claims }: Session, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]));
}
