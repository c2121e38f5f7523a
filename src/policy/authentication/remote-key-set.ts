import { decodeText } from '../../shared/decode-text.ts';
import { readResponseBytes } from '../../shared/read-bytes.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AuthenticationUnavailable } from './authentication-error.ts';
import { type KeyChoice, type KeySet, LocalKeys, type VerifyKey } from './key-set.ts';

export interface RemoteKeySetOptions {
  readonly url: string;
  /** Milliseconds between fetches. */
  readonly pollMs: number;
  /** A token with an unknown key makes a fetch, but only one in as many milliseconds. */
  readonly cooldownMs: number;
  /** Milliseconds that a set which cannot be fetched again goes on being used. */
  readonly maxAgeMs: number;
  /** How long one fetch may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly logger: Logger;
  /** Milliseconds. */
  readonly now?: () => number;
}

const LARGEST_SET_BYTES = 2 ** 20;
const FIRST_RETRY_MS = 1_000;
const SLOWEST_RETRY_MS = 30_000;

/**
 * A key set at a URL. It is fetched when the gateway starts, every `pollMs`, and when a token names a key that is not
 * in it; all who wait share one fetch. When a fetch fails the last good set goes on being used: an issuer that is away
 * shuts nobody out whose key is known. That ends `maxAgeMs` after it was fetched: the issuer may have withdrawn a key since.
 */
export class RemoteKeySet implements KeySet {
  version = 0;
  readonly #options: RemoteKeySetOptions;
  readonly #now: () => number;
  readonly #poll: NodeJS.Timeout;
  #local: LocalKeys | undefined;
  #text = '';
  #fetchedAt = Number.NEGATIVE_INFINITY;
  readonly #fetching = new SingleFlight<void>();
  #failures = 0;
  #retryAt = Number.NEGATIVE_INFINITY;
  #searchAt = Number.NEGATIVE_INFINITY;

  constructor(options: RemoteKeySetOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#poll = setInterval(() => void this.#refresh(), options.pollMs);
    this.#poll.unref();
    void this.#refresh();
  }

  async find(choice: KeyChoice): Promise<readonly VerifyKey[]> {
    if (!this.#local || this.isTooOld()) await this.#retry();
    const { url, maxAgeMs } = this.#options;
    if (!this.#local) throw new AuthenticationUnavailable(`the key set at ${url} was never fetched`);
    if (this.isTooOld())
      throw new AuthenticationUnavailable(`the key set at ${url} could not be fetched for ${maxAgeMs / 1_000}s`);
    const keys = await this.#local.find(choice);
    if (keys.length > 0 || !(await this.#search())) return keys;
    return this.#local.find(choice);
  }

  isTooOld(): boolean {
    return this.#now() - this.#fetchedAt > this.#options.maxAgeMs;
  }

  close(): void {
    clearInterval(this.#poll);
  }

  get #isFetching(): boolean {
    return this.#fetching.size > 0;
  }

  /** Fetches since a key was not found. False when it is too early for that. */
  async #search(): Promise<boolean> {
    const now = this.#now();
    if (!this.#isFetching && now < this.#searchAt) return false;
    if (!this.#isFetching) this.#searchAt = now + this.#options.cooldownMs;
    await this.#retry();
    return true;
  }

  /** Fetches, but for a while not again after a failure. */
  #retry(): Promise<void> | undefined {
    return !this.#isFetching && this.#now() < this.#retryAt ? undefined : this.#refresh();
  }

  #refresh(): Promise<void> {
    return this.#fetching.run(this.#options.url, () => this.#fetch());
  }

  async #fetch(): Promise<void> {
    try {
      const text = await fetchText(this.#options);
      if (text !== this.#text) {
        this.#local = new LocalKeys(JSON.parse(text));
        this.#text = text;
        this.version++;
      }
      this.#failures = 0;
      this.#fetchedAt = this.#now();
    } catch (err) {
      this.#retryAt = this.#now() + Math.min(FIRST_RETRY_MS * 2 ** this.#failures, SLOWEST_RETRY_MS);
      this.#failures++;
      const { logger, url } = this.#options;
      const isUsed = this.#local !== undefined && !this.isTooOld();
      const goesOn = isUsed ? 'the last good one goes on' : 'tokens cannot be checked until it is';
      logger.warn({ url, err }, `a key set could not be fetched; ${goesOn}`);
    }
  }
}

async function fetchText({ url, headers, timeoutMs }: RemoteKeySetOptions): Promise<string> {
  const response = await fetch(url, {
    headers: [['accept', 'application/json, application/jwk-set+json'], ...headers.map(pairOf)],
    // a key set is where it is said to be, and nowhere else
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`status ${response.status} instead of 200`);
  }
  const bytes = response.body === null ? Buffer.alloc(0) : await readResponseBytes(response.body, LARGEST_SET_BYTES);
  if (bytes === undefined) throw new Error(`longer than ${LARGEST_SET_BYTES} bytes`);
  return decodeText(bytes);
}

function pairOf({ name, value }: { readonly name: string; readonly value: string }): [string, string] {
  return [name, value];
}
