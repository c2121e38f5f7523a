import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../../client/identity.ts';
import { identityOfClaims } from './claims.ts';
import { sha256 } from './digest.ts';
import { exactClaims } from './exact-claims.ts';
import type { KeySet } from './key-set.ts';
import { BadCredential, type BadCredentialKind, CannotDecide } from './refusal.ts';

/** An issuer of tokens: its keys, and what its tokens must say. */
export interface Issuer {
  readonly keys: KeySet;
  /** Values that `iss` may have; any without it. */
  readonly issuers: readonly string[] | undefined;
  /** Values of which `aud` must have one; any without it. */
  readonly audiences: readonly string[] | undefined;
  readonly algorithms: ReadonlySet<string>;
}

export interface JwtVerifierOptions {
  readonly issuers: readonly Issuer[];
  /** Milliseconds that clocks may be off. */
  readonly clockToleranceMs: number;
  readonly requiredClaims: readonly string[];
  /** Longer tokens are refused unread. */
  readonly maxTokenBytes: number;
  /** Verified tokens that are remembered. */
  readonly cacheEntries: number;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

interface Remembered {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly keys: KeySet;
  readonly keysVersion: number;
}

/** A token that never expires is checked again after as many milliseconds. */
const WITHOUT_EXPIRY_MS = 300_000;

/**
 * Verifies JSON Web Tokens (RFC 7519, RFC 8725), and remembers those that hold by their digest: until they expire, and
 * as long as their issuer's keys stay the same.
 */
export class JwtVerifier {
  readonly #options: JwtVerifierOptions;
  readonly #now: () => number;
  readonly #remembered: LRUCache<string, Remembered> | undefined;
  readonly #underWay = new Map<string, Promise<Identity>>();

  constructor(options: JwtVerifierOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    if (options.cacheEntries > 0) this.#remembered = new LRUCache({ max: options.cacheEntries });
  }

  /** Whether some issuer may have issued the token, by what it says itself. */
  concerns(token: string): boolean {
    return token.length <= this.#options.maxTokenBytes && this.#issuersOf(token).length > 0;
  }

  /** Whom the token is known to stand for, without any check that takes time. */
  recall(token: string): Identity | undefined {
    if (this.#remembered === undefined || token.length > this.#options.maxTokenBytes) return undefined;
    const digest = sha256(token);
    const known = this.#remembered.get(digest);
    if (known === undefined) return undefined;
    if (known.until > this.#now() && known.keys.version === known.keysVersion) return known.identity;
    this.#remembered.delete(digest);
    return undefined;
  }

  /** Rejects with `BadCredential`, or with `CannotDecide` while there are no keys to verify with. */
  verify(token: string): Promise<Identity> {
    const { maxTokenBytes } = this.#options;
    if (token.length > maxTokenBytes) {
      return Promise.reject(new BadCredential('malformed', `the token is longer than ${maxTokenBytes} bytes`));
    }
    const digest = sha256(token);
    let check = this.#underWay.get(digest);
    if (check === undefined) {
      check = this.#check(token, digest).finally(() => this.#underWay.delete(digest));
      this.#underWay.set(digest, check);
    }
    return check;
  }

  async #check(token: string, digest: string): Promise<Identity> {
    const candidates = this.#issuersOf(token);
    if (candidates.length === 0) throw unknownIssuer(token);
    const failures: (BadCredential | CannotDecide)[] = [];
    for (const issuer of candidates) {
      // taken before the check: keys that change meanwhile must not be taken for those that it was made with
      const keysVersion = issuer.keys.version;
      try {
        const claims = await this.#verifyWith(issuer, token);
        const identity = identityOfClaims('jwt', exactClaims(token));
        this.#remember(digest, { identity, until: this.#expiryOf(claims), keys: issuer.keys, keysVersion });
        return identity;
      } catch (error) {
        failures.push(error instanceof CannotDecide ? error : asBad(error));
      }
    }
    // what one of several issuers has given out is not made up
    const isKnown = (error: unknown) => error instanceof BadCredential && !error.isGuess;
    throw failures.find(isKnown) ?? failures.find((error) => error instanceof CannotDecide) ?? failures[0];
  }

  async #verifyWith(issuer: Issuer, token: string): Promise<JWTPayload> {
    const { clockToleranceMs, requiredClaims } = this.#options;
    const { alg, kid } = decodeProtectedHeader(token);
    const keys = await issuer.keys.find({ alg: String(alg), kid });
    let failure = new BadCredential('unknown', `the issuer has no key "${kid}" for ${alg}`);
    for (const key of keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [...issuer.algorithms],
          ...(issuer.issuers ? { issuer: [...issuer.issuers] } : {}),
          ...(issuer.audiences ? { audience: [...issuer.audiences] } : {}),
          requiredClaims: [...requiredClaims],
          clockTolerance: clockToleranceMs / 1000,
          currentDate: new Date(this.#now()),
        });
        return payload;
      } catch (error) {
        failure = asBad(error);
        // its signature holds, so no other key is the one
        if (!failure.isGuess) break;
      }
    }
    throw failure;
  }

  /** `iss` is not verified here: it only chooses with whose keys the token is verified, `iss` among the rest. */
  #issuersOf(token: string): Issuer[] {
    try {
      const { alg } = decodeProtectedHeader(token);
      const { iss } = decodeJwt(token);
      return this.#options.issuers.filter(
        ({ issuers, algorithms }) =>
          algorithms.has(String(alg)) && (issuers === undefined || (iss !== undefined && issuers.includes(iss))),
      );
    } catch {
      return [];
    }
  }

  #expiryOf({ exp }: JWTPayload): number {
    if (exp === undefined) return this.#now() + WITHOUT_EXPIRY_MS;
    return exp * 1000 + this.#options.clockToleranceMs;
  }

  #remember(digest: string, known: Remembered): void {
    this.#remembered?.set(digest, known);
  }
}

function asBad(error: unknown): BadCredential {
  if (error instanceof BadCredential) return error;
  return new BadCredential(kindOf(error), error instanceof Error ? error.message : String(error), { cause: error });
}

/** Claims are looked at once the signature holds. */
function kindOf(error: unknown): BadCredentialKind {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim === 'nbf' ? 'not_yet_valid' : 'claims';
  const isNone = error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid;
  return isNone ? 'malformed' : 'forged';
}

/** Says for the log what the token says of itself, as far as it can be read. */
function unknownIssuer(token: string): BadCredential {
  const text = 'no issuer is known for';
  try {
    const { alg } = decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    return new BadCredential('unknown', `${text} alg ${JSON.stringify(alg)}, iss ${JSON.stringify(iss)}`);
  } catch {
    return new BadCredential('malformed', `${text} what is no token`);
  }
}
