import { parseJson } from '../shared/exact-json.ts';
import type { FetchParts, SubgraphResponse } from '../sources/source.ts';
import type { KeyedEntry } from './cache-store.ts';
import { type DividedResponse, jsonOf } from './compose-response.ts';
import type { FetchFacts } from './fetch-facts.ts';
import { type KeyedPart, NO_KEY } from './fetch-keys.ts';
import { type Lifetime, type LifetimeSettings, lifetimeOf, type SaidBySource } from './lifetime.ts';
import { namedTag } from './tags.ts';

/** A response whose values may be cached. */
export interface NewResponse {
  readonly parts: FetchParts;
  readonly keyed: readonly KeyedPart[];
  /** For each part, the indices of the entities in the response. */
  readonly kept: readonly (readonly number[])[];
  readonly response: Exclude<SubgraphResponse, { kind: 'failure' }>;
  readonly divided: DividedResponse;
  readonly said: SaidBySource;
  /** When the source was asked, and how long it took. */
  readonly askedAt: number;
  readonly tookMs: number;
}

export interface NewEntriesOptions {
  readonly subgraph: string;
  readonly facts: FetchFacts;
  /** `undefined`: only the tags are needed. */
  readonly lifetime: LifetimeSettings | undefined;
  readonly random: () => number;
}

/** What a response gives to the cache. */
export interface NewEntries {
  readonly entries: readonly KeyedEntry[];
  /** The tags of all values, also of those that are not cached. */
  readonly tags: ReadonlySet<string>;
  /** The keys of values that may not be cached. */
  readonly uncached: readonly string[];
  /** Whether one of the values is null. */
  readonly hasNull: boolean;
}

/** Returns the entries to store for a response, and the tags of its values. Throws `SyntaxError` for what is not JSON. */
export function newEntries(given: NewResponse, options: NewEntriesOptions): NewEntries {
  const entries: KeyedEntry[] = [];
  const uncached: string[] = [];
  const all = new Set<string>();
  const extensions = readExtensions(given.divided.extensions);
  const common = given.said.tags.map((tag) => namedTag(options.subgraph, tag));
  let entity = 0;
  let hasNull = false;
  for (const [index, part] of given.keyed.entries()) {
    for (const [at, text] of (given.divided.values[index] ?? []).entries()) {
      const slot = given.kept[index]?.[at] ?? 0;
      const value = inGraphNames(parseJson(text), given.parts.graphTypes);
      const named = part.lookup ? extensions.ofEntities[entity++] : extensions.ofRoot;
      const own = (named ?? []).map((tag) => namedTag(options.subgraph, tag));
      const tags = [...tagsOf(part, slot, value, given.parts, options.facts), ...common, ...own];
      for (const tag of tags) all.add(tag);
      const isNull = isNullValue(value, part);
      hasNull ||= isNull;
      const lifetime = lifetimeFor(part, isNull, given.said, options);
      const key = part.keys[slot];
      if (key === undefined || key === NO_KEY) continue;
      if (lifetime === undefined) uncached.push(key);
      else entries.push([key, entryOf(given, part, text, tags, lifetime, options)]);
    }
  }
  return { entries, tags: all, uncached, hasNull };
}

function entryOf(
  { response, askedAt, tookMs, said }: NewResponse,
  { isPrivate }: KeyedPart,
  text: string,
  tags: readonly string[],
  { freshMs, staleWhileRevalidateMs, staleIfErrorMs }: Lifetime,
  { lifetime, random }: NewEntriesOptions,
) {
  const freshUntil = askedAt + freshMs * (1 - (lifetime?.jitter ?? 0) * random());
  const staleUntil = freshUntil + staleWhileRevalidateMs;
  return {
    text,
    storedAt: askedAt,
    tookMs,
    freshUntil,
    staleUntil,
    errorUntil: Math.max(staleUntil, freshUntil + staleIfErrorMs),
    isPrivate: isPrivate || said.freshness?.isPrivate === true,
    tags,
    mayHaveLongNumbers: response.kind === 'parsed' || response.mayHaveLongNumbers !== false,
  };
}

/** Gives the types in a value the names of the graph, which tags have. */
function inGraphNames(value: unknown, graphTypes: FetchParts['graphTypes']): unknown {
  if (graphTypes === undefined || graphTypes.size === 0 || typeof value !== 'object' || value === null) return value;
  for (const item of Object.values(value)) inGraphNames(item, graphTypes);
  const object = value as Record<string, unknown>;
  const { __typename: type } = object;
  if (typeof type === 'string') object.__typename = graphTypes.get(type) ?? type;
  return value;
}

/** A private value is stored only under the key of a client. */
function lifetimeFor(
  part: KeyedPart,
  isNull: boolean,
  said: SaidBySource,
  { lifetime: settings }: NewEntriesOptions,
): Lifetime | undefined {
  if (settings === undefined) return undefined;
  if (said.freshness?.isPrivate) {
    part.facts.wasPrivate = true;
    if (!part.isPrivate) return undefined;
  }
  return lifetimeOf(part.facts.hint, said, isNull, settings);
}

/** Whether an entity, or one of the root fields, is null. */
function isNullValue(value: unknown, { lookup, rootKey }: KeyedPart): boolean {
  if (lookup !== undefined || rootKey !== undefined) return value === null;
  return Object.values(value as object).some((field) => field === null);
}

function tagsOf(
  { facts, lookup, rootKey }: KeyedPart,
  slot: number,
  value: unknown,
  parts: FetchParts,
  known: FetchFacts,
): string[] {
  const { tags } = known;
  if (lookup !== undefined) {
    const representation: unknown = parseJson(lookup.representations[slot] as string);
    return tags.ofEntity(facts.node, representation, value);
  }
  const argsOf = (key: string) => {
    const field = facts.node.fields.get(key);
    return field && known.argumentsOf(facts.node, field.alias, parts);
  };
  if (rootKey !== undefined) return tags.ofRootField(facts.node, rootKey, value, argsOf(rootKey));
  return tags.ofRoot(facts.node, value, argsOf);
}

interface NamedInResponse {
  readonly ofRoot: readonly string[];
  readonly ofEntities: readonly (readonly string[] | undefined)[];
}

const NO_NAMES: NamedInResponse = { ofRoot: [], ofEntities: [] };

/** Reads the tags that a subgraph gives its values, in `extensions`, as Apollo's subgraphs do. */
function readExtensions(text: string | undefined): NamedInResponse {
  if (text === undefined || !text.includes('CacheTags')) return NO_NAMES;
  const { apolloCacheTags, apolloEntityCacheTags } = parseJson(text) as Readonly<Record<string, unknown>>;
  return {
    ofRoot: textsIn(apolloCacheTags),
    ofEntities: Array.isArray(apolloEntityCacheTags) ? apolloEntityCacheTags.map(textsIn) : [],
  };
}

/** Reads the tags that a response invalidates: `extensions.invalidate: ["product-7"]`. */
export function invalidatedIn(extensions: string | undefined): readonly string[] {
  if (extensions === undefined || !extensions.includes('"invalidate"')) return [];
  return textsIn((jsonOf(extensions) as { readonly invalidate?: unknown } | undefined)?.invalidate);
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
