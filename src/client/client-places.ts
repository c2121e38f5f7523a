import type { ClientInfo } from './identity.ts';
import { clientKey } from './principal.ts';

export interface PlaceLimits {
  /** The most places of this process. */
  readonly max: number | undefined;
  /** The most places of one user, or of one address where the client is anonymous. */
  readonly maxPerClient: number | undefined;
}

/** Counts what clients have open, in all and for each client. */
export class ClientPlaces {
  readonly #limits: PlaceLimits;
  readonly #byClient = new Map<string, number>();
  #count = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Takes a place. Returns a function that gives it back, once; or which limit has no room: `process` or `client`. */
  enter(client: ClientInfo): (() => void) | 'process' | 'client' {
    const { max = Number.POSITIVE_INFINITY, maxPerClient } = this.#limits;
    if (this.#count >= max) return 'process';
    const key = maxPerClient === undefined ? undefined : clientKey(client);
    const own = key === undefined ? 0 : (this.#byClient.get(key) ?? 0);
    if (own >= (maxPerClient ?? Number.POSITIVE_INFINITY)) return 'client';
    this.#count += 1;
    if (key !== undefined) this.#byClient.set(key, own + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#release(key);
    };
  }

  #release(key: string | undefined): void {
    this.#count -= 1;
    if (key === undefined) return;
    const left = (this.#byClient.get(key) ?? 1) - 1;
    if (left === 0) this.#byClient.delete(key);
    else this.#byClient.set(key, left);
  }
}
