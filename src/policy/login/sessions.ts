import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Identity } from '../../client/identity.ts';
import { StoreUnavailable } from '../../store/redis.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AuthenticationError } from '../authentication/authentication-error.ts';
import { sha256 } from '../authentication/digest.ts';
import { type Cookies, setCookie } from './cookies.ts';
import { type CsrfRules, csrfProblem } from './csrf.ts';
import type { Grant } from './provider.ts';
import { GrantExpired, ProviderUnavailable } from './provider-errors.ts';
import { identityOf, type Session } from './session.ts';
import type { Answer, SessionStore } from './session-store.ts';
import type { Site } from './site.ts';
import type { TokenRefresher } from './token-refresher.ts';

/** Who asks, as proved by a session. */
export interface Proved {
  readonly identity: Identity;
  /** For subgraphs; it holds just now. */
  readonly accessToken: string;
}

export interface SessionsOptions {
  readonly client: string;
  /** Where its routes are: `/bff/web`. */
  readonly root: string;
  readonly store: SessionStore;
  readonly tokens: TokenRefresher;
  readonly rules: CsrfRules;
  readonly lifetimeMs: number;
  /** Scopes that were asked for: granted, where the provider does not say otherwise (RFC 6749, section 5.1). */
  readonly scopes: readonly string[];
  readonly logger: Logger;
  readonly now: () => number;
}

const ID_LENGTH = 43;
const AWAY_RETRY_S = '5';

/** The sessions of one client's users, as browsers have them: an id that says nothing, in a cookie. */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** The session's id in the store; `undefined` when the browser has none. */
  idOf(site: Site, cookies: Cookies): string | undefined {
    const value = cookies.get(site.sessionCookie);
    return value === undefined || value.length !== ID_LENGTH ? undefined : sha256(value);
  }

  /**
   * Who asks; `undefined` for a browser without a session, or with one that has ended. Throws, or rejects with,
   * `AuthenticationError`: 403 for a request that another site may have made the browser send, 401 when the provider has ended the
   * login, 503 when that cannot be told just now.
   */
  recognise(req: IncomingMessage, site: Site, cookies: Cookies): Answer<Proved | undefined> {
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

  #authenticate(req: IncomingMessage, site: Site, id: string, session: Session): Answer<Proved> {
    const { rules, tokens } = this.#options;
    const forged = csrfProblem(req, session, site, rules);
    if (forged !== undefined) throw csrfError(forged);
    const current = tokens.current(id, session);
    if (!(current instanceof Promise)) return provedBy(current);
    return current.then(provedBy, (error: unknown) => this.#refuse(error));
  }

  /** Keeps a new session under a new id, and gives the cookie for it. What the browser had before ends. */
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

  /** @param use whether it counts as used */
  async find(site: Site, cookies: Cookies, use: boolean): Promise<Session | undefined> {
    const id = this.idOf(site, cookies);
    return id === undefined ? undefined : this.#options.store.get(id, use);
  }

  async end(site: Site, cookies: Cookies): Promise<void> {
    const id = this.idOf(site, cookies);
    if (id !== undefined) await this.#options.store.end(id);
  }

  /** The cookie that takes the browser's away. */
  forget(site: Site): string {
    return setCookie(site.sessionCookie, '', site);
  }

  #refuse(error: unknown): never {
    const { client, root, logger } = this.#options;
    if (error instanceof GrantExpired) {
      logger.info({ client, reason: error.message }, 'a session has ended');
      throw ended(root, error);
    }
    if (error instanceof ProviderUnavailable)
      throw unavailable('login-provider-away', 'The login provider does not answer', error);
    if (error instanceof StoreUnavailable) {
      logger.error({ client, reason: error.message }, 'a session could not be looked up');
      throw unavailable('sessions-away', 'Sessions cannot be looked up', error);
    }
    throw error;
  }
}

function provedBy(session: Session): Proved {
  return { identity: identityOf(session), accessToken: session.tokens.access };
}

/** What tells a browser's page that it needs a session, and where to get one. */
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

/** The cookie stays: another tab may have logged in meanwhile, and its new one would go. */
function ended(root: string, cause: Error): AuthenticationError {
  const headers = { 'www-authenticate': challenge(root), 'cache-control': 'no-store' };
  const what = { status: 401, code: 'UNAUTHENTICATED', kind: 'session-ended', headers } as const;
  const message = 'The session has ended: the login provider does not renew it. Log in again.';
  return new AuthenticationError({ ...what, reason: cause.message }, message, { cause });
}

function unavailable(kind: string, what: string, cause: Error): AuthenticationError {
  const headers = { 'retry-after': AWAY_RETRY_S, 'cache-control': 'no-store' };
  const refusal = { status: 503, code: 'SERVICE_UNAVAILABLE', kind, headers, reason: cause.message } as const;
  return new AuthenticationError(refusal, `${what} just now. The session goes on; try again.`, { cause });
}
