import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';

/** Encrypts texts for places where others may read or write. */
export interface Encryptor {
  /** @param about what the text is, and for whom: only with the same words it can be opened */
  encrypt(text: string, about: string): string;
  /** `undefined` for what was not sealed here, was sealed with a key that is gone, or was changed. */
  open(encrypted: string, about: string): string | undefined;
}

const CIPHER = 'aes-256-gcm';
const ID_BYTES = 4;
/** NIST SP 800-38D: 96 bits for the nonce, which is what GCM is made for, and the whole tag. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = ID_BYTES + NONCE_BYTES + TAG_BYTES;

interface Key {
  readonly id: Buffer;
  readonly bytes: Buffer;
}

/**
 * AES-256-GCM under several keys of 32 bytes: the first one seals, all of them open. What is sealed is base64url of the
 * key's id, the nonce, the tag and the ciphertext. A key is good for 2^32 seals (NIST SP 800-38D, section 8.3).
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
    open(encrypted, about) {
      const bytes = Buffer.from(encrypted, 'base64url');
      if (bytes.length < HEAD_BYTES) return undefined;
      const key = keys.find(({ id }) => id.equals(bytes.subarray(0, ID_BYTES)));
      return key && decrypt(key, bytes, about);
    },
  };
}

function keyOf(bytes: Buffer): Key {
  return { id: hash('sha256', Buffer.concat([Buffer.from('headgate key '), bytes]), 'buffer').subarray(0, 4), bytes };
}

function decrypt({ bytes: key }: Key, bytes: Buffer, about: string): string | undefined {
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
