import { type CacheStore, type Claim, REFRESH_MS } from '../../cache/cache-store.ts';
import type { CacheEntry } from '../../cache/entry.ts';
import { entityTag, keyOfField, NO_SUBGRAPH, namedTag } from '../../cache/tags.ts';
import type { ResponseStore, StoredResponse } from './stored-response.ts';

/** Creates a store of endpoint responses in the response cache, under keys and tags of their own. */
export function createEndpointStore(store: CacheStore): ResponseStore {
  // the body of an entry in memory is encoded once, and its compressed forms are kept with it
  const known = new WeakMap<CacheEntry, StoredResponse>();
  const responseOf = (entry: CacheEntry | undefined) => {
    if (entry === undefined) return undefined;
    const stored = known.get(entry) ?? readEntry(entry);
    known.set(entry, stored);
    return stored;
  };
  return {
    get(key) {
      const found = store.get([keyOf(key)]);
      if (found instanceof Promise) return found.then(({ entries }) => responseOf(entries[0]));
      return responseOf(found.entries[0]);
    },
    begin: () => store.moment(),
    claim(key, stored) {
      const read = ({ isClaimed }: Claim) => isClaimed[0] === true;
      const claim = store.claim([[keyOf(key), stored]], REFRESH_MS);
      return claim instanceof Promise ? claim.then(read) : read(claim);
    },
    set: (key, stored, moment) => store.set([[keyOf(key), entryOf(stored)]], moment),
    purge: (tags) => store.invalidate(tags.flatMap(tagsOf)),
  };
}

function keyOf(key: string): string {
  return `endpoint ${key}`;
}

function entryOf({ response, tags, dependencies, ...times }: StoredResponse): CacheEntry {
  const { status, headers, etag, body } = response;
  return {
    ...times,
    text: body.toString('utf8'),
    isPrivate: false,
    tags: allTags(tags, dependencies),
    mayHaveLongNumbers: true,
    head: { status, headers: { ...headers, etag } },
  };
}

/**
 * Returns the tags in the response cache.
 * @param tags those of an endpoint
 */
export function allTags(tags: readonly string[], dependencies: Iterable<string>): string[] {
  return [...new Set([...tags.flatMap(tagsOf), ...dependencies])];
}

/** The tags that it was stored with are only needed to store it. */
function readEntry({ text, head, storedAt, tookMs, freshUntil, staleUntil, errorUntil }: CacheEntry): StoredResponse {
  const { etag = '', ...headers } = head?.headers ?? {};
  const body = Buffer.from(text);
  const response = { status: head?.status ?? 200, headers, etag, body, encodedBodies: new Map() };
  return { response, storedAt, tookMs, freshUntil, staleUntil, errorUntil, tags: [], dependencies: [] };
}

/** Returns the tags in the response cache for a tag of an endpoint: `Product:p7` is an entity, and anything else a tag. */
function tagsOf(tag: string): string[] {
  const [, type, key] = /^([_A-Za-z]\w*):(.+)$/s.exec(tag) ?? [];
  const named = namedTag(NO_SUBGRAPH, tag);
  return type === undefined || key === undefined
    ? [named]
    : [entityTag(NO_SUBGRAPH, type, keyOfField('id', key)), named];
}
