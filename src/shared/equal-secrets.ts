import { createHash, timingSafeEqual } from 'node:crypto';

/** Returns whether two texts are equal, in a time that says nothing about their content or length. */
export function areEqualSecrets(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
