import { readFileSync } from 'node:fs';
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { ConfigValueError } from '../../config/config-value-error.ts';
import { withoutByteOrderMark } from '../../shared/decode-text.ts';

/** What of a token's header chooses the key. Nothing else of it is heeded: not `jku`, `jwk`, `x5u` nor `x5c`. */
export interface KeyChoice {
  readonly alg: string;
  readonly kid: string | undefined;
}

export type VerifyKey = CryptoKey | Uint8Array;

/** The keys of one issuer. */
export interface KeySet {
  /** Another number when keys were added or withdrawn. */
  readonly version: number;
  /** Whether it is so long since the keys were fetched that they are not trusted any more; never, where it is left out. */
  isTooOld?(): boolean;
  /** The keys that a token may be signed with; none when it is not known. Throws `AuthenticationUnavailable` without any key set. */
  find(choice: KeyChoice): Promise<readonly VerifyKey[]>;
  close(): void;
}

/** A token without `kid` is tried with as many keys at most: each costs a signature check. */
const MOST_CANDIDATES = 8;

/** A key set as text or as an object, read once. */
export class LocalKeys {
  readonly #find: ReturnType<typeof createLocalJWKSet>;

  /** Throws an `Error` that says what is wrong when it is no JWK set. */
  constructor(jwks: unknown) {
    this.#find = createLocalJWKSet(jwks as JSONWebKeySet);
  }

  async find(choice: KeyChoice): Promise<readonly VerifyKey[]> {
    const { alg, kid } = choice;
    try {
      return [await this.#find(kid === undefined ? { alg } : { alg, kid })];
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return [];
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      const keys: VerifyKey[] = [];
      for await (const key of error) if (keys.push(key) === MOST_CANDIDATES) break;
      return keys;
    }
  }
}

export function inlineKeys(keys: readonly object[]): KeySet {
  const local = new LocalKeys({ keys });
  return { version: 0, find: (choice) => local.find(choice), close() {} };
}

/** One secret that issuer and gateway share. */
export function secretKey(secret: string): KeySet {
  const keys = [new TextEncoder().encode(secret)];
  return { version: 0, find: async () => keys, close() {} };
}

/** A key set in a file; `reload` reads it again. Throws `ConfigValueError` when it is no key set. */
export class FileKeySet implements KeySet {
  readonly file: string;
  version = 0;
  #local: LocalKeys;

  constructor(file: string) {
    this.file = file;
    this.#local = readKeyFile(file);
  }

  find(choice: KeyChoice): Promise<readonly VerifyKey[]> {
    return this.#local.find(choice);
  }

  /** Throws like the constructor; the keys then stay as they were. */
  reload(): void {
    this.#local = readKeyFile(this.file);
    this.version++;
  }

  close(): void {}
}

function readKeyFile(file: string): LocalKeys {
  try {
    return new LocalKeys(JSON.parse(withoutByteOrderMark(readFileSync(file, 'utf8'))));
  } catch (cause) {
    const hint = 'expected a JWK set: {"keys": [{"kty": …}]}';
    throw new ConfigValueError(`${file}: ${(cause as Error).message} (${hint})`, { cause });
  }
}
