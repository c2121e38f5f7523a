import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LOGIN_ROUTES, LoginSettings } from '../../config/sections/login.ts';
import { pathOf, queryOf } from '../../shared/url-path.ts';
import { StoreUnavailable } from '../../store/redis.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AuthenticationError, tooManyAttempts } from '../authentication/authentication-error.ts';
import type { FailedAttempts } from '../authentication/failed-attempts.ts';
import type { Cookies } from './cookies.ts';
import { csrfProblem, isToken } from './csrf.ts';
import { readForm } from './form-body.ts';
import type { OpenIdProvider } from './provider.ts';
import { LoginFailed, ProviderUnavailable } from './provider-errors.ts';
import { type LoginResponse, problem, redirect, sendLoginResponse } from './reply.ts';
import { urlWithin } from './return-to.ts';
import type { Session } from './session.ts';
import type { SessionStore } from './session-store.ts';
import { challenge, type Proved, type Sessions } from './sessions.ts';
import type { FindSite, Site } from './site.ts';
import type { Transactions } from './transactions.ts';

export interface ClientLoginParts {
  readonly client: string;
  /** Where its routes are: `/bff/web`, with the prefix under which a proxy shows the gateway. */
  readonly root: string;
  readonly settings: LoginSettings;
  readonly findSite: FindSite;
  readonly provider: OpenIdProvider;
  readonly store: SessionStore;
  readonly sessions: Sessions;
  readonly transactions: Transactions;
  /** Counts logins that failed by address, where the config says so: each may have cost the provider a request. */
  readonly failedAttempts: FailedAttempts | undefined;
  readonly logger: Logger;
}

/** A request that login has to do with. */
export interface LoginVisit {
  /** Answers it, where it is for a route of login. */
  readonly answer: ((res: ServerResponse, ip: string) => void) | undefined;
  /** Finds out whose session it comes with; see `Sessions.recognise`. */
  recognise(): Proved | undefined | Promise<Proved | undefined>;
}

/** One request to a route of login. */
interface Visit {
  readonly req: IncomingMessage;
  /** The client's address. */
  readonly ip: string;
  readonly site: Site;
  readonly cookies: Cookies;
  readonly query: URLSearchParams;
}

interface Route {
  readonly methods: readonly string[];
  answer(visit: Visit): Promise<LoginResponse>;
}

const LONGEST_LOGOUT_TOKEN = 65_536;
/** Longer than any login or logout token holds: until then each counts once. */
const LOGOUT_TOKEN_MS = 15 * 60_000;

/**
 * Login, logout and what is known of the user, for the browsers of one client.
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-browser-based-apps/ section 6.1, a backend for the frontend
 */
