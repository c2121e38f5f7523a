import { createHash } from 'node:crypto';

/** Returns a short digest of a supergraph. */
export function supergraphId(sdl: string): string {
  return createHash('sha256').update(sdl).digest('hex').slice(0, 16);
}
