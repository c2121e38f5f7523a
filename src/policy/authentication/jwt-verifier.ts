import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../../client/identity.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import { AuthenticationUnavailable, BadCredential, type BadCredentialKind } from './authentication-error.ts';
import { claimsOfToken, identityOfClaims } from './claims.ts';
import { sha256 } from './digest.ts';
import type { KeySet } from './key-set.ts';

/** An issuer of tokens: its keys, and what its tokens must say. */
export interface Issuer {
  readonly keys: KeySet;
  /** Values that `iss` may have; any without it. */
  readonly issuers: readonly string[] | undefined;
  /** Values of which `aud` must have one; any without it. */
  readonly audiences: readonly string[] | undefined;
  readonly algorithms: ReadonlySet<string>;
  /** Whether its tokens must have `exp`; without one, a token that was stolen is good for ever. */
  readonly requiresExpiry: boolean;
  /** Values that `typ` may have; by default `JWT`, `at+jwt`, or none at all. */
  readonly types?: readonly string[] | undefined;
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
  readonly #underWay = new SingleFlight<Identity>();

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
    const isKnown = known.until > this.#now() && known.keys.version === known.keysVersion;
    if (isKnown && known.keys.isTooOld?.() !== true) return known.identity;
    this.#remembered.delete(digest);
    return undefined;
  }

  /** Rejects with `BadCredential`, or with `AuthenticationUnavailable` while there are no keys to verify with. */
  verify(token: string): Promise<Identity> {
    const { maxTokenBytes } = this.#options;
    if (token.length > maxTokenBytes) {
      return Promise.reject(new BadCredential('malformed', `the token is longer than ${maxTokenBytes} bytes`));
    }
    const digest = sha256(token);
    return this.#underWay.run(digest, () => this.#check(token, digest));
  }

  async #check(token: string, digest: string): Promise<Identity> {
    const candidates = this.#issuersOf(token);
    if (candidates.length === 0) throw unknownIssuer(token);
    const failures: (BadCredential | AuthenticationUnavailable)[] = [];
    for (const issuer of candidates) {
      // taken before the check: keys that change meanwhile must not be taken for those that it was made with
      const keysVersion = issuer.keys.version;
      try {
        const payload = await this.#verifyWith(issuer, token);
        const identity = identityOfClaims('jwt', claimsOfToken(token));
        this.#remember(digest, { identity, until: this.#expiryOf(payload), keys: issuer.keys, keysVersion });
        return identity;
      } catch (error) {
        failures.push(error instanceof AuthenticationUnavailable ? error : asBad(error));
      }
    }
    // what one of several issuers has given out is not made up
    const isKnown = (error: unknown) => error instanceof BadCredential && !error.isGuess;
    throw failures.find(isKnown) ?? failures.find((error) => error instanceof AuthenticationUnavailable) ?? failures[0];
  }

  async #verifyWith(issuer: Issuer, token: string): Promise<JWTPayload> {
    const { clockToleranceMs } = this.#options;
    const requiredClaims = [...this.#options.requiredClaims, ...(issuer.requiresExpiry ? ['exp'] : [])];
    const { alg, kid } = decodeProtectedHeader(token);
    const keys = await issuer.keys.find({ alg: String(alg), kid });
    let failure = new BadCredential('unknown', `the issuer has no key "${kid}" for ${alg}`);
    for (const key of keys) {
      try {
        const { payload, protectedHeader } = await jwtVerify(token, key, {
          algorithms: [...issuer.algorithms],
          ...(issuer.issuers ? { issuer: [...issuer.issuers] } : {}),
          ...(issuer.audiences ? { audience: [...issuer.audiences] } : {}),
          requiredClaims,
          clockTolerance: clockToleranceMs / 1000,
          currentDate: new Date(this.#now()),
        });
        checkType(protectedHeader.typ, issuer.types);
        checkTimes(payload, this.#now() + clockToleranceMs);
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

const DEFAULT_TYPES = ['jwt', 'at+jwt'];

/**
 * Tells access tokens from whatever else the same keys may sign: logout tokens, proofs of possession, events.
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.11
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 */
function checkType(type: unknown, allowed: readonly string[] | undefined): void {
  if (type === undefined && allowed === undefined) return;
  const types = allowed?.map(mediaType) ?? DEFAULT_TYPES;
  if (typeof type === 'string' && types.includes(mediaType(type))) return;
  throw new BadCredential('claims', `typ is ${JSON.stringify(type)}; expected ${types.join(' or ')}`);
}

/** RFC 7515, section 4.1.9: `application/` may be left out, and the case does not matter. */
function mediaType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}

/** @param latest milliseconds since 1970: now, and as much more as clocks may be off */
function checkTimes({ exp, iat }: JWTPayload, latest: number): void {
  // 1e999 is a number in JSON
  if (exp !== undefined && !Number.isFinite(exp)) throw new BadCredential('claims', '"exp" is no time');
  if (iat !== undefined && iat * 1_000 > latest) throw new BadCredential('not_yet_valid', '"iat" is in the future');
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
