import { hash } from 'node:crypto';

/** Returns the SHA-256 in hex: identifies credentials that must not be stored. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
