import { setTimeout as sleep } from 'node:timers/promises';
import { SingleFlight } from '../../shared/single-flight.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { OpenIdProvider } from './provider.ts';
import { GrantExpired, isUnavailable, ProviderUnavailable } from './provider-errors.ts';
import type { Session } from './session.ts';
import type { MaybePromise, SessionStore } from './session-store.ts';

export interface TokenRefresherOptions {
  readonly store: SessionStore;
  readonly provider: Pick<OpenIdProvider, 'refresh' | 'revoke'>;
  /** Milliseconds for one request to the provider. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Milliseconds without another attempt after a failed refresh. */
const RETRY_MS = 2_000;
const POLL_MS = 50;

/**
 * Renews access tokens of sessions. Each refresh token is used once, by one request of one process: providers with rotation treat
 * a second use as theft and end the login (RFC 9700, section 4.14.2).
 */
export class TokenRefresher {
  readonly #options: TokenRefresherOptions;
  readonly #underWay = new SingleFlight<Session>();
  #unavailableUntil = Number.NEGATIVE_INFINITY;
  #unavailable: ProviderUnavailable | undefined;

  constructor(options: TokenRefresherOptions) {
    this.#options = options;
  }

  /**
   * Returns the session with a valid token. A token that is still valid is renewed in the background.
   * Rejects with `GrantExpired` if the session is over, with `ProviderUnavailable` if the token has expired and cannot be renewed now.
   */
  current(id: string, session: Session): MaybePromise<Session> {
    const { expiresAt, refreshAt, refresh } = session.tokens;
    if (expiresAt === undefined || refreshAt === undefined) return session;
    const now = this.#options.now();
    if (now < refreshAt) return session;
    const unavailable = now < this.#unavailableUntil ? this.#unavailable : undefined;
    if (now < expiresAt) {
      if (refresh !== undefined && !unavailable) this.#join(id, session).catch(() => {});
      return session;
    }
    if (refresh === undefined) return this.#expire(id);
    return unavailable ? Promise.reject(unavailable) : this.#join(id, session);
  }

  async #expire(id: string): Promise<never> {
    await this.#options.store.end(id);
    throw new GrantExpired('the access token has expired, and there is no refresh token');
  }

  #join(id: string, session: Session): Promise<Session> {
    return this.#underWay.run(id, () => this.#refresh(id, session));
  }

  async #refresh(id: string, stale: Session): Promise<Session> {
    const { store, timeoutMs } = this.#options;
    const longest = timeoutMs * 2;
    const unlock = await store.lock(id, longest);
    if (unlock === undefined) return this.#waitForOther(id, stale, longest);
    try {
      const session = await store.get(id, false);
      if (session === undefined) throw new GrantExpired('the session was ended meanwhile');
      // another process may have renewed it already
      if (session.tokens.access !== stale.tokens.access) return session;
      return await this.#renew(id, session);
    } finally {
      await unlock();
    }
  }

  async #renew(id: string, session: Session): Promise<Session> {
    const { store, provider } = this.#options;
    try {
      const grant = await provider.refresh(session.tokens.refresh ?? '');
      // it must be the same user (OpenID Connect Core, section 12.2)
      if (grant.claims.sub !== undefined && grant.claims.sub !== session.subject) {
        throw new GrantExpired('the provider returned tokens of another user');
      }
      const renewed: Session = {
        ...session,
        tokens: grant.tokens,
        idToken: grant.idToken ?? session.idToken,
        claims: { ...session.claims, ...grant.claims },
        scopes: grant.scopes ?? session.scopes,
      };
      if (await store.replace(id, renewed)) return renewed;
      // the user has logged out meanwhile, so the new token is not needed
      await provider.revoke(grant.tokens.refresh ?? '').catch(() => {});
      throw new GrantExpired('the session was ended meanwhile');
    } catch (error) {
      return this.#giveUp(id, error);
    }
  }

  async #giveUp(id: string, error: unknown): Promise<never> {
    const { store, logger, now } = this.#options;
    if (error instanceof GrantExpired) {
      await store.end(id);
    } else if (error instanceof ProviderUnavailable) {
      // an error about one session does not affect the others
      if (isUnavailable(error.cause)) {
        this.#unavailable = error;
        this.#unavailableUntil = now() + RETRY_MS;
      }
      logger.error(
        { reason: error.message },
        'an access token could not be renewed; using the old one until it expires',
      );
    }
    throw error;
  }

  async #waitForOther(id: string, stale: Session, longestMs: number): Promise<Session> {
    const until = performance.now() + longestMs;
    while (performance.now() < until) {
      await sleep(POLL_MS);
      const session = await this.#options.store.get(id, false);
      if (session === undefined) throw new GrantExpired('the session was ended meanwhile');
      if (session.tokens.access !== stale.tokens.access) return session;
    }
    throw new ProviderUnavailable('another process did not renew an access token', 'it took too long');
  }
}
