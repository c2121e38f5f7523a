import { deadlineSignal } from '../../shared/deadline.ts';
import { decodeText } from '../../shared/decode-text.ts';
import { readResponseBytes } from '../../shared/read-bytes.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import { subgraphUrlLabel } from '../../shared/subgraph-url.ts';
import type { KeySetState } from '../../telemetry/key-set-instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AuthenticationUnavailable } from './authentication-error.ts';
import { type KeyChoice, type KeySet, LocalKeys, parseKeySet, type VerifyKey } from './key-set.ts';

export interface RemoteKeySetOptions {
  readonly url: string;
  /** Milliseconds between fetches. */
  readonly pollMs: number;
  /** A token with an unknown key triggers a fetch, at most once in this time (milliseconds). */
  readonly cooldownMs: number;
  /** How long a set stays in use if it cannot be fetched again, in milliseconds. */
  readonly maxAgeMs: number;
  /** How long one fetch may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly logger: Logger;
  /** Returns milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

const LARGEST_SET_BYTES = 2 ** 20;
const FIRST_RETRY_MS = 1_000;
const SLOWEST_RETRY_MS = 30_000;

/**
 * A key set at a URL. It is fetched at start, every `pollMs`, and when a token names an unknown key; concurrent callers share
 * one fetch. If a fetch fails, the last good set stays in use for `maxAgeMs`, so that known keys keep working while the
 * issuer is unavailable. After that it is not trusted, since the issuer may have withdrawn a key.
 */
export class RemoteKeySet implements KeySet {
  version = 0;
  readonly #options: RemoteKeySetOptions;
  readonly #now: () => number;
  readonly #label: string;
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
    this.#label = subgraphUrlLabel(options.url);
    this.#now = options.now ?? (() => performance.now());
    this.#poll = setInterval(() => void this.#refresh(), options.pollMs);
    this.#poll.unref();
    void this.#refresh();
  }

  async find(choice: KeyChoice): Promise<readonly VerifyKey[]> {
    if (!this.#local || this.isTooOld()) await this.#retry();
    const { maxAgeMs } = this.#options;
    if (!this.#local) throw new AuthenticationUnavailable(`the key set at ${this.#label} could not be fetched yet`);
    if (this.isTooOld())
      throw new AuthenticationUnavailable(
        `the key set at ${this.#label} could not be fetched for ${maxAgeMs / 1_000}s`,
      );
    const keys = await this.#local.find(choice);
    if (keys.length > 0 || !(await this.#search())) return keys;
    return this.#local.find(choice);
  }

  isTooOld(): boolean {
    return this.#now() - this.#fetchedAt > this.#options.maxAgeMs;
  }

  get state(): KeySetState {
    return { label: this.#label, isUp: this.#failures === 0, isUsable: this.#isUsable };
  }

  get #isUsable(): boolean {
    return this.#local !== undefined && !this.isTooOld();
  }

  close(): void {
    clearInterval(this.#poll);
  }

  get #isFetching(): boolean {
    return this.#fetching.size > 0;
  }

  /** Fetches the set because a key was not found. Returns false during the cooldown. */
  async #search(): Promise<boolean> {
    const now = this.#now();
    if (!this.#isFetching && now < this.#searchAt) return false;
    if (!this.#isFetching) this.#searchAt = now + this.#options.cooldownMs;
    await this.#retry();
    return true;
  }

  /** Fetches the set, unless a fetch failed a short time ago. */
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
        this.#local = new LocalKeys(parseKeySet(text));
        this.#text = text;
        this.version++;
      }
      if (this.#failures > 0) this.#options.logger.info({ url: this.#label }, 'a key set could be fetched again');
      this.#failures = 0;
      this.#fetchedAt = this.#now();
    } catch (err) {
      this.#retryAt = this.#now() + Math.min(FIRST_RETRY_MS * 2 ** this.#failures, SLOWEST_RETRY_MS);
      this.#failures++;
      this.#logFailure(err);
    }
  }

  #logFailure(err: unknown): void {
    const { logger } = this.#options;
    const facts = { url: this.#label, err };
    if (this.#isUsable) logger.warn(facts, 'a key set could not be fetched; using the last good one');
    else logger.error(facts, 'a key set could not be fetched; tokens cannot be checked until it can');
  }
}

async function fetchText({ url, headers, timeoutMs }: RemoteKeySetOptions): Promise<string> {
  const response = await fetch(url, {
    headers: [['accept', 'application/json, application/jwk-set+json'], ...headers.map(pairOf)],
    // redirects are not followed: keys come only from the configured URL
    redirect: 'manual',
    signal: deadlineSignal(timeoutMs),
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
