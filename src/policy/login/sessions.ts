import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Identity } from '../../client/identity.ts';
import { type AcceptedCredential, type CredentialCheck, hasAllScopes } from '../../shared/credential-check.ts';
import { StoreUnavailable } from '../../store/redis.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AuthenticationError } from '../authentication/authentication-error.ts';
import { sha256 } from '../authentication/digest.ts';
import { type Cookies, setCookie } from './cookies.ts';
import { type CsrfRules, csrfProblem } from './csrf.ts';
import type { Grant } from './provider.ts';
import { GrantExpired, ProviderUnavailable } from './provider-errors.ts';
import { identityOf, type Session } from './session.ts';
import type { MaybePromise, SessionStore } from './session-store.ts';
import type { Site } from './site.ts';
import type { TokenRefresher } from './token-refresher.ts';

/** The identity from a session. */
export interface SessionIdentity {
  readonly identity: Identity;
  /** A valid access token, for subgraphs. */
  readonly accessToken: string;
  /** Returns what checks later whether the session goes on. That does not count as use of the session. */
  readonly checkLater: () => CredentialCheck;
}

export interface SessionsOptions {
  readonly client: string;
  /** The path of the login routes: `/bff/web`. */
  readonly root: string;
  readonly store: SessionStore;
  readonly tokens: TokenRefresher;
  readonly rules: CsrfRules;
  readonly lifetimeMs: number;
  /** Requested scopes. They count as granted if the provider does not say otherwise (RFC 6749, section 5.1). */
  readonly scopes: readonly string[];
  readonly logger: Logger;
  readonly now: () => number;
}

const ID_LENGTH = 43;
const RETRY_AFTER_S = '5';

/** The sessions of one client's users. Browsers have a random session id in a cookie. */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Returns the session's id in the store; `undefined` if the browser has none. */
  idOf(site: Site, cookies: Cookies): string | undefined {
    const value = cookies.get(site.sessionCookie);
    return value === undefined || value.length !== ID_LENGTH ? undefined : sha256(value);
  }

  /**
   * Returns the identity from the request's session; `undefined` without a session, or with one that has ended. Throws, or rejects
   * with, `AuthenticationError`: 403 for a possible cross-site request, 401 if the provider has ended the login, 503 if the store
   * or the provider is unavailable.
   */
  authenticate(req: IncomingMessage, site: Site, cookies: Cookies): MaybePromise<SessionIdentity | undefined> {
    const id = this.idOf(site, cookies);
    if (id === undefined) return undefined;
    const found = this.#options.store.get(id, true);
    if (found instanceof Promise) {
      return found.then(
        (session) => session && this.#authenticate(req, site, id, session),
        (error: unknown) => this.#refuse(error),
      );
    }
    return found && this.#authenticate(req, site, id, found);
  }

  #authenticate(req: IncomingMessage, site: Site, id: string, session: Session): MaybePromise<SessionIdentity> {
    const { rules, tokens } = this.#options;
    const forged = csrfProblem(req, session, site, rules);
    if (forged !== undefined) throw csrfError(forged);
    const current = tokens.current(id, session);
    if (!(current instanceof Promise)) return this.#identityFrom(id, current);
    return current.then(
      (renewed) => this.#identityFrom(id, renewed),
      (error: unknown) => this.#refuse(error),
    );
  }

  #identityFrom(id: string, session: Session): SessionIdentity {
    const { scopes, tokens } = session;
    const checkLater = () => Object.assign(() => this.#check(id, scopes), { sessionId: id });
    return { identity: identityOf(session), accessToken: tokens.access, checkLater };
  }

  async #check(id: string, scopes: readonly string[]): Promise<AcceptedCredential | undefined> {
    const { store, tokens } = this.#options;
    try {
      const session = await store.get(id, false);
      const current = session && (await tokens.current(id, session));
      return current && hasAllScopes(current.scopes, scopes) ? { accessToken: current.tokens.access } : undefined;
    } catch (error) {
      if (error instanceof GrantExpired) return undefined;
      throw error;
    }
  }

  /** Stores a new session, ends the browser's previous one, and returns `Set-Cookie`. */
  async begin(site: Site, cookies: Cookies, grant: Grant): Promise<string> {
    const { store, lifetimeMs, scopes, now } = this.#options;
    const before = this.idOf(site, cookies);
    if (before !== undefined) await store.end(before);
    const { claims, tokens, idToken = '' } = grant;
    const id = randomBytes(32).toString('base64url');
    await store.add(sha256(id), {
      subject: claims.sub ?? '',
      providerSession: typeof claims.sid === 'string' ? claims.sid : undefined,
      scopes: grant.scopes ?? scopes,
      claims,
      idToken,
      csrf: randomBytes(32).toString('base64url'),
      endsAt: now() + lifetimeMs,
      tokens,
    });
    return setCookie(site.sessionCookie, id, site);
  }

  /** @param use whether this counts as use of the session */
  async find(site: Site, cookies: Cookies, use: boolean): Promise<Session | undefined> {
    const id = this.idOf(site, cookies);
    return id === undefined ? undefined : this.#options.store.get(id, use);
  }

  async end(site: Site, cookies: Cookies): Promise<void> {
    const id = this.idOf(site, cookies);
    if (id !== undefined) await this.#options.store.end(id);
  }

  /** Returns the `Set-Cookie` that deletes the session cookie. */
  forget(site: Site): string {
    return setCookie(site.sessionCookie, '', site);
  }

  #refuse(error: unknown): never {
    const { client, root, logger } = this.#options;
    if (error instanceof GrantExpired) {
      logger.info({ client, reason: error.message }, 'session ended');
      throw ended(root, error);
    }
    if (error instanceof ProviderUnavailable)
      throw unavailable('login-provider-away', 'Login provider unavailable', error);
    if (error instanceof StoreUnavailable) {
      logger.error({ client, reason: error.message }, 'session store unavailable');
      throw unavailable('sessions-away', 'Session store unavailable', error);
    }
    throw error;
  }
}

/** Returns `WWW-Authenticate` for responses without a session, with the URL of the login. */
export function challenge(root: string): string {
  return `Session realm="headgate", login="${root}/login"`;
}

function csrfError(detail: string): AuthenticationError {
  const headers = { 'cache-control': 'no-store' };
  return new AuthenticationError(
    { status: 403, code: 'FORBIDDEN', kind: 'forged-request', headers, reason: detail },
    detail,
  );
}

/** Returns the error for a session that has ended. The cookie is not deleted, since another tab may just have logged in again. */
function ended(root: string, cause: Error): AuthenticationError {
  const headers = { 'www-authenticate': challenge(root), 'cache-control': 'no-store' };
  const what = { status: 401, code: 'UNAUTHENTICATED', kind: 'session-ended', headers } as const;
  const message = 'The session has ended: the login provider did not renew it. Log in again.';
  return new AuthenticationError({ ...what, reason: cause.message }, message, { cause });
}

function unavailable(kind: string, what: string, cause: Error): AuthenticationError {
  const headers = { 'retry-after': RETRY_AFTER_S, 'cache-control': 'no-store' };
  const refusal = { status: 503, code: 'SERVICE_UNAVAILABLE', kind, headers, reason: cause.message } as const;
  return new AuthenticationError(refusal, `${what} right now. The session stays valid; try again.`, { cause });
}
