import { setTimeout as sleep } from 'node:timers/promises';
import { SingleFlight } from '../../shared/single-flight.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { OpenIdProvider } from './provider.ts';
import { GrantExpired, isUnavailable, ProviderUnavailable } from './provider-errors.ts';
import type { Session } from './session.ts';
import type { Answer, SessionStore } from './session-store.ts';

export interface TokenRefresherOptions {
  readonly store: SessionStore;
  readonly provider: Pick<OpenIdProvider, 'refresh' | 'revoke'>;
  /** How long one request to the provider may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** After a refresh that failed nobody tries again for this long. */
const RETRY_MS = 2_000;
const POLL_MS = 50;

/**
 * Sees to it that sessions have an access token that holds. Each refresh token is used once, by one request of one
 * process: providers that rotate them take a second use for theft and end the login (RFC 9700, section 4.14.2).
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
   * The session with a token that holds. While the old token holds, it is renewed in passing and nobody waits.
   * Rejects with `GrantExpired` when the session is over, with `ProviderUnavailable` when its token has expired and there is no other.
   */
  current(id: string, session: Session): Answer<Session> {
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
    throw new GrantExpired('its access token has expired, and the provider gave no refresh token');
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
      if (session === undefined) throw new GrantExpired('it was ended meanwhile');
      // another process may have been quicker
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
      // OpenID Connect Core, section 12.2: it must be the same user
      if (grant.claims.sub !== undefined && grant.claims.sub !== session.subject) {
        throw new GrantExpired('the provider answered with another user');
      }
      const renewed: Session = {
        ...session,
        tokens: grant.tokens,
        idToken: grant.idToken ?? session.idToken,
        claims: { ...session.claims, ...grant.claims },
        scopes: grant.scopes ?? session.scopes,
      };
      if (await store.replace(id, renewed)) return renewed;
      // logged out meanwhile: what came too late is not to be left lying about
      await provider.revoke(grant.tokens.refresh ?? '').catch(() => {});
      throw new GrantExpired('it was ended meanwhile');
    } catch (error) {
      return this.#giveUp(id, error);
    }
  }

  async #giveUp(id: string, error: unknown): Promise<never> {
    const { store, logger, now } = this.#options;
    if (error instanceof GrantExpired) {
      await store.end(id);
    } else if (error instanceof ProviderUnavailable) {
      // what was said of one session alone is nothing to the others
      if (isUnavailable(error.cause)) {
        this.#unavailable = error;
        this.#unavailableUntil = now() + RETRY_MS;
      }
      logger.error(
        { reason: error.message },
        'an access token could not be renewed; the old one is used while it holds',
      );
    }
    throw error;
  }

  async #waitForOther(id: string, stale: Session, longestMs: number): Promise<Session> {
    const until = performance.now() + longestMs;
    while (performance.now() < until) {
      await sleep(POLL_MS);
      const session = await this.#options.store.get(id, false);
      if (session === undefined) throw new GrantExpired('it was ended meanwhile');
      if (session.tokens.access !== stale.tokens.access) return session;
    }
    throw new ProviderUnavailable('another process did not renew an access token', 'it took too long');
  }
}
