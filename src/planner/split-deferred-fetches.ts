import type { DeferredFields } from '../operation/defer-groups.ts';
import type { FragmentSets } from '../operation/deferred-fragments.ts';
import type { Operation } from '../operation/operation.ts';
import type { FetchGraph } from './fetch-graph.ts';
import { FieldUses, type Group, REST, type WaitsFor } from './field-uses.ts';
import { getOrMake } from './maps.ts';
import { type Fetch, type FetchField, FetchNode } from './positions.ts';

/** The part of a fetch for some groups. */
interface FetchPart {
  readonly groups: readonly Group[];
  readonly fetch: Fetch;
  /** The nodes of the whole fetch of which this part contains something. */
  readonly nodes: ReadonlySet<FetchNode>;
}

/**
 * Splits fetches so that the rest does not wait for what only a defer group needs: one request for both could delay both. Fields of a
 * group that the rest needs as well, and parts of keys, stay with the rest, which waits for them in any case. Two groups with the same
 * fields share a request.
 *
 * In:  `{ me { name friends { name } } }`, both fields from `users`, with `me.friends` as group 0
 * Out: fetch `users { me { name } }`; for group 0: fetch `users { me { friends { name } } }`
 */
export function splitDeferredFetches(
  graph: FetchGraph,
  { kind, selection, fragmentSets }: Operation,
  deferred: DeferredFields,
): Fetch[] {
  const waits = (group: Group, other: Group) => waitsFor(fragmentSets, group, other);
  const uses = new FieldUses(graph.fetches, graph.root, selection, { deferred, waits });
  const parts = new Map<Fetch, FetchPart[]>();
  const split: Fetch[] = [];
  for (const fetch of [...graph.fetches].sort((a, b) => a.level - b.level)) {
    // a second request would run the mutation a second time
    const isWhole = kind === 'mutation' && fetch.kind === 'root';
    const isSerial = isWhole && fetch.position === graph.root;
    for (const groups of isWhole ? [[REST, ...uses.groupsOf(fetch)]] : groupParts(uses, fetch, waits)) {
      const dependsOn = new Set<Fetch>();
      for (const needed of fetch.dependsOn) {
        const made = parts.get(needed) ?? [];
        // a mutation has no inputs: it comes after the result of the one before, not after fragments of it
        const waitedFor = isSerial
          ? made.filter((part) => part.groups.includes(REST))
          : partsNeeded(uses, fetch, groups[0] ?? REST, made);
        for (const part of waitedFor) dependsOn.add(part.fetch);
      }
      const part = createPart(uses, fetch, { groups, id: split.length, dependsOn, waits });
      getOrMake(parts, fetch, (): FetchPart[] => []).push(part);
      split.push(part.fetch);
    }
  }
  return split;
}

/** Returns whether each fragment of a set comes with or after a fragment of another set, or is that fragment. */
function waitsFor(sets: FragmentSets | undefined, group: Group, other: Group): boolean {
  return sets !== undefined && group !== other && group !== REST && sets.waitsFor(group, other);
}

/** Returns the groups of each part of a fetch; the first group of a part decides who waits for it. */
function groupParts(uses: FieldUses, fetch: Fetch, waits: WaitsFor): Group[][] {
  const { node } = fetch;
  const groups = uses.groupsOf(fetch);
  const waitCount = (group: Group) => groups.filter((other) => waits(group, other)).length;
  const parts: Group[][] = [];
  const joins = (group: Group, host: Group) => joinsHost(uses, node, group, host, [node]);
  for (const group of groups.sort((a, b) => waitCount(a) - waitCount(b))) {
    const host = parts.find(
      ([first = REST]) => joins(group, first) && (first === REST || waits(group, first) || joins(first, group)),
    );
    if (host) host.push(group);
    else parts.push([group]);
  }
  return parts;
}

/**
 * Returns whether a group needs nothing at a node, except keys, that another group does not need as well.
 * @param alike the nodes that read the same objects as this one, in the same fetch
 */