export class ClientLogin {
  readonly #parts: ClientLoginParts;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(parts: ClientLoginParts) {
    this.#parts = parts;
    const routes: Readonly<Record<(typeof LOGIN_ROUTES)[number], Route>> = {
      login: { methods: ['GET'], answer: (visit) => this.#login(visit) },
      callback: { methods: ['GET'], answer: (visit) => this.#callback(visit) },
      logout: { methods: ['GET', 'POST'], answer: (visit) => this.#logout(visit) },
      me: { methods: ['GET', 'HEAD'], answer: (visit) => this.#me(visit) },
      'backchannel-logout': { methods: ['POST'], answer: (visit) => this.#backchannelLogout(visit) },
    };
    this.#routes = new Map(Object.entries(routes));
  }

  /** @param rest what comes after `/bff/CLIENT/` */
  visit(req: IncomingMessage, rest: string, cookies: Cookies): LoginVisit {
    const route = this.#routes.get(pathOf(rest));
    return {
      answer:
        route &&
        ((res, ip) => {
          const query = new URLSearchParams(queryOf(rest));
          void this.#answer(route, { req, ip, cookies, query }).then((response) => sendLoginResponse(res, response));
        }),
      recognise: () => {
        const site = this.#parts.findSite(req);
        return site && this.#parts.sessions.recognise(req, site, cookies);
      },
    };
  }

  async #answer(route: Route, visit: Omit<Visit, 'site'>): Promise<LoginResponse> {
    const { req } = visit;
    const { findSite, client, logger } = this.#parts;
    if (!route.methods.includes(req.method ?? '')) {
      const allow = route.methods.join(', ');
      return problem(405, 'method-not-allowed', `This answers ${allow}, not ${req.method}.`, { allow });
    }
    const site = findSite(req);
    if (site === undefined) return noSite(client);
    try {
      return await route.answer({ ...visit, site });
    } catch (error) {
      if (error instanceof AuthenticationError) return problem(error.status, error.kind, error.message, error.headers);
      if (error instanceof ProviderUnavailable)
        return this.#unavailable('login-provider-away', 'The login provider does not answer', error);
      if (error instanceof StoreUnavailable)
        return this.#unavailable('sessions-away', 'Sessions cannot be looked up', error);
      logger.error({ client, err: error }, 'login failed');
      return problem(500, 'failed', 'This could not be done.');
    }
  }

  async #login({ site, cookies, query }: Visit): Promise<LoginResponse> {
    const { settings, transactions, provider } = this.#parts;
    const returnTo = urlWithin(site.origin, query.get('returnTo') ?? settings.return_to);
    if (returnTo === undefined) {
      return problem(400, 'invalid-return', '"returnTo" must be a path of this site, such as "/orders?page=2".');
    }
    const { pending, setCookies } = transactions.begin(site, cookies, returnTo);
    return redirect(await provider.authorizationUrl(pending), setCookies);
  }

  async #callback({ ip, site, cookies, query }: Visit): Promise<LoginResponse> {
    const { transactions, provider, sessions, client, logger, failedAttempts } = this.#parts;
    const wait = failedAttempts?.retryAfter(ip);
    if (wait !== undefined) throw tooManyAttempts(wait);
    const state = query.get('state') ?? '';
    const used = transactions.forget(site, state);
    try {
      const pending = await transactions.resume(site, cookies, state);
      const grant = await provider.redeem(query, pending);
      return redirect(pending.returnTo, [used, await sessions.begin(site, cookies, grant)]);
    } catch (error) {
      if (error instanceof ProviderUnavailable) {
        logger.error({ client, reason: error.message }, 'a login could not be finished');
        return this.#failed(site, 503, 'login_provider_away', used);
      }
      if (!(error instanceof LoginFailed)) throw error;
      await failedAttempts?.recordFailure(ip);
      logger.info({ client, code: error.code, reason: error.message }, 'a login failed');
      return this.#failed(site, error.code === 'access_denied' ? 403 : 400, error.code, used);
    }
  }

  #failed(site: Site, status: number, code: string, used: string): LoginResponse {
    const { settings, root } = this.#parts;
    if (settings.error_path !== undefined) {
      const url = new URL(settings.error_path, site.origin);
      url.searchParams.set('error', code);
      return redirect(url.href, [used]);
    }
    const detail = `The login did not succeed: ${code}. Begin again at ${root}/login.`;
    return { ...problem(status, 'login-failed', detail), setCookies: [used] };
  }

