import type { InvalidationRequest } from './invalidator.ts';

/** The most levels of objects and lists in a key. */
const MOST_LEVELS = 20;

type Given = Readonly<Record<string, unknown>>;

/** The most requests in one body. */
const MOST_REQUESTS = 1_000;

/**
 * Reads the body of the invalidation API: a list of requests, or one.
 * @returns what is wrong, and what was expected, as a text
 */
export function readInvalidations(body: unknown): readonly InvalidationRequest[] | string {
  const list: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (list.length === 0) return 'The list is empty; expected at least one request.';
  if (list.length > MOST_REQUESTS) return `The list has ${list.length} requests; expected at most ${MOST_REQUESTS}.`;
  const requests: InvalidationRequest[] = [];
  for (const [index, item] of list.entries()) {
    const request = readOne(item);
    if (typeof request === 'string') return Array.isArray(body) ? `Request ${index}: ${request}` : request;
    requests.push(request);
  }
  return requests;
}

function readOne(item: unknown): InvalidationRequest | string {
  if (!isRecord(item)) return 'expected an object such as {"kind": "subgraph", "subgraph": "products"}.';
  const { kind, subgraph, type, key, subgraphs, cache_tag: tag } = item;
  switch (kind) {
    case 'subgraph':
      return isName(subgraph) ? { kind, subgraph } : missing(kind, 'subgraph', 'a name');
    case 'type':
      if (!isName(subgraph)) return missing(kind, 'subgraph', 'a name');
      return isName(type) ? { kind, subgraph, type } : missing(kind, 'type', 'a name');
    case 'entity':
      if (!isName(type)) return missing(kind, 'type', 'a name');
      if (subgraph !== undefined && !isName(subgraph)) return missing(kind, 'subgraph', 'a name');
      if (!isName(key) && !(isRecord(key) && Object.keys(key).length > 0))
        return missing(kind, 'key', 'an object such as {"id": "7"}');
      if (!isWithin(MOST_LEVELS, key))
        return `"key" has more than ${MOST_LEVELS} levels; no key of an entity has so many.`;
      return { kind, subgraph, type, key };
    case 'cache_tag':
      if (!isName(tag)) return missing(kind, 'cache_tag', 'a tag');
      if (subgraphs !== undefined && !(Array.isArray(subgraphs) && subgraphs.every(isName)))
        return missing(kind, 'subgraphs', 'a list of names');
      return { kind, subgraphs, cache_tag: tag };
    default:
      return `the kind is ${JSON.stringify(kind) ?? 'missing'}; expected "subgraph", "type", "entity" or "cache_tag".`;
  }
}

function missing(kind: string, member: string, expected: string): string {
  return `a request of kind "${kind}" needs "${member}": ${expected}.`;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isWithin(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isWithin(levels - 1, inner));
}

function isRecord(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
