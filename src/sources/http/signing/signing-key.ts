import { statSync } from 'node:fs';
import { ConfigValueError } from '../../../config/config-value-error.ts';
import type { KeyedSignature } from '../../../config/sections/subgraph-authentication.ts';
import { pathWithoutSecrets } from '../../../shared/path-without-secrets.ts';
import { readRegularFileSync } from '../../../shared/read-regular-file.ts';

/** The size of the hash: a shorter key is weaker than the signature (RFC 2104, section 3). */
const MIN_BYTES = 32;
/** How often the file is checked, in milliseconds. */
const CHECK_MS = 1_000;

/** Returns the key of a signature. */
export type CurrentKey = () => Buffer;

export interface SigningKeyOptions {
  /** Called when a changed file has no good key. The last good one is used then. */
  readonly onProblem?: ((message: string) => void) | undefined;
  /** A monotonic clock, in milliseconds. */
  readonly now?: (() => number) | undefined;
}

/** Reads a signing key, and again when its file has changed. Throws `ConfigValueError` when it is unreadable or too short. */
export function signingKey({ key, settings }: KeyedSignature, options: SigningKeyOptions = {}): CurrentKey {
  const { key: text, key_file: file, key_encoding: encoding } = settings;
  if (file === undefined) {
    const fixed = decoded(`${key}.key`, text ?? '', encoding);
    return () => fixed;
  }
  const { now = () => performance.now(), onProblem } = options;
  const read = () => decoded(`${key}.key_file`, readFile(`${key}.key_file`, file), encoding);
  let current = read();
  let version = versionOf(file);
  let checkedAt = now();
  return () => {
    if (now() - checkedAt < CHECK_MS) return current;
    checkedAt = now();
    const next = versionOf(file);
    if (next === version) return current;
    version = next;
    try {
      current = read();
    } catch (error) {
      if (!(error instanceof ConfigValueError)) throw error;
      onProblem?.(`${error.message}; the previous key is used`);
    }
    return current;
  };
}

function readFile(key: string, file: string): string {
  try {
    return readRegularFileSync(file).replace(/\r?\n$/, '');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigValueError(
      `${key}: ${pathWithoutSecrets(file)} cannot be read (${code}); expected a file with the key`,
      { cause },
    );
  }
}

function decoded(key: string, text: string, encoding: 'utf8' | 'base64'): Buffer {
  const bytes = Buffer.from(text, encoding);
  if (encoding === 'base64' && !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new ConfigValueError(`${key}: the key is not base64`);
  if (bytes.length < MIN_BYTES) {
    const hint = 'make one with `openssl rand -base64 48`';
    throw new ConfigValueError(`${key}: the key has ${bytes.length} bytes; expected ${MIN_BYTES} or more: ${hint}`);
  }
  return bytes;
}

/** Returns a text that changes when the file does. Never throws. */
function versionOf(file: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(file);
    return `${ino}:${mtimeMs}:${size}`;
  } catch {
    return '-';
  }
}