  async #me({ site, cookies, query }: Visit): Promise<LoginResponse> {
    const { sessions, root, settings } = this.#parts;
    const session = await sessions.find(site, cookies, query.get('slide') !== 'false');
    if (session === undefined) {
      const detail = `Nobody is logged in. Log in at ${root}/login.`;
      return problem(401, 'unauthenticated', detail, { 'www-authenticate': challenge(root) });
    }
    const { csrf, endsAt } = session;
    const logout = `${root}/logout?csrf=${csrf}`;
    const claims = chosen(session, settings.claims);
    return { status: 200, body: { claims, csrf, logout, endsAt: new Date(endsAt).toISOString() } };
  }

  /**
   * By GET for browsers that go there, with the token that `/me` tells, since any site can send a browser anywhere; by
   * POST for pages, which are told where to go next.
   */
  async #logout({ req, site, cookies, query }: Visit): Promise<LoginResponse> {
    const { sessions, settings, provider, client, logger } = this.#parts;
    const session = await sessions.find(site, cookies, false);
    const home = new URL(settings.after_logout, site.origin).href;
    if (session === undefined) {
      // a form on another site comes without the cookie (SameSite=Lax), and must not take it away all the same
      return cookies.has(site.sessionCookie) ? this.#left(req, site, home) : unavailable(req, home);
    }
    const forged = req.method === 'GET' ? csrfErrorLink(query, session) : this.#csrf(req, session, site);
    if (forged !== undefined) return problem(403, 'forged-request', forged);
    await sessions.end(site, cookies);
    const { refresh } = session.tokens;
    if (refresh !== undefined) {
      provider.revoke(refresh).catch((error: Error) => {
        logger.warn({ client, reason: error.message }, 'the provider was not told of a logout');
      });
    }
    const next = await provider.logoutUrl(session.idToken, home).catch(() => undefined);
    return this.#left(req, site, next ?? home);
  }

  #left(req: IncomingMessage, site: Site, location: string): LoginResponse {
    const setCookies = [this.#parts.sessions.forget(site)];
    // what the browser keeps of this user's answers is not for the next one
    const headers = { 'clear-site-data': '"cache"' };
    const response = unavailable(req, location);
    return { ...response, setCookies, headers: { ...response.headers, ...headers } };
  }

  #csrf(req: IncomingMessage, session: Session, site: Site): string | undefined {
    const { csrf, allowed_origins } = this.#parts.settings;
    return csrfProblem(req, session, site, { csrf, allowedOrigins: new Set(allowed_origins) });
  }

  /** @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest */
  async #backchannelLogout({ req }: Visit): Promise<LoginResponse> {
    const { provider, store, client, logger } = this.#parts;
    const token = (await readForm(req, LONGEST_LOGOUT_TOKEN))?.get('logout_token');
    if (!token) return badLogout('there is no logout_token');
    try {
      const { id, ...whose } = await provider.readLogoutToken(token);
      if (!(await store.once(`logout ${id}`, LOGOUT_TOKEN_MS))) return badLogout('the token was used already');
      const sessions = await store.endAll(whose);
      logger.info({ client, sessions }, 'the provider logged a user out');
      return { status: 200 };
    } catch (error) {
      if (!(error instanceof LoginFailed)) throw error;
      logger.warn({ client, reason: error.message }, 'a logout token that is not valid');
      return badLogout('the token is not valid');
    }
  }

  #unavailable(kind: string, what: string, error: Error): LoginResponse {
    const { client, logger } = this.#parts;
    logger.error({ client, reason: error.message }, what);
    return problem(503, kind, `${what} just now; try again.`, { 'retry-after': '5' });
  }
}

/** Where a browser goes from a logout; a script is told instead of sent. */
function unavailable({ method }: IncomingMessage, location: string): LoginResponse {
  return method === 'POST' ? { status: 200, body: { location } } : redirect(location);
}

function noSite(client: string): LoginResponse {
  const detail = `Login is not known at this host. Set login.${client}.public_url to where browsers find this site.`;
  return problem(421, 'unknown-host', detail);
}

function csrfErrorLink(query: URLSearchParams, session: Session): string | undefined {
  if (isToken(query.get('csrf'), session)) return undefined;
  return 'A logout by GET needs the parameter "csrf": follow the link that /me tells as `logout`.';
}

function badLogout(description: string): LoginResponse {
  return { status: 400, body: { error: 'invalid_request', error_description: description } };
}

function chosen({ claims }: Session, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]));
}
