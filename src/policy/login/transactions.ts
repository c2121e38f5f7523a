import { randomBytes } from 'node:crypto';
import { generateRandomCodeVerifier } from 'oauth4webapi';
import { type Cookies, cookieName, setCookie } from './cookies.ts';
import type { Encryptor } from './encryption.ts';
import type { Transaction } from './provider.ts';
import { LoginFailed } from './provider-errors.ts';
import type { SessionStore } from './session-store.ts';
import type { Site } from './site.ts';

/** A pending login of one browser. */
export interface Pending extends Transaction {
  /** The absolute URL to return to after the login. */
  readonly returnTo: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export interface TransactionsOptions {
  readonly encryptor: Encryptor;
  readonly store: Pick<SessionStore, 'once'>;
  readonly lifetimeMs: number;
  readonly now: () => number;
}

/** Pending logins per browser, such as in several tabs; with one more, the oldest is dropped. */
const MOST_PENDING = 5;
const NAME_CHARACTERS = 12;

/**
 * Pending logins, from the redirect to the provider until the callback. Their state is encrypted in a cookie per login. That binds
 * it to the browser, allows logins in several tabs, and stores nothing for anonymous visitors. Each can be used once: only the
 * used ones are stored, until they expire.
 */
export class Transactions {
  readonly #options: TransactionsOptions;

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  /** Creates a login, and the `Set-Cookie` values for it. */
  begin(site: Site, cookies: Cookies, returnTo: string): { readonly pending: Pending; readonly setCookies: string[] } {
    const { lifetimeMs, now, encryptor } = this.#options;
    const pending: Pending = {
      state: randomBytes(32).toString('base64url'),
      nonce: randomBytes(32).toString('base64url'),
      verifier: generateRandomCodeVerifier(),
      redirectUri: site.redirectUri,
      returnTo,
      until: now() + lifetimeMs,
    };
    const name = this.#cookieName(site, pending.state);
    const encrypted = encryptor.encrypt(JSON.stringify(pending), name);
    const setCookies = [setCookie(name, encrypted, site, lifetimeMs)];
    for (const old of this.#excess(site, cookies)) setCookies.push(setCookie(old, '', site));
    return { pending, setCookies };
  }

  /**
   * Returns the pending login that a callback belongs to, and marks it as used. Rejects with `LoginFailed` if it did not begin in
   * this browser, took too long, or was used already.
   */
  async resume(site: Site, cookies: Cookies, state: string): Promise<Pending> {
    const { encryptor, store, now } = this.#options;
    const name = this.#cookieName(site, state);
    const text = encryptor.decrypt(cookies.get(name) ?? '', name);
    const pending = text === undefined ? undefined : (JSON.parse(text) as Pending);
    if (pending === undefined || pending.state !== state) {
      throw new LoginFailed('login_not_found', 'no such login was started in this browser');
    }
    const left = pending.until - now();
    if (left <= 0) throw new LoginFailed('login_expired', 'the login took too long');
    if (!(await store.once(state, left))) throw new LoginFailed('login_used', 'the login was used already');
    return pending;
  }

  /** Returns the `Set-Cookie` that deletes the cookie of a login. */
  forget(site: Site, state: string): string {
    return setCookie(this.#cookieName(site, state), '', site);
  }

  #excess(site: Site, cookies: Cookies): string[] {
    const prefix = this.#cookieName(site, '');
    const names = [...cookies.keys()].filter((name) => name.startsWith(prefix));
    return names.slice(0, Math.max(0, names.length - MOST_PENDING + 1));
  }

  #cookieName({ secure, name }: Site, state: string): string {
    const word = state.replace(/[^\w-]/g, '').slice(0, NAME_CHARACTERS);
    return cookieName(`login-${name}.${word}`, secure);
  }
}
