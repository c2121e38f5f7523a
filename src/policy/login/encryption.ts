import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';

/** Encrypts texts that are stored where others may read or change them. */
export interface Encryptor {
  /** @param about the purpose and owner of the text: decryption needs the same value (additional authenticated data) */
  encrypt(text: string, about: string): string;
  /** Returns `undefined` if the text was changed, encrypted elsewhere, or encrypted with a key that is no longer configured. */
  decrypt(encrypted: string, about: string): string | undefined;
}

const CIPHER = 'aes-256-gcm';
const ID_BYTES = 4;
/** NIST SP 800-38D: the standard nonce of 96 bits, and the full tag. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = ID_BYTES + NONCE_BYTES + TAG_BYTES;

interface Key {
  readonly id: Buffer;
  readonly bytes: Buffer;
}

/**
 * Encrypts with AES-256-GCM under 32-byte keys: the first key encrypts, all keys decrypt. The output is base64url of key id,
 * nonce, tag and ciphertext. A key may encrypt up to 2^32 texts (NIST SP 800-38D, section 8.3).
 */
export function createEncryptor(secrets: readonly [Buffer, ...Buffer[]]): Encryptor {
  const keys = secrets.map(keyOf);
  const first = keyOf(secrets[0]);
  return {
    encrypt(text, about) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, first.bytes, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(about));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([first.id, nonce, cipher.getAuthTag(), body]).toString('base64url');
    },
    decrypt(encrypted, about) {
      const bytes = Buffer.from(encrypted, 'base64url');
      if (bytes.length < HEAD_BYTES) return undefined;
      const key = keys.find(({ id }) => id.equals(bytes.subarray(0, ID_BYTES)));
      return key && decryptWith(key, bytes, about);
    },
  };
}

function keyOf(bytes: Buffer): Key {
  return { id: hash('sha256', Buffer.concat([Buffer.from('headgate key '), bytes]), 'buffer').subarray(0, 4), bytes };
}

function decryptWith({ bytes: key }: Key, bytes: Buffer, about: string): string | undefined {
  const nonce = bytes.subarray(ID_BYTES, ID_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(ID_BYTES + NONCE_BYTES, HEAD_BYTES));
  decipher.setAAD(Buffer.from(about));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
