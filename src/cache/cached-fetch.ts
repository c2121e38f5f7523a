import { wantsReload } from '../client/sharing.ts';
import type { CacheUse } from '../shared/request-record.ts';
import type { FetchLookup, FetchParts, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import type { Done, FetchCache } from './cache-fetches.ts';
import type { Claim, Found, KeyedEntry, Moment, Versioned } from './cache-store.ts';
import { REFRESH_MS } from './cache-store.ts';
import { composeResponse, type DividedResponse, divideResponse, factsOf, movedErrors } from './compose-response.ts';
import { ageOf, type CacheEntry, type EntryState, endedEntry, isDue, stateOf } from './entry.ts';
import { type KeyedPart, NO_KEY } from './fetch-keys.ts';
import { hasFailed, textOf } from './fetched-response.ts';
import { FOR_ONE_CLIENT, saidBySource } from './lifetime.ts';
import { type NewResponse, newEntries } from './new-entries.ts';
import { addPlannedTags } from './planned-tags.ts';

type CompleteResponse = Exclude<SubgraphResponse, { kind: 'failure' }>;

/** For each part, indices of its entities. */
type Indices = number[][];

/** One read of a subgraph: it uses what is cached, and fetches the rest. */
export class CachedFetch {
  readonly #cache: FetchCache;
  readonly #request: SourceRequest;
  readonly #parts: FetchParts;
  readonly #keyed: readonly KeyedPart[];
  readonly #done: Done;
  /** For each part, the entry of each key. */
  #entries: (CacheEntry | undefined)[][] = [];
  #moment: Moment = { local: 0 };
  /** The keys of entities that are fetched because an event is about them. */
  #fresh: string[] | undefined;

  constructor(cache: FetchCache, request: SourceRequest, parts: FetchParts, keyed: readonly KeyedPart[], done: Done) {
    this.#cache = cache;
    this.#request = request;
    this.#parts = parts;
    this.#keyed = keyed;
    this.#done = done;
  }

  start({ entries, moment }: Found): void {
    this.#moment = moment;
    const now = this.#cache.now();
    const isReload = wantsReload(this.#request.client.headers);
    const missing: Indices = [];
    const old: Indices = [];
    let at = 0;
    let missed = 0;
    let stale = 0;
    for (const { keys, facts, lookup } of this.#keyed) {
      const mostMs = Math.min(
        facts.hint.maxAgeMs ?? Number.POSITIVE_INFINITY,
        this.#cache.options.lifetime?.ttlMs ?? Number.POSITIVE_INFINITY,
      );
      const own = entries.slice(at, at + keys.length);
      at += keys.length;
      if (lookup && this.#request.event) this.#leaveOutOlder(own, keys, lookup);
      this.#entries.push(own);
      const toFetch: number[] = [];
      const toRefresh: number[] = [];
      for (let i = 0; i < keys.length; i++) {
        const entry = own[i];
        const state = entry === undefined || isReload ? undefined : stateWithin(mostMs, entry, now);
        if (state === undefined || state === 'error') toFetch.push(i);
        else if (state === 'stale' || isDue(entry as CacheEntry, now, this.#cache.random())) toRefresh.push(i);
        if (state === 'stale') stale++;
      }
      missed += toFetch.length;
      missing.push(toFetch);
      old.push(toRefresh);
    }
    if (missed === 0) this.#serve(stale > 0 ? 'stale' : 'hit', now);
    else this.#fetch(missing, missed < at);
    if (old.some(({ length }) => length > 0)) this.#refresh(old);
  }

  /** Leaves out the entries of entities that an event is about, if they may be older than the event. */
  #leaveOutOlder(entries: (CacheEntry | undefined)[], keys: readonly string[], { representations }: FetchLookup): void {
    const { event } = this.#request;
    const { events } = this.#cache;
    for (const [index, key] of keys.entries()) {
      const entry = entries[index];
      if (!event?.isAbout(representations[index] as string)) continue;
      if (entry && events?.isNewer(key, entry, event)) continue;
      entries[index] = undefined;
      this.#fresh ??= [];
      if (key !== NO_KEY) this.#fresh.push(key);
    }
  }

  /** Responds with entries alone. */
  #serve(outcome: CacheUse['outcome'], now: number): void {
    const all = this.#entries.flat() as CacheEntry[];
    const text = composeResponse(
      this.#keyed,
      this.#entries.map((entries) => (entries as CacheEntry[]).map((entry) => entry.text)),
    );
    const { isPrivate, freshUntil, mayHaveLongNumbers, storedAt } = factsOf(all);
    const freshness = { maxAgeMs: this.#msLeft({ freshUntil, storedAt }, now), isPrivate, noStore: false };
    const { client } = this.#request;
    if (this.#cache.options.recordsFreshness) client.freshness?.record(freshness);
    const { cacheTags } = client;
    if (cacheTags) for (const { tags } of all) cacheTags.add(tags);
    this.#count(outcome);
    this.#request.trace?.note(`response cache: ${outcome}, ${all.length} cached, up to ${ageOfOldest(all, now)} s old`);
    const cache = { outcome, cached: all.length, fetched: 0, age: Math.max(0, Math.floor((now - storedAt) / 1_000)) };
    this.#done({ kind: 'text', text, status: 200, mayHaveLongNumbers, freshness, cache });
  }

  /** Returns how long entries may still be used, also by clients. The time of the config may be shorter than when they were stored. */
  #msLeft({ freshUntil, storedAt }: Pick<CacheEntry, 'freshUntil' | 'storedAt'>, now: number): number {
    const { ttlMs = Number.POSITIVE_INFINITY } = this.#cache.options.lifetime ?? {};
    return Math.max(0, Math.min(freshUntil, storedAt + ttlMs) - now);
  }

  #count(outcome: CacheUse['outcome'], indices?: Indices): void {
    const { onUse, subgraph } = this.#cache.options;
    if (onUse === undefined) return;
    for (const [index, { facts, keys }] of this.#keyed.entries()) {
      const count = indices ? (indices[index]?.length ?? 0) : keys.length;
      if (count > 0) onUse(subgraph, facts.type, outcome, count, this.#request.client.operation);
    }
  }

  /** @param isPartial whether some entities are cached */
  #fetch(missing: Indices, isPartial: boolean): void {
    const askedAt = this.#cache.now();
    if (this.#fresh) this.#cache.events?.add(this.#fresh, askedAt);
    const request = isPartial ? { ...this.#request, ...this.#parts.write(missing) } : this.#request;
    this.#cache.source.send(request, (response) => this.#receive(response, missing, isPartial, askedAt));
  }

  #receive(response: SubgraphResponse, missing: Indices, isPartial: boolean, askedAt: number): void {
    // the objects of a parsed response belong to the execution, which changes them
    const text = textOf(response);
    const divided = text === undefined ? undefined : divideResponse(text, this.#keyed, missing.map(lengthOf));
    if (hasFailed(response, divided, text) && this.#mayFallBack(missing))
      return this.#serve('stale-if-error', this.#cache.now());
    if (divided === undefined || text === undefined || response.kind === 'failure') return this.#passOn(response);
    const { options } = this.#cache;
    const { client } = this.#request;
    this.#cache.invalidateNamed(divided.extensions);
    const said = saidBySource(response, client.headers, options.forward?.(client));
    if (options.recordsFreshness && said.freshness) client.freshness?.record(said.freshness);
    if (said.isUnique) client.freshness?.record(FOR_ONE_CLIENT);
    client.freshness?.limit(options.lifetime?.ttlMs);
    const store = () => this.#store({ response, divided, said, kept: missing, askedAt });
    // the tags, and how long values that are null may be cached, must be there before the execution ends
    const isEarly = client.cacheTags !== undefined || options.lifetime?.negativeTtlMs !== undefined;
    if (isEarly && store()) this.#limitByNull();
    if (options.lifetime !== undefined) this.#count('miss', missing);
    if (!isPartial) this.#request.trace?.note('response cache: miss');
    this.#done(isPartial ? this.#completed(response, divided, missing) : this.#recorded(response, text, missing));
    if (!isEarly) store();
  }

  /** Responds with what cannot be cached. */
  #passOn(response: SubgraphResponse): void {
    const { cacheTags } = this.#request.client;
    if (cacheTags) addPlannedTags(cacheTags, this.#parts, this.#cache.options.facts);
    this.#done(response);
  }

  /** Values that are null are not cached without a time of their own, nor is a whole response with one. */
  #limitByNull(): void {
    const { freshness, cacheTags } = this.#request.client;
    const { lifetime } = this.#cache.options;
    if (lifetime?.negativeTtlMs !== undefined) freshness?.limit(lifetime.negativeTtlMs);
    else if (lifetime !== undefined && cacheTags) cacheTags.hasUncachedNull = true;
  }

  /** Whether there are entries for all that is missing that may be used where the source fails. */
  #mayFallBack(missing: Indices): boolean {
    const now = this.#cache.now();
    return missing.every((indices, part) =>
      indices.every((index) => {
        const entry = this.#entries[part]?.[index];
        return entry !== undefined && stateOf(entry, now) !== undefined;
      }),
    );
  }

  /** Returns a response with what it lacks from the cache. */
  #completed(response: CompleteResponse, divided: DividedResponse, fetched: Indices): SubgraphResponse {
    const now = this.#cache.now();
    const used: CacheEntry[] = [];
    const values = this.#entries.map((entries, part) => {
      const own = fetched[part] ?? [];
      let next = 0;
      return entries.flatMap((entry, index) => {
        if (own[next] !== index) {
          used.push(entry as CacheEntry);
          return [(entry as CacheEntry).text];
        }
        return divided.values[part]?.[next++] ?? [];
      });
    });
    const errors = movedErrors(divided.errors, this.#keyed, fetched);
    const text = composeResponse(this.#keyed, values, { errors, extensions: divided.extensions });
    const facts = factsOf(used);
    this.#count(
      'partial',
      fetched.map(({ length }, part) => new Array((this.#entries[part]?.length ?? 0) - length)),
    );
    const { client } = this.#request;
    client.freshness?.record({
      maxAgeMs: this.#msLeft(facts, now),
      isPrivate: facts.isPrivate,
      noStore: false,
    });
    if (client.cacheTags) for (const { tags } of used) client.cacheTags.add(tags);
    const { failed, retryAfter, headers, status } = response;
    const mayHaveLongNumbers =
      facts.mayHaveLongNumbers || response.kind === 'parsed' || response.mayHaveLongNumbers !== false;
    const count = fetched.reduce((sum, { length }) => sum + length, 0);
    const cache = { outcome: 'partial', cached: used.length, fetched: count, age: ageOfOldest(used, now) } as const;
    this.#request.trace?.note(`response cache: ${used.length} cached, ${count} fetched`);
    const { freshness } = response;
    const same = { failed, retryAfter, headers, status, freshness };
    return { ...same, kind: 'text', text, mayHaveLongNumbers, cache, madeFrom: response.madeFrom ?? response };
  }

  /** Returns the response itself, or one that says what came from the cache where that is recorded. */
  #recorded(response: CompleteResponse, text: string, fetched: Indices): SubgraphResponse {
    if (this.#request.client.record === undefined || this.#cache.options.lifetime === undefined) return response;
    const count = fetched.reduce((sum, { length }) => sum + length, 0);
    const cache = { outcome: 'miss', cached: 0, fetched: count } as const;
    const madeFrom = response.madeFrom ?? response;
    return response.kind === 'text' ? { ...response, text, cache, madeFrom } : { ...response, cache, madeFrom };
  }

  /**
   * Stores the values of a response without errors.
   * @returns whether one of them is null
   */
  #store(
    received: Pick<NewResponse, 'response' | 'divided' | 'said' | 'kept' | 'askedAt'>,
    moment = this.#moment,
  ): boolean {
    const { client } = this.#request;
    const { options, random } = this.#cache;
    const hasErrors = received.divided.errors !== undefined;
    if (hasErrors && received.response.tagCached === undefined) return false;
    const tookMs = Math.max(0, this.#cache.now() - received.askedAt);
    const given = { ...received, parts: this.#parts, keyed: this.#keyed, tookMs };
    try {
      const { entries: cached, tags, uncached, hasNull } = newEntries(given, { ...options, random });
      const all = uncached.length > 0 ? [...cached, ...this.#ended(uncached, received.askedAt)] : cached;
      const { events } = this.#cache;
      const isOfEvent = this.#fresh !== undefined;
      const entries = events ? all.filter(([key, entry]) => !events.mayBeOlder(key, entry, isOfEvent)) : all;
      received.response.tagCached?.(tags, moment);
      if (hasErrors) return false;
      client.cacheTags?.add(tags);
      if (entries.length > 0) void options.store.set(entries, moment);
      return hasNull;
    } catch (error) {
      // what is not JSON, or too deep, is reported by the executor
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      return false;
    }
  }

  /** Returns what takes the place of old entries whose new values may not be cached: they must not be used after these. */
  #ended(keys: readonly string[], askedAt: number): KeyedEntry[] {
    return this.#keyed.flatMap((part, index) =>
      part.keys.flatMap((key, slot): KeyedEntry[] => {
        const older = this.#entries[index]?.[slot];
        return older !== undefined && keys.includes(key) ? [[key, endedEntry(older, askedAt)]] : [];
      }),
    );
  }

  /** Fetches entries again in the background: each in one process at a time, and once. */
  #refresh(old: Indices): void {
    const { refreshing, options } = this.#cache;
    const kept = old.map((indices, part) => indices.filter((index) => !refreshing.has(this.#keyOf(part, index))));
    const versions = kept.flatMap((indices, part) =>
      indices.map((index): Versioned => [this.#keyOf(part, index), this.#entries[part]?.[index] as CacheEntry]),
    );
    if (versions.length === 0) return;
    for (const [key] of versions) refreshing.add(key);
    const end = () => {
      for (const [key] of versions) refreshing.delete(key);
    };
    const send = ({ isClaimed, moment }: Claim) => {
      let next = 0;
      this.#sendRefresh(
        kept.map((indices) => indices.filter(() => isClaimed[next++])),
        moment,
        end,
      );
    };
    const claim = options.store.claim(versions, REFRESH_MS);
    if (claim instanceof Promise) void claim.then(send);
    else send(claim);
  }

  #sendRefresh(kept: Indices, moment: Moment, end: () => void): void {
    if (kept.every(({ length }) => length === 0)) return end();
    const [part] = this.#keyed;
    const isWhole = part?.lookup === undefined && part?.rootKey === undefined;
    const body = isWhole ? {} : this.#parts.write(kept);
    // it must not end with the client, and what it learns is for later clients
    const { signal, freshness, record, cacheTags, deadline, returned, ...client } = this.#request.client;
    const { signal: own, memory, deadline: until, parts, trace, event, ...request } = this.#request;
    const askedAt = this.#cache.now();
    this.#cache.source.send({ ...request, ...body, client }, (response) => {
      end();
      this.#receiveRefreshed(response, kept, askedAt, moment);
    });
  }

  #receiveRefreshed(response: SubgraphResponse, kept: Indices, askedAt: number, moment: Moment): void {
    const text = textOf(response);
    const divided = text === undefined ? undefined : divideResponse(text, this.#keyed, kept.map(lengthOf));
    if (divided === undefined || response.kind === 'failure') return;
    this.#cache.invalidateNamed(divided.extensions);
    const { client } = this.#request;
    const said = saidBySource(response, client.headers, this.#cache.options.forward?.(client));
    this.#store({ response, divided, said, kept, askedAt }, moment);
  }

  #keyOf(part: number, index: number): string {
    return this.#keyed[part]?.keys[index] as string;
  }
}

/** Returns how an entry can be used: not longer than is allowed now, whatever schema and config it was stored with. */
function stateWithin(mostMs: number, entry: CacheEntry, now: number): EntryState | undefined {
  const end = entry.storedAt + mostMs;
  return entry.freshUntil > end && now >= end ? undefined : stateOf(entry, now);
}

function ageOfOldest(entries: readonly CacheEntry[], now: number): number | undefined {
  const ages = entries.map((entry) => ageOf(entry, now));
  return ages.length === 0 ? undefined : Math.max(...ages);
}

function lengthOf({ length }: { readonly length: number }): number {
  return length;
}
