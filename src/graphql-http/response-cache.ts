import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  type CacheStore,
  type Claim,
  type Found,
  type KeyedEntry,
  type Moment,
  REFRESH_MS,
} from '../cache/cache-store.ts';
import { ageOf, type CacheEntry, isDue, stateOf } from '../cache/entry.ts';
import { type TagHeader, tagHeaderOf } from '../cache/tags.ts';
import { sharedKey } from '../client/dependency-keys.ts';
import { type DependsOn, identifiesClient, type Requester, withReads } from '../client/depends-on.ts';
import { forbidsSharing, wantsReload } from '../client/sharing.ts';
import { TagCollector } from '../client/tag-collector.ts';
import { etagOf } from '../http/conditional.ts';
import { negotiateMediaType } from '../http/media-type.ts';
import type { RequestContext } from '../http/request-context.ts';
import { type HttpResponse, writable } from '../http/response.ts';
import type { Engine } from '../pipeline/engine.ts';
import type { SingleResult } from '../pipeline/execution-result.ts';
import type { PersistedDocuments } from '../policy/persisted/persisted-documents.ts';
import type { CsrfCheck } from '../policy/requests/csrf.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import { steadyNow } from '../shared/steady-clock.ts';

/** What the cache of whole responses shares with that of subgraphs. */
export interface ResponseCacheSettings {
  readonly store: CacheStore;
  /** The header that tells a CDN the tags of a response. */
  readonly tagHeader: TagHeader | undefined;
  /** The most by which times are shortened at random, as a share, so that not all expires together. */
  readonly jitter: number;
  /** @param label set for hits */
  readonly onLookUp?: ((outcome: 'hit' | 'miss', label: OperationLabel | undefined) => void) | undefined;
  readonly now?: (() => number) | undefined;
  readonly random?: (() => number) | undefined;
}

export interface ResponseCacheOptions extends ResponseCacheSettings {
  readonly engine: (client: RequestContext['client']) => Engine | undefined;
  readonly contract: string | undefined;
  /** Returns whether a GET is safe from CSRF. By default all are. */
  readonly csrf?: CsrfCheck | undefined;
  readonly documents?: Pick<PersistedDocuments, 'revision'> | undefined;
}

/** What is known of the responses to one URL. */
interface KnownUrl {
  readonly dependsOn: DependsOn;
  readonly label: OperationLabel | undefined;
  /** The schema, and the list of persisted documents. */
  readonly served: string;
  /** The last key of a request, and what it was computed from. */
  last?: { readonly from: string; readonly key: ResponseKey } | undefined;
}

/** The key of a response; empty where it is not known yet. */
interface ResponseKey {
  readonly keys: readonly string[];
  readonly label: OperationLabel | undefined;
}

/** What identifies an engine with one list of persisted documents. */
interface ServedBy {
  readonly revision: string;
  readonly id: string;
}

const NOT_KNOWN: ResponseKey = { keys: [], label: undefined };

/** The response of an entry at an age. */
interface AgedResponse {
  readonly age: number;
  readonly response: HttpResponse;
}

/** Characters of URLs that are remembered. */
const MOST_CHARACTERS = 4 * 2 ** 20;
const LONGEST_URL = 8_192;
/** What clients can make longer is not remembered for each URL. */
const LONGEST_REMEMBERED = 500;

/**
 * Caches whole responses to GET /graphql that are the same for all clients with the same headers. Which headers these are is known
 * after the first response to a URL, so each process executes its first request itself.
 */
