import type { FragmentSets } from '../operation/deferred-fragments.ts';
import type { PlannedRequest, QueryPlan } from '../planner/plan.ts';
import type { AliasScope, FetchNode, Position } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { isNullish, isObject, isOfType, type ResponseObject } from './objects.ts';
import type { StreamedLists } from './streamed-lists.ts';

/** What a request of deferred fragments reads that requests for what comes before them read as well. */
export interface SharedRead {
  /** Ids of the requests for what comes before. */
  readonly ids: readonly number[];
  /** What they read of the objects at the positions that the request starts from. */
  readonly at: ReadonlyMap<Position, readonly EarlierRead[]>;
}

/** By the ids of the requests of deferred fragments. */
export type SharedReads = ReadonlyMap<number, SharedRead>;

/** Fields that requests read in the same objects. */
export interface EarlierRead {
  /** The runtime types that have the fields; `undefined` for all. */
  readonly types: ReadonlySet<string> | undefined;
  /** By key, what is read below. */
  readonly keys: ReadonlyMap<string, readonly EarlierRead[]>;
}

const NOT_READ: readonly EarlierRead[] = [];

/** The fields that a request reads, by objects. */
type ReadKeys = ReadonlyMap<AliasScope, ReadonlySet<string>>;

/** A node that a request reads, and the runtime types of the objects that it is for. */
interface Place {
  readonly node: FetchNode;
  readonly position: Position;
  readonly types: ReadonlySet<string> | undefined;
}

/**
 * Finds the requests of deferred fragments that read the same fields as requests for what comes before these fragments: for the rest, for
 * fragments around them, and for fields that several fragments have in common. Such a field is often the path to the fields of the fragment.
 * Requests that those for what comes before wait for are left out.
 */
export function findSharedReads(
  { requests, operation: { fragmentSets } }: QueryPlan,
  types: Supergraph['types'],
  lists: StreamedLists | undefined,
): SharedReads {
  const shared = new Map<number, SharedRead>();
  const all = requests.map((request) => {
    const places = placesOf(request);
    return { request, places, keys: readKeys(places) };
  });
  const waitsFor = requests.map(({ dependsOn }) => new Set(dependsOn));
  for (const { request, places, keys } of all) {
    const earlier = all.filter(
      (one) =>
        comesBefore(one.request, request, fragmentSets) &&
        haveCommon(one.keys, keys) &&
        !reaches(waitsFor, one.request.id, request.id),
    );
    if (earlier.length === 0) continue;
    const ids = earlier.map((one) => one.request.id);
    for (const id of ids) waitsFor[request.id]?.add(id);
    const reads = new EarlierReads(types, lists);
    for (const one of earlier) for (const place of one.places) reads.add(place);
    shared.set(request.id, { ids, at: new Map(places.map(({ position }) => [position, reads.at(position)])) });
  }
  return shared;
}

/** Returns whether everything that a request is for comes after what another one is for. */
function comesBefore(one: PlannedRequest, { groups }: PlannedRequest, sets: FragmentSets | undefined): boolean {
  if (groups === undefined || one.groups === undefined || sets === undefined)
    return groups !== undefined && one.groups === undefined;
  const follows = (some: readonly number[], others: readonly number[]) =>
    some.every((group) => others.some((other) => group === other || sets.waitsFor(group, other)));
  return follows(groups, one.groups) && !follows(one.groups, groups);
}

/** Returns whether a request waits for another one, directly or not. */
function reaches(waitsFor: readonly ReadonlySet<number>[], from: number, to: number): boolean {
  const seen = new Set([from]);
  for (const id of seen) for (const next of waitsFor[id] ?? []) seen.add(next);
  return seen.has(to);
}

function placesOf({ root, lookups }: PlannedRequest): readonly Place[] {
  return [...(root ? [{ ...root, types: undefined }] : []), ...lookups.flatMap(({ targets }) => targets)];
}

function readKeys(places: readonly Place[]): ReadKeys {
  const found = new Map<AliasScope, Set<string>>();
  const visit = (node: FetchNode, position: Position): void => {
    const keys = found.get(position.aliasScope) ?? new Set<string>();
    found.set(position.aliasScope, keys);
    if (node.typename) keys.add('__typename');
    for (const [key, { node: below }] of node.fields) {
      keys.add(key);
      if (below) visit(below, below.position);
    }
    for (const typeCondition of node.typeConditions.values()) visit(typeCondition, position);
  };
  for (const { node, position } of places) visit(node, position);
  return found;
}

function haveCommon(some: ReadKeys, others: ReadKeys): boolean {
  for (const [scope, keys] of others) for (const key of keys) if (some.get(scope)?.has(key)) return true;
  return false;
}

/** Collects what requests read, by the positions of the objects. */
class EarlierReads {
  private readonly types: Supergraph['types'];
  private readonly lists: StreamedLists | undefined;
  private readonly byPosition = new Map<Position, EarlierRead[]>();

  constructor(types: Supergraph['types'], lists: StreamedLists | undefined) {
    this.types = types;
    this.lists = lists;
  }

  at(position: Position): readonly EarlierRead[] {
    return this.byPosition.get(position) ?? [];
  }

  add({ node, position, types }: Place): readonly EarlierRead[] {
    const reads = this.readsOf(node, types);
    this.byPosition.set(position, [...this.at(position), ...reads]);
    return reads;
  }

  private readsOf(node: FetchNode, types: ReadonlySet<string> | undefined): EarlierRead[] {
    const keys = new Map<string, readonly EarlierRead[]>();
    if (node.typename) keys.set('__typename', NOT_READ);
    for (const [key, { node: below }] of node.fields) {
      const reads = below ? this.add({ node: below, position: below.position, types: undefined }) : NOT_READ;
      // later items of a streamed list are read by other requests
      const isStreamed = below !== undefined && this.lists?.at(below.position) !== undefined;
      keys.set(key, isStreamed ? NOT_READ : reads);
    }
    const reads: EarlierRead[] = [{ types, keys }];
    for (const [name, typeCondition] of node.typeConditions) {
      const possible = this.types.get(name)?.possible ?? new Set([name]);
      const both = types === undefined ? possible : new Set([...types].filter((type) => possible.has(type)));
      reads.push(...this.readsOf(typeCondition, both));
    }
    return reads;
  }
}

/**
 * Returns what a request has read of an object, without the fields that earlier requests should have returned and did not.
 * @param known the object as the earlier requests have left it
 */
export function withoutLost(
  known: ResponseObject,
  read: ResponseObject,
  reads: readonly EarlierRead[],
): ResponseObject {
  let kept = read;
  const own = reads.filter(({ types }) => types === undefined || isOfType(known, types));
  for (const key of Object.keys(read)) {
    const below = own.flatMap(({ keys }) => keys.get(key) ?? NOT_READ);
    if (below.length === 0 && !own.some(({ keys }) => keys.has(key))) continue;
    const value = isNullish(known[key]) ? undefined : valueWithoutLost(known[key], read[key], below);
    if (value === read[key]) continue;
    if (kept === read) kept = { ...read };
    if (value === undefined) delete kept[key];
    else kept[key] = value;
  }
  return kept;
}

function valueWithoutLost(known: unknown, read: unknown, reads: readonly EarlierRead[]): unknown {
  if (Array.isArray(known) && Array.isArray(read)) {
    if (known.length !== read.length) return read;
    const items = read.map((item, i) => (known[i] === null ? null : valueWithoutLost(known[i], item, reads)));
    return items.every((item, i) => item === read[i]) ? read : items;
  }
  return reads.length > 0 && isObject(known) && isObject(read) ? withoutLost(known, read, reads) : read;
}
