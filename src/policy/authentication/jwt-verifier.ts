import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../../client/identity.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import { AuthenticationUnavailable, BadCredential, type BadCredentialKind } from './authentication-error.ts';
import { claimsOfToken, identityOfClaims } from './claims.ts';
import { sha256 } from './digest.ts';
import type { KeySet } from './key-set.ts';

/** An issuer of tokens: its keys, and what its tokens must contain. */
export interface Issuer {
  readonly keys: KeySet;
  /** Allowed values of `iss`; `undefined` allows any. */
  readonly issuers: readonly string[] | undefined;
  /** Values of which `aud` must contain one; `undefined` allows any. */
  readonly audiences: readonly string[] | undefined;
  readonly algorithms: ReadonlySet<string>;
  /** Whether its tokens must have `exp`: a stolen token without it would stay valid forever. */
  readonly requiresExpiry: boolean;
  /** Allowed values of `typ`. Default: `JWT`, `at+jwt`, or no `typ`. */
  readonly types?: readonly string[] | undefined;
}

export interface JwtVerifierOptions {
  readonly issuers: readonly Issuer[];
  /** Accepted clock skew in milliseconds. */
  readonly clockToleranceMs: number;
  readonly requiredClaims: readonly string[];
  /** Longer tokens are rejected before they are parsed. */
  readonly maxTokenBytes: number;
  /** Number of verified tokens in the cache. */
  readonly cacheEntries: number;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

interface CachedToken {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly keys: KeySet;
  readonly keysVersion: number;
}

/** A token without `exp` is verified again after this time. */
const WITHOUT_EXPIRY_MS = 300_000;

/**
 * Verifies JSON Web Tokens (RFC 7519, RFC 8725). Valid tokens are cached by their digest until they expire or their issuer's
 * keys change.
 */
export class JwtVerifier {
  readonly #options: JwtVerifierOptions;
  readonly #now: () => number;
  readonly #cache: LRUCache<string, CachedToken> | undefined;
  readonly #underWay = new SingleFlight<Identity>();

  constructor(options: JwtVerifierOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    if (options.cacheEntries > 0) this.#cache = new LRUCache({ max: options.cacheEntries });
  }

  /** Whether the token names an issuer that is configured. The token is not verified. */
  hasIssuerFor(token: string): boolean {
    return token.length <= this.#options.maxTokenBytes && this.#issuersOf(token).length > 0;
  }

  /** Returns the cached identity of a token, without an asynchronous check. */
  cachedIdentity(token: string): Identity | undefined {
    if (this.#cache === undefined || token.length > this.#options.maxTokenBytes) return undefined;
    const digest = sha256(token);
    const cached = this.#cache.get(digest);
    if (cached === undefined) return undefined;
    const isValid = cached.until > this.#now() && cached.keys.version === cached.keysVersion;
    if (isValid && cached.keys.isTooOld?.() !== true) return cached.identity;
    this.#cache.delete(digest);
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
      // read before the check: the keys may change while it runs
      const keysVersion = issuer.keys.version;
      try {
        const payload = await this.#verifyWith(issuer, token);
        const identity = identityOfClaims('jwt', claimsOfToken(token));
        this.#cacheToken(digest, { identity, until: this.#expiryOf(payload), keys: issuer.keys, keysVersion });
        return identity;
      } catch (error) {
        failures.push(error instanceof AuthenticationUnavailable ? error : asBad(error));
      }
    }
    // if one of several issuers has issued the token, it is not invented
    const isIssued = (error: unknown) => error instanceof BadCredential && !error.isGuess;
    throw (
      failures.find(isIssued) ?? failures.find((error) => error instanceof AuthenticationUnavailable) ?? failures[0]
    );
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
        // the signature is valid, so no other key can be the right one
        if (!failure.isGuess) break;
      }
    }
    throw failure;
  }

  /** Selects issuers by `alg` and `iss`, both unverified. Their keys then verify the whole token, `iss` included. */
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

  #cacheToken(digest: string, token: CachedToken): void {
    this.#cache?.set(digest, token);
  }
}

const DEFAULT_TYPES = ['jwt', 'at+jwt'];

/**
 * Checks `typ`, so that other tokens signed with the same keys (logout tokens, proofs of possession, events) are rejected.
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.11
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 */
function checkType(type: unknown, allowed: readonly string[] | undefined): void {
  if (type === undefined && allowed === undefined) return;
  const types = allowed?.map(mediaType) ?? DEFAULT_TYPES;
  if (typeof type === 'string' && types.includes(mediaType(type))) return;
  throw new BadCredential('claims', `typ is ${JSON.stringify(type)}; expected ${types.join(' or ')}`);
}

/** Normalises a media type (RFC 7515, section 4.1.9): `application/` is optional, and case does not matter. */
function mediaType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}

/** @param latest milliseconds since 1970: now plus the accepted clock skew */
function checkTimes({ exp, iat }: JWTPayload, latest: number): void {
  // 1e999 is a number in JSON
  if (exp !== undefined && !Number.isFinite(exp)) throw new BadCredential('claims', '"exp" is not a valid time');
  if (iat !== undefined && iat * 1_000 > latest) throw new BadCredential('not_yet_valid', '"iat" is in the future');
}

function asBad(error: unknown): BadCredential {
  if (error instanceof BadCredential) return error;
  return new BadCredential(kindOf(error), error instanceof Error ? error.message : String(error), { cause: error });
}

/** Returns the kind of a failure. `jose` checks claims only after the signature. */
function kindOf(error: unknown): BadCredentialKind {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim === 'nbf' ? 'not_yet_valid' : 'claims';
  const isUnreadable = error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid;
  return isUnreadable ? 'malformed' : 'forged';
}

/** Returns an error that quotes the token's `alg` and `iss`, as far as they can be read; for the log. */
function unknownIssuer(token: string): BadCredential {
  const text = 'no issuer is configured for';
  try {
    const { alg } = decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    return new BadCredential('unknown', `${text} alg ${JSON.stringify(alg)}, iss ${JSON.stringify(iss)}`);
  } catch {
    return new BadCredential('malformed', 'the token is not a JWT');
  }
}