function joinsHost(uses: FieldUses, node: FetchNode, group: Group, host: Group, alike: readonly FetchNode[]): boolean {
  for (const field of node.fields.values()) {
    if (!isUsedBy(uses, field, group)) continue;
    const { name, argsKey } = field.alias;
    const same = alike.flatMap((other) =>
      [...other.fields.values()].filter(
        (one) => one.alias.name === name && one.alias.argsKey === argsKey && isUsedBy(uses, one, host),
      ),
    );
    if (same.length === 0 && uses.use(field, group) !== 'key') return false;
    const below = same.flatMap((one) => one.node ?? []);
    if (field.node && !joinsHost(uses, field.node, group, host, below)) return false;
  }
  for (const [type, typeCondition] of node.typeConditions) {
    const there = alike.flatMap((other) => other.typeConditions.get(type) ?? []);
    if (!joinsHost(uses, typeCondition, group, host, there)) return false;
  }
  return true;
}

/** Returns whether a group reads a field, or anything below it. */
function isUsedBy(uses: FieldUses, field: FetchField, group: Group): boolean {
  return uses.use(field, group) !== undefined || (field.node !== undefined && isNodeUsedBy(uses, field.node, group));
}

function isNodeUsedBy(uses: FieldUses, node: FetchNode, group: Group): boolean {
  for (const field of node.fields.values()) if (isUsedBy(uses, field, group)) return true;
  for (const typeCondition of node.typeConditions.values()) if (isNodeUsedBy(uses, typeCondition, group)) return true;
  return uses.needsTypename(node, group);
}

/**
 * Returns the parts that a part of a fetch depends on. A group whose inputs are in its own part and in that of the
 * rest waits for both.
 * @param first the first group of the part: the others need the same, and must not make it wait for their own parts
 */
function partsNeeded(uses: FieldUses, fetch: Fetch, first: Group, parts: readonly FetchPart[]): readonly FetchPart[] {
  const inputs = [...uses.inputsOf(fetch, first)];
  const isPossible = (group: Group) => group === REST || group === first || inputs.some(([, used]) => used === group);
  const possible = parts.filter((part) => part.groups.some(isPossible));
  const suppliers = possible.filter(({ nodes }) => inputs.some(([node]) => nodes.has(node)));
  if (suppliers.length > 0) return suppliers;
  return possible.length > 0 ? possible : parts;
}

interface PartOptions {
  readonly groups: readonly Group[];
  readonly id: number;
  readonly dependsOn: ReadonlySet<Fetch>;
  readonly waits: WaitsFor;
}

function createPart(uses: FieldUses, whole: Fetch, { groups, id, dependsOn, waits }: PartOptions): FetchPart {
  const [first = REST] = groups;
  let level = 0;
  for (const needed of dependsOn) level = Math.max(level, needed.level + 1);
  const { subgraph, kind, position, condition, representation, contexts } = whole;
  const only = first === REST ? undefined : groups.filter((group) => !waits(group, first));
  const made = { id, subgraph, kind, position, condition, representation, contexts, dependsOn, level, groups: only };
  const fetch = made as Fetch & { node: FetchNode };
  const nodes = new Set<FetchNode>();
  const copy = (node: FetchNode): FetchNode => {
    const own = new FetchNode(fetch, node.position, node.type, node.provided);
    own.typename = node.typename;
    nodes.add(node);
    for (const [key, field] of node.fields) {
      if (!groups.some((one) => isOwn(uses, field, one, first)) && !uses.isUnused(field)) continue;
      own.fields.set(key, field.node ? { ...field, node: copy(field.node) } : field);
    }
    for (const [type, typeCondition] of node.typeConditions)
      if (groups.some((one) => isNodeUsedBy(uses, typeCondition, one)))
        own.typeConditions.set(type, copy(typeCondition));
    return own;
  };
  fetch.node = copy(whole.node);
  return { groups, fetch, nodes };
}

/** Returns whether a field is in a group's own part: the rest does not read it already. */
function isOwn(uses: FieldUses, field: FetchField, group: Group, partOf: Group): boolean {
  if (!isUsedBy(uses, field, group)) return false;
  if (partOf === REST || uses.use(field, REST) === undefined) return true;
  return field.node !== undefined && hasOwn(uses, field.node, group);
}

function hasOwn(uses: FieldUses, node: FetchNode, group: Group): boolean {
  for (const field of node.fields.values()) if (isOwn(uses, field, group, group)) return true;
  return [...node.typeConditions.values()].some((typeCondition) => hasOwn(uses, typeCondition, group));
}
