import { createHash } from 'node:crypto';

const hashes = new WeakMap<object, string>();

/** Returns the SHA-256 of the text of a document, in hexadecimal. It is computed once for each document in the cache. */
export function documentHash(document: object, text: string): string {
  let hash = hashes.get(document);
  if (hash === undefined) {
    hash = createHash('sha256').update(text).digest('hex');
    hashes.set(document, hash);
  }
  return hash;
}
