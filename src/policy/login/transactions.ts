import { randomBytes } from 'node:crypto';
import { generateRandomCodeVerifier } from 'oauth4webapi';
import { type Cookies, cookieName, setCookie } from './cookies.ts';
import type { Transaction } from './provider.ts';
import { LoginFailed } from './provider-errors.ts';
import type { Encryptor } from './sealing.ts';
import type { SessionStore } from './session-store.ts';
import type { Site } from './site.ts';

/** A login that is under way in one browser. */
export interface Pending extends Transaction {
  /** The whole URL of where it leads. */
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

/** Tabs of one browser in which logins are under way; with one more, the oldest is forgotten. */
const MOST_PENDING = 5;
const NAME_CHARACTERS = 12;

/**
 * Logins between leaving for the provider and coming back. What a login has to remember is sealed into a cookie of its
 * own, not kept here: that binds it to the browser, lets two tabs log in at once, and leaves nothing that anonymous
 * visitors could fill up. Each is good for one return: only those that were used are remembered, until they expire.
 */
export class Transactions {
  readonly #options: TransactionsOptions;

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  /** A new login, with the cookies to be set for it. */
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
   * The login that a browser comes back from, used up by that. Rejects with `LoginFailed` when it did not begin in this
   * browser, took too long, or was used already.
   */
  async resume(site: Site, cookies: Cookies, state: string): Promise<Pending> {
    const { encryptor, store, now } = this.#options;
    const name = this.#cookieName(site, state);
    const text = encryptor.open(cookies.get(name) ?? '', name);
    const pending = text === undefined ? undefined : (JSON.parse(text) as Pending);
    if (pending === undefined || pending.state !== state) {
      throw new LoginFailed('login_not_found', 'no such login began in this browser');
    }
    const left = pending.until - now();
    if (left <= 0) throw new LoginFailed('login_expired', 'the login took too long');
    if (!(await store.once(state, left))) throw new LoginFailed('login_used', 'the login was used already');
    return pending;
  }

  /** The cookie that a login had, to be taken away. */
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
