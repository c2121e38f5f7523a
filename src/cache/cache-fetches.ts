import { forbidsSharing } from '../client/sharing.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import type { CacheUse } from '../shared/request-record.ts';
import { steadyNow } from '../shared/steady-clock.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import type { CacheStore, Found, Moment } from './cache-store.ts';
import { CachedFetch } from './cached-fetch.ts';
import { EventLog } from './event-log.ts';
import { type KeyOptions, keyedParts } from './fetch-keys.ts';
import type { LifetimeSettings } from './lifetime.ts';
import { FOR_ONE_CLIENT, saidBySource } from './lifetime.ts';
import { invalidatedIn } from './new-entries.ts';
import { addPlannedTags } from './planned-tags.ts';
import { refusedFields } from './refused-fields.ts';
import { membersOf, textAt } from './response-text.ts';

export type Done = (response: SubgraphResponse) => void;

/**
 * Counts values.
 * @param type the type of the entities, or of the root
 */
export type CountUse = (
  subgraph: string,
  type: string,
  outcome: CacheUse['outcome'],
  count: number,
  operation: OperationLabel | undefined,
) => void;

export interface FetchCacheOptions extends KeyOptions {
  readonly subgraph: string;
  readonly store: CacheStore;
  /** `undefined`: nothing is cached. The tags of values are collected, and mutations invalidate. */
  readonly lifetime: LifetimeSettings | undefined;
  /** Invalidates by tags of the schema or of sources, in all processes. */
  readonly invalidate: (names: readonly string[]) => unknown;
  /** Whether no other layer records how long clients may cache a response. */
  readonly recordsFreshness: boolean;
  /** Whether mutations invalidate before they are sent, and again after it. */
  readonly invalidatesFirst?: boolean | undefined;
  readonly onUse?: CountUse | undefined;
  readonly now?: (() => number) | undefined;
  readonly random?: (() => number) | undefined;
}

/** Caches the root fields and the entities of one subgraph: only what is missing is fetched. Mutations invalidate. */
export function cacheFetches(source: Source, options: FetchCacheOptions): Source {
  const cache = new FetchCache(source, options);
  return {
    name: source.name,
    send: (request, done) => cache.send(request, done),
    subscribe:
      source.subscribe && ((request, sink) => (source.subscribe as NonNullable<Source['subscribe']>)(request, sink)),
    subscriptionKey: source.subscriptionKey?.bind(source),
    resumes: source.resumes?.bind(source),
    close: () => source.close(),
  };
}

/** What the fetches of one subgraph share. */
export class FetchCache {
  readonly source: Source;
  readonly options: FetchCacheOptions;
  readonly now: () => number;
  readonly random: () => number;
  /** The keys that this process is refreshing. */
  readonly refreshing = new Set<string>();
  /** What was fetched for events; `undefined` until there is something. */
  events: EventLog | undefined;

  constructor(source: Source, options: FetchCacheOptions) {
    this.source = source;
    this.options = options;
    this.now = options.now ?? steadyNow;
    this.random = options.random ?? Math.random;
  }

  send(request: SourceRequest, done: Done): void {
    const { parts, isRewritten, operationType, client } = request;
    if (operationType === 'subscription') return this.source.send(request, done);
    if (operationType === 'mutation') return this.#beginMutation(request, done);
    // without parts, it is unknown what the response is made of
    if (parts === undefined || isRewritten) return this.#pass(request, done);
    // the tries of one client may differ from those of another
    const isUnusual = client.plugins?.separatesTries === true || forbidsSharing(client.headers);
    const keyed = isUnusual ? undefined : keyedParts(request, parts, this.options);
    if (keyed === undefined || (this.options.lifetime === undefined && client.cacheTags === undefined))
      return this.#pass(request, done);
    if (request.event) this.events ??= new EventLog();
    const fetch = new CachedFetch(this, request, parts, keyed, done);
    if (this.options.lifetime === undefined) return fetch.start(NOTHING_FOUND);
    const found = this.options.store.get(keyed.flatMap(({ keys }) => keys));
    if (found instanceof Promise) void found.then((all) => fetch.start(all));
    else fetch.start(found);
  }

