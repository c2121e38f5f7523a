import { hash } from 'node:crypto';

/** SHA-256 in hex: how credentials are known where they must not be kept. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
