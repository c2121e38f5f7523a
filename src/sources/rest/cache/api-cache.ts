import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { readCachingHeaders } from '../../../client/read-freshness.ts';
import type { RawAnswer } from '../api-call.ts';
import type { ApiRequest } from '../api-request.ts';
import { Flights, untilAborted } from './flights.ts';
import { CORRELATION } from './headers-of-user.ts';
import type { Keeper } from './keeper.ts';
import { conditionsFor, isFresh, type KeptAnswer, keptAnswer, served, servesOnError } from './kept-answer.ts';

/** A request that may be answered by what is kept. */
export interface Asking {
  readonly origin: string;
  readonly request: ApiRequest;
  /** Headers of the request, in lower case, whose values are not the same for everyone. */
  readonly ofUser: ReadonlySet<string>;
  /** Aborted when nobody waits for the answer any more, or its time is up. */
  readonly signal: AbortSignal;
  /** Calls the API, with these headers besides. */
  call(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RawAnswer>;
}

/** An answer that just came, and whether others may have it, too. */
interface Renewed {
  readonly answer: RawAnswer;
  readonly isShared: boolean;
}

const MOST_LONELY = 10_000;
/** Requests that say themselves what they have, or want only a part, are none of a cache's business here. */
const CONDITIONAL = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range', 'range'];

/**
 * A cache of what APIs answer to `GET`, for all clients together: as long as their headers say, and told apart by what
 * these say it depends on. What is stale is confirmed where it can be; equal requests under way are one.
 * @see https://www.rfc-editor.org/rfc/rfc9111
 */
export class ApiCache {
  readonly #keeper: Keeper;
  readonly #now: () => number;
  readonly #flights = new Flights<Renewed>();
  /** Requests whose last answer was for one alone. */
  readonly #lonely = new LRUCache<string, true>({ max: MOST_LONELY });

  constructor(keeper: Keeper, now: () => number = Date.now) {
    this.#keeper = keeper;
    this.#now = now;
  }

  /** Whether an answer to this request may be kept at all. */
  static takes({ method, headers, body }: ApiRequest): boolean {
    return method === 'GET' && body === undefined && CONDITIONAL.every((name) => headers[name] === undefined);
  }

  /** Rejects with what the call rejects with, where there is nothing to fall back on. */
  async answer(asking: Asking): Promise<RawAnswer> {
    const key = keyOf(asking);
    const kept = await this.#find(key, asking);
    if (kept && isFresh(kept, this.#now())) return served(kept, this.#now());
    const mayFallBack = kept !== undefined && servesOnError(kept, this.#now());
    try {
      const answer = await this.#ask(key, kept, asking);
      return mayFallBack && answer.status >= 500 ? served(kept, this.#now()) : answer;
    } catch (error) {
      if (!mayFallBack) throw error;
      return served(kept, this.#now());
    }
  }

  /** What was done to a URL makes what was kept of it doubtful (RFC 9111, section 4.4). */
  async forget(asking: Asking): Promise<void> {
    await this.#keeper.delete(keyOf(asking));
  }

  /** One call for all equal requests, unless the last answer was for one alone: then nobody waits for another's. */
  async #ask(key: string, kept: KeptAnswer | undefined, asking: Asking): Promise<RawAnswer> {
    const { signal } = asking;
    const equal = variantKey(key, asking, [...asking.ofUser]);
    const begin = (own: AbortSignal) => this.#renew(key, kept, asking, own);
    const isLonely = this.#lonely.has(equal);
    const [renewed, isOwn] = isLonely
      ? ([await untilAborted(begin(signal), signal), true] as const)
      : await this.#flights.join(equal, signal, begin);
    if (renewed.isShared) this.#lonely.delete(equal);
    else this.#lonely.set(equal, true);
    return isOwn || renewed.isShared ? renewed.answer : asking.call({}, signal);
  }

  async #find(key: string, asking: Asking): Promise<KeptAnswer | undefined> {
    const first = await this.#keeper.get(key);
    const kept = first?.kind === 'vary' ? await this.#keeper.get(variantKey(key, asking, first.names)) : first;
    return kept?.kind === 'answer' && this.#now() < kept.usefulUntil ? kept : undefined;
  }

  async #renew(key: string, kept: KeptAnswer | undefined, asking: Asking, signal: AbortSignal): Promise<Renewed> {
    const answer = await asking.call(kept ? conditionsFor(kept) : {}, signal);
    const now = this.#now();
    const isConfirmed = kept !== undefined && answer.status === NOT_MODIFIED;
    const whole = isConfirmed ? { ...kept, headers: { ...kept.headers, ...ofRepresentation(answer) } } : answer;
    const { ofUser, request } = asking;
    const isOfUser = ofUser.size > 0 || request.headers.authorization !== undefined;
    const made = keptAnswer({ status: whole.status, headers: whole.headers, text: whole.text }, isOfUser, now);
    if (made === undefined) {
      // a failure says nothing of what is kept
      if (kept && answer.status < 500) await this.#keeper.delete(key);
      return { answer: { status: whole.status, headers: whole.headers, text: whole.text }, isShared: false };
    }
    await this.#keep(key, made, asking);
    return { answer: served(made, now), isShared: true };
  }

  async #keep(key: string, made: KeptAnswer, asking: Asking): Promise<void> {
    const { vary } = readCachingHeaders(made.headers);
    const names = vary.filter((name) => asking.ofUser.has(name)).sort();
    if (names.length === 0) return this.#keeper.set(key, made);
    await this.#keeper.set(key, { kind: 'vary', names, usefulUntil: made.usefulUntil });
    await this.#keeper.set(variantKey(key, asking, names), made);
  }
}

const NOT_MODIFIED = 304;

/** RFC 9111, section 3.2: what is about the message and not about what it carries stays as it was. */
function ofRepresentation({ headers }: RawAnswer): RawAnswer['headers'] {
  const { 'content-length': _length, 'content-encoding': _encoding, 'content-type': _type, ...others } = headers;
  // an age is that of the answer that has just come
  return { age: undefined, ...others };
}

/** By the URL and all headers that are the same for everyone: whoever sends others asks another API. */
function keyOf({ origin, request, ofUser }: Asking): string {
  const isFixed = (name: string) => !ofUser.has(name) && !CORRELATION.has(name) && name !== 'content-type';
  const fixed = Object.entries(request.headers).filter(([name]) => isFixed(name));
  return hash('sha256', JSON.stringify([origin, request.path, fixed.sort()]), 'base64url');
}

function variantKey(key: string, { request }: Asking, names: readonly string[]): string {
  if (names.length === 0) return key;
  const values = [...names].sort().map((name) => [name, request.headers[name] ?? null]);
  return hash('sha256', JSON.stringify([key, values]), 'base64url');
}