  /** Sends a fetch that is not cached. A whole response with it cannot be cached either, but that of an endpoint may be. */
  #pass(request: SourceRequest, done: Done): void {
    const { cacheTags, freshness } = request.client;
    if (cacheTags) addPlannedTags(cacheTags, request.parts, this.options.facts);
    freshness?.limit(this.options.lifetime?.ttlMs);
    this.source.send(request, (response) => {
      if (freshness && this.options.lifetime && response.kind !== 'failure') this.#record(request, response);
      const ended = this.#invalidateBy(response);
      if (ended instanceof Promise) void ended.then(() => done(response));
      else done(response);
    });
  }

  /** Records how long a response may be cached by clients, as its source says, as for those that are cached. */
  #record({ client }: SourceRequest, response: Exclude<SubgraphResponse, { kind: 'failure' }>): void {
    const { freshness, isUnique } = saidBySource(response, client.headers, this.options.forward?.(client));
    if (freshness && this.options.recordsFreshness) client.freshness?.record(freshness);
    if (isUnique) client.freshness?.record(FOR_ONE_CLIENT);
  }

  #beginMutation(request: SourceRequest, done: Done): void {
    const { invalidatesFirst, facts, invalidate } = this.options;
    const tags = invalidatesFirst && request.parts ? facts.invalidatedBy(request.parts, () => false) : [];
    const ended = tags.length > 0 ? invalidate(tags) : undefined;
    if (ended instanceof Promise) void ended.then(() => this.#mutate(request, done));
    else this.#mutate(request, done);
  }

  /**
   * Invalidates what a mutation changes before its client has the response: not for fields that were refused, and also where there
   * is no response, since it may have run.
   */
  #mutate(request: SourceRequest, done: Done): void {
    const { parts } = request;
    this.source.send(request, (response) => {
      const isRefused = refusedFields(response);
      const tags = parts ? this.options.facts.invalidatedBy(parts, isRefused) : [];
      const keys = [...(parts?.planned.root?.node.fields.keys() ?? [])];
      const hasRun = keys.length === 0 || !keys.every(isRefused);
      const ended = this.#invalidateBy(response, tags, hasRun ? request : undefined);
      if (ended instanceof Promise) void ended.then(() => done(response));
      else done(response);
    });
  }

  /** @param mutation set for a mutation: tags in headers of its response are what it has changed */
  #invalidateBy(response: SubgraphResponse, tags: readonly string[] = [], mutation?: SourceRequest): unknown {
    const named = mutation && response.kind !== 'failure' ? saidBySource(response, {}, undefined).tags : [];
    const all = [...tags, ...named, ...invalidatedIn(extensionsOf(response))];
    return all.length === 0 ? undefined : this.options.invalidate(all);
  }

  /** Invalidates what the extensions of a response name. Errors are the store's own affair. */
  invalidateNamed(extensions: string | undefined): void {
    const names = invalidatedIn(extensions);
    if (names.length > 0) void this.options.invalidate(names);
  }
}

const NO_MOMENT: Moment = { local: 0 };
const NOTHING_FOUND: Found = { entries: [], moment: NO_MOMENT };

/** Returns the extensions of a response as JSON; looks for them only where there is something to read. */
function extensionsOf(response: SubgraphResponse): string | undefined {
  if (response.kind === 'failure') return undefined;
  if (response.kind === 'parsed') {
    const { extensions } = (response.result ?? {}) as { readonly extensions?: unknown };
    return extensions === undefined ? undefined : stringifyJson(extensions);
  }
  if (!response.text.includes('"invalidate"')) return undefined;
  const span = membersOf(response.text)?.get('extensions');
  return span && textAt(response.text, span);
}