export class ResponseCache {
  readonly #options: ResponseCacheOptions;
  readonly #now: () => number;
  readonly #known = new LRUCache<string, KnownUrl>({
    maxSize: MOST_CHARACTERS,
    maxEntrySize: LONGEST_URL,
    sizeCalculation: (_, url) => 256 + url.length,
  });
  readonly #served = new WeakMap<Engine, ServedBy>();
  /** What was served when a request came, and when that was. */
  readonly #begun = new WeakMap<TagCollector, { readonly served: string | undefined; readonly at: number }>();
  /** Entries that this process has tried to refresh before they expire. */
  readonly #refreshed = new WeakSet<CacheEntry>();
  readonly #responses = new WeakMap<CacheEntry, AgedResponse>();

  constructor(options: ResponseCacheOptions) {
    this.#options = options;
    this.#now = options.now ?? steadyNow;
  }

  /**
   * Looks up the response to a request.
   * @returns `undefined` where it has to be executed: then {@link store} may cache its result
   */
  find(context: RequestContext): HttpResponse | undefined | Promise<HttpResponse | undefined> {
    const key = this.#keyOf(context);
    if (key === undefined) return undefined;
    // a client that sends `no-cache` gets a new response, which is cached for others
    const isReload = wantsReload(context.req.headers);
    const { store } = this.#options;
    if (isReload || key.keys.length === 0) {
      const moment = store.moment();
      if (moment instanceof Promise) return moment.then((one) => this.#miss(context, one));
      return this.#miss(context, moment);
    }
    const found = store.get(key.keys);
    return found instanceof Promise
      ? found.then((one) => this.#use(context, one, key))
      : this.#use(context, found, key);
  }

  #use(
    context: RequestContext,
    { entries, moment }: Found,
    { keys, label }: ResponseKey,
  ): HttpResponse | undefined | Promise<HttpResponse | undefined> {
    const [entry] = entries;
    const now = this.#now();
    if (entry === undefined || stateOf(entry, now) !== 'fresh') return this.#miss(context, moment);
    const { random = Math.random, store } = this.#options;
    const [key = ''] = keys;
    if (entry.tookMs === 0 || this.#refreshed.has(entry) || !isDue(entry, now, random()))
      return this.#hit(context, entry, label, now);
    // one of its users executes its request although the response is fresh, so that it need not expire
    this.#refreshed.add(entry);
    const use = ({ isClaimed, moment: since }: Claim) =>
      isClaimed[0] ? this.#miss(context, since) : this.#hit(context, entry, label, now);
    const claim = store.claim([[key, entry]], REFRESH_MS);
    return claim instanceof Promise ? claim.then(use) : use(claim);
  }

  #hit(context: RequestContext, entry: CacheEntry, label: OperationLabel | undefined, now: number): HttpResponse {
    this.#options.onLookUp?.('hit', label);
    context.operation = label;
    if (context.record) context.record.responseCache = 'hit';
    return this.#responseOf(entry, ageOf(entry, now));
  }

  #miss(context: RequestContext, moment: Moment): undefined {
    this.#options.onLookUp?.('miss', undefined);
    const cacheTags = new TagCollector(moment);
    this.#begun.set(cacheTags, { served: this.#servedTo(context), at: this.#now() });
    context.client = { ...context.client, cacheTags };
  }

  /** All requests within a second get the same response. Its body is encoded once. */
  #responseOf(entry: CacheEntry, age: number): HttpResponse {
    const last = this.#responses.get(entry);
    if (last?.age === age) return last.response;
    const { body, reused } = last?.response ?? { body: writable(entry.text) };
    const { status = 200, headers = {} } = entry.head ?? {};
    const own = { age: String(age), 'cache-status': HIT, 'content-length': Buffer.byteLength(body) };
    const encoded = reused?.encoded ?? new Map();
    const response = { status, headers: { ...headers, ...own }, body, reused: { encoded } };
    this.#responses.set(entry, { age, response });
    return response;
  }

  /**
   * Caches the response of a result, if it may be.
   * @param caching the headers for caches, as they were computed for the client
   * @returns the response with the headers that a response from the cache would have
   */
  store(
    context: RequestContext,
    { cachePolicy, dependsOn, operation: label, errors }: SingleResult,
    response: HttpResponse,
    caching: Readonly<Record<string, string>> | undefined,
  ): HttpResponse {
    const collected = cachePolicy?.collected;
    const served = this.#servedTo(context);
    if (collected === undefined || cachePolicy === undefined || dependsOn === undefined || served === undefined)
      return response;
    if (errors.length > 0 || response.status !== 200 || !caching?.['cache-control']?.startsWith('public'))
      return response;
    const body = String(response.body);
    const tags = [...collected.tags];
    const headers: Record<string, string> = {
      ...caching,
      'content-type': String(response.headers['content-type']),
      etag: etagOf(body),
      ...tagHeaderOf(tags, this.#options.tagHeader),
    };
    const made = { ...response, headers: { ...response.headers, ...headers } };
    // the schema, or the list of persisted documents, may have changed meanwhile
    const begun = this.#begun.get(collected);
    if (collected.isIncomplete || collected.hasUncachedNull || begun?.served !== served) return made;
    const now = this.#now();
    const { url = '' } = context.req;
    const before = this.#known.get(url);
    const all = withReads(
      withReads(dependsOn, context.reads),
      before?.served === served ? before.dependsOn : dependsOn,
    );
    if (all.isUndeclared || all.isGuarded) return made;
    const requester = requesterOf(context);
    if (cachePolicy.scope !== 'public' && identifiesClient(requester, all)) return made;
    this.#known.set(url, { dependsOn: all, label, served });
    const key = this.#keyOf(context);
    const { jitter, random = Math.random } = this.#options;
    const freshUntil = now + cachePolicy.maxAgeMs * (1 - jitter * random());
    const entry: CacheEntry = {
      ...{ text: body, storedAt: now, tookMs: Math.max(0, now - begun.at) },
      ...{ freshUntil, staleUntil: freshUntil, errorUntil: freshUntil },
      ...{ isPrivate: false, tags, mayHaveLongNumbers: true, head: { status: 200, headers } },
    };
    const entries = key?.keys.map((name): KeyedEntry => [name, entry]) ?? [];
    if (entries.length > 0) void this.#options.store.set(entries, collected.moment);
    return made;
  }

  /** Returns the key of a request; `undefined` where it must be executed, and its response is not cached. */
  #keyOf(context: RequestContext): ResponseKey | undefined {
    const { req, plugins, debug } = context;
    const { headers } = req;
    if (req.method !== 'GET' || plugins?.hasPlugins || debug !== undefined) return undefined;
    if (this.#options.csrf?.(headers) === false) return undefined;
    if (forbidsSharing(headers)) return undefined;
    const type = negotiateMediaType(headers.accept);
    const served = this.#servedTo(context);
    if (type === undefined || served === undefined) return undefined;
    const { url = '' } = req;
    const known = this.#known.get(url);
    if (known?.served !== served) return NOT_KNOWN;
    const requester = requesterOf(context);
    // what is declared to be the same for all is kept apart for those that identify themselves, who may get nothing else
    const isIdentified = identifiesClient(requester, known.dependsOn);
    const dependencies = sharedKey(requester, known.dependsOn);
    const from = `${type}\n${isIdentified}\n${dependencies}`;
    if (known.last?.from === from) return known.last.key;
    const text = JSON.stringify([served, `${this.#options.contract ?? ''} ${url}`, from]);
    const key = { keys: [`response ${hash('sha256', text, 'base64url')}`], label: known.label };
    if (from.length <= LONGEST_REMEMBERED) known.last = { from, key };
    return key;
  }

  /**
   * Returns what identifies the schema and the list of persisted documents for a client, in all processes. When one of them changes, the next
   * request to each URL is executed, so that one that is not allowed any more is refused.
   */
  #servedTo({ client }: RequestContext): string | undefined {
    const { engine: engineOf, documents } = this.#options;
    const engine = engineOf(client);
    if (engine === undefined) return undefined;
    const revision = documents?.revision ?? '';
    const known = this.#served.get(engine);
    if (known?.revision === revision) return known.id;
    const id = hash('sha256', `${revision}\n${engine.supergraph.sdl}`, 'base64url');
    this.#served.set(engine, { revision, id });
    return id;
  }
}

function requesterOf({ client, req }: RequestContext): Requester {
  return { clientInfo: client, headers: req.headers };
}

/** @see https://www.rfc-editor.org/rfc/rfc9211 */
const HIT = 'headgate; hit';
