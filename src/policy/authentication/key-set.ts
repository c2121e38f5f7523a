import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { ConfigValueError } from '../../config/config-value-error.ts';
import { withoutByteOrderMark } from '../../shared/decode-text.ts';
import { readRegularFileSync } from '../../shared/read-regular-file.ts';

/** The members of a token's header that select the key. `jku`, `jwk`, `x5u` and `x5c` are ignored. */
export interface KeyChoice {
  readonly alg: string;
  readonly kid: string | undefined;
}

export type VerifyKey = CryptoKey | Uint8Array;

/** The keys of one issuer. */
export interface KeySet {
  /** A number that changes when keys are added or withdrawn. */
  readonly version: number;
  /** Whether the keys were fetched too long ago to be trusted. Left out for keys that do not age. */
  isTooOld?(): boolean;
  /** Returns the keys that a token may be signed with; empty if none matches. Throws `AuthenticationUnavailable` if there is no key set yet. */
  find(choice: KeyChoice): Promise<readonly VerifyKey[]>;
  close(): void;
}

/** Number of keys tried for a token without `kid`: each costs a signature check. */
const MOST_CANDIDATES = 8;

/** A JWK set. */
export class LocalKeys {
  readonly #find: ReturnType<typeof createLocalJWKSet>;

  /** Throws an `Error` that says what is wrong if the value is not a JWK set. */
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

/** Returns a key set of one secret that the issuer and the gateway share. */
export function secretKey(secret: string): KeySet {
  const keys = [new TextEncoder().encode(secret)];
  return { version: 0, find: async () => keys, close() {} };
}

/** A key set in a file. Throws `ConfigValueError` if it is not a key set. */
export class FileKeySet implements KeySet {
  readonly file: string;
  version = 0;
  readonly #key: string;
  #local: LocalKeys;

  /**
   * @param key the key of the config that names the file, for messages
   * @throws ConfigValueError when the file cannot be used
   */
  constructor(file: string, key: string) {
    this.file = file;
    this.#key = key;
    this.#local = readKeyFile(file, key);
  }

  find(choice: KeyChoice): Promise<readonly VerifyKey[]> {
    return this.#local.find(choice);
  }

  /** Reads the file again. Throws like the constructor; the keys then stay as they were. */
  reload(): void {
    this.#local = readKeyFile(this.file, this.#key);
    this.version++;
  }

  close(): void {}
}

/** Parses the text of a key set. Throws an `Error` without any part of the text, which errors of `JSON.parse` have. */
export function parseKeySet(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('not valid JSON');
  }
}

function readKeyFile(file: string, key: string): LocalKeys {
  try {
    return new LocalKeys(parseKeySet(withoutByteOrderMark(readRegularFileSync(file))));
  } catch (cause) {
    const hint = 'expected a JWK set: {"keys": [{"kty": …}]}';
    throw new ConfigValueError(`${key}: ${file}: ${(cause as Error).message} (${hint})`, { cause });
  }
}
