import type { Subgraph } from '../supergraph/supergraph.ts';
import { getOrMake } from './maps.ts';
import type { Fetch, FetchNode, Position } from './positions.ts';
import { canMergeItems, mergeItems } from './representation.ts';

/** The look-ups that go to one subgraph in one request. */
export interface Batch {
  readonly level: number;
  readonly fetches: Fetch[];
}

/**
 * Combines fetches into requests: fetches of one subgraph at the same level go together, and a fetch that nothing
 * waits for may move to a later level at which its subgraph is requested anyway. The number of waves stays the same.
 * Fetches for a defer group are combined with nothing else.
 *
 * In:  `inventory` at level 1 (for `topProducts`), `inventory` at level 3 (for the products of reviews)
 * Out: one batch for `inventory` at level 3
 */
export function schedule(fetches: readonly Fetch[]): Batch[] {
  const levels = new Map(fetches.map((fetch) => [fetch, fetch.level]));
  const dependents = new Map<Fetch, Fetch[]>();
  for (const fetch of fetches) {
    for (const needed of fetch.dependsOn) getOrMake(dependents, needed, (): Fetch[] => []).push(fetch);
  }
  const bySubgraph = new Map<Subgraph | string, Fetch[]>();
  for (const fetch of fetches) {
    const { subgraph, groups } = fetch;
    const target = groups === undefined ? subgraph : `${subgraph.id} ${groups.join()}`;
    if (fetch.kind === 'entity') getOrMake(bySubgraph, target, (): Fetch[] => []).push(fetch);
  }
  const depth = Math.max(0, ...levels.values());
  // a fetch that moves later may allow its dependencies to move as well
  for (let pass = 0; pass < PASSES; pass++) {
    for (const group of bySubgraph.values()) if (group.length > 1) align(group, depth, levels, dependents);
  }
  return gather(fetches, levels);
}

const PASSES = 2;

/**
 * Puts the fetches of one subgraph on as few levels as their intervals [earliest, latest] allow. In order of their
 * latest level, each level takes all fetches that fit there. This finds the fewest points that hit all intervals.
 */
function align(
  group: readonly Fetch[],
  depth: number,
  levels: Map<Fetch, number>,
  dependents: ReadonlyMap<Fetch, readonly Fetch[]>,
): void {
  const level = (fetch: Fetch) => levels.get(fetch) ?? 0;
  const waiting = group.map((fetch) => ({
    fetch,
    // never earlier: its dependencies may have moved later meanwhile
    earliest: level(fetch),
    latest: Math.min(depth, ...(dependents.get(fetch) ?? []).map((dependent) => level(dependent) - 1)),
  }));
  waiting.sort((a, b) => a.latest - b.latest);
  while (waiting.length > 0) {
    const latest = waiting[0]?.latest ?? 0;
    const together = waiting.filter(({ earliest }) => earliest <= latest);
    const meeting = Math.max(...together.map(({ earliest }) => earliest));
    for (const { fetch } of together) levels.set(fetch, meeting);
    waiting.splice(0, waiting.length, ...waiting.filter(({ earliest }) => earliest > latest));
  }
}

function gather(fetches: readonly Fetch[], levels: ReadonlyMap<Fetch, number>): Batch[] {
  const batches = new Map<string, Batch>();
  for (const fetch of fetches) {
    const level = levels.get(fetch) ?? 0;
    const key = `${level} ${fetch.subgraph.id} ${fetch.kind === 'root' ? `root ${fetch.id}` : (fetch.groups?.join() ?? '')}`;
    const batch = batches.get(key) ?? { level, fetches: [] };
    batches.set(key, batch);
    batch.fetches.push(fetch);
  }
  return [...batches.values()].sort((a, b) => a.level - b.level);
}

/** Merges look-ups of the same objects, where what they send does not conflict. */
export function mergeLookups(fetches: readonly Fetch[]): Fetch[] {
  const merged: Fetch[] = [];
  const at = new Map<Position, number[]>();
  for (const fetch of fetches) {
    const there = getOrMake(at, fetch.position, (): number[] => []);
    const index = there.find((known) => isSameLookup(merged[known] as Fetch, fetch));
    if (index === undefined) there.push(merged.push(fetch) - 1);
    else merged[index] = mergeFetches(merged[index] as Fetch, fetch);
  }
  return merged;
}

function isSameLookup(a: Fetch, b: Fetch): boolean {
  if (a.kind !== 'entity' || b.kind !== 'entity' || a.position !== b.position || a.condition !== b.condition)
    return false;
  if (a.node.type !== b.node.type || a.representation?.typename !== b.representation?.typename) return false;
  if (contextKeys(a) !== contextKeys(b)) return false;
  return canMergeItems(a.representation?.fields ?? [], b.representation?.fields ?? []);
}

function contextKeys({ contexts }: Fetch): string {
  return contexts.length === 0 ? '' : contexts.map(({ key }) => key).join();
}

function mergeFetches(a: Fetch, b: Fetch): Fetch {
  mergeNodes(a.node, b.node);
  const typename = a.representation?.typename;
  const fields = mergeItems(a.representation?.fields ?? [], b.representation?.fields ?? []);
  return { ...a, representation: { typename, fields }, dependsOn: new Set([...a.dependsOn, ...b.dependsOn]) };
}

/** Adds the fields of one node to another of the same position; their keys agree by construction. */
function mergeNodes(into: FetchNode, from: FetchNode): void {
  into.typename ||= from.typename;
  for (const [key, field] of from.fields) {
    const known = into.fields.get(key);
    if (!known) into.fields.set(key, field);
    else if (known.node && field.node) mergeNodes(known.node, field.node);
  }
  for (const [type, typeCondition] of from.typeConditions) {
    const known = into.typeConditions.get(type);
    if (known) mergeNodes(known, typeCondition);
    else into.typeConditions.set(type, typeCondition);
  }
}
