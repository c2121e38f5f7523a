import type { Operation } from '../operation/operation.ts';
import type { SectionHeads } from '../operation/timed-sections.ts';
import type { FetchGraph } from './fetch-graph.ts';
import { FieldUses, type Group, REST } from './field-uses.ts';
import { getOrMake } from './maps.ts';
import { type Fetch, type FetchField, FetchNode } from './positions.ts';

/** What one fetch has become for some groups. */
interface Part {
  readonly groups: readonly Group[];
  readonly fetch: Fetch;
  /** The nodes of the whole fetch of which this part has something. */
  readonly nodes: ReadonlySet<FetchNode>;
}

/**
 * Parts fetches where sections have a time of their own, so that nothing else waits for what only such a section needs:
 * a subgraph that is asked for both by one request could hold up both. What a section asks for that the rest asks for as
 * well, and what it needs of a key, stays with the rest, which waits for that in any case; and two sections that ask for the
 * same ask together.
 *
 * In:  `{ me { name friends { name } } }`, both fields from `users`, with `me.friends` as section 0
 * Out: fetch `users { me { name } }`; for section 0: fetch `users { me { friends { name } } }`
 */
export function splitDeferredFetches(graph: FetchGraph, { selection }: Operation, heads: SectionHeads): Fetch[] {
  const uses = new FieldUses(graph.fetches, graph.root, selection, heads);
  const parts = new Map<Fetch, Part[]>();
  const parted: Fetch[] = [];
  for (const fetch of [...graph.fetches].sort((a, b) => a.level - b.level)) {
    for (const groups of parting(uses, fetch)) {
      const dependsOn = new Set<Fetch>();
      for (const needed of fetch.dependsOn)
        for (const part of partsNeeded(uses, fetch, groups, parts.get(needed) ?? [])) dependsOn.add(part.fetch);
      const part = makePart(uses, fetch, { groups, id: parted.length, dependsOn });
      getOrMake(parts, fetch, (): Part[] => []).push(part);
      parted.push(part.fetch);
    }
  }
  return parted;
}

/** Into which parts a fetch goes: the groups of each, the one first for whose sake it is there. */
function parting(uses: FieldUses, fetch: Fetch): Group[][] {
  const { node } = fetch;
  const parts: Group[][] = [];
  const joins = (group: Group, host: Group) => joinsHost(uses, node, group, host, [node]);
  for (const group of uses.groupsOf(fetch)) {
    const host = parts.find(([first = REST]) => joins(group, first) && (first === REST || joins(first, group)));
    if (host) host.push(group);
    else parts.push([group]);
  }
  return parts;
}

/**
 * Whether a group asks for nothing at a node that another does not ask for as well, but for keys.
 * @param alike the nodes that read the same objects as this one, in the same fetch
 */
function joinsHost(uses: FieldUses, node: FetchNode, group: Group, host: Group, alike: readonly FetchNode[]): boolean {
  for (const field of node.fields.values()) {
    if (!isFor(uses, field, group)) continue;
    const { name, argsKey } = field.alias;
    const same = alike.flatMap((other) =>
      [...other.fields.values()].filter(
        (one) => one.alias.name === name && one.alias.argsKey === argsKey && isFor(uses, one, host),
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

/** Whether a group reads a field, or anything below it. */
function isFor(uses: FieldUses, field: FetchField, group: Group): boolean {
  return uses.use(field, group) !== undefined || (field.node !== undefined && isAnyFor(uses, field.node, group));
}

function isAnyFor(uses: FieldUses, node: FetchNode, group: Group): boolean {
  for (const field of node.fields.values()) if (isFor(uses, field, group)) return true;
  for (const typeCondition of node.typeConditions.values()) if (isAnyFor(uses, typeCondition, group)) return true;
  return uses.needsTypename(node, group);
}

/** Where a section finds something in its own part and something in that of the rest, it waits for both. */
function partsNeeded(uses: FieldUses, fetch: Fetch, groups: readonly Group[], parts: readonly Part[]): readonly Part[] {
  const possible = parts.filter((part) => part.groups[0] === REST || part.groups.some((one) => groups.includes(one)));
  const inputs = groups.flatMap((group) => [...uses.inputsOf(fetch, group)]);
  const bringing = possible.filter(({ nodes }) => inputs.some((node) => nodes.has(node)));
  if (bringing.length > 0) return bringing;
  return possible.length > 0 ? possible : parts;
}

interface Making {
  readonly groups: readonly Group[];
  readonly id: number;
  readonly dependsOn: ReadonlySet<Fetch>;
}

function makePart(uses: FieldUses, whole: Fetch, { groups, id, dependsOn }: Making): Part {
  const [first = REST] = groups;
  let level = 0;
  for (const needed of dependsOn) level = Math.max(level, needed.level + 1);
  const { subgraph, kind, position, condition, representation, contexts } = whole;
  const sections = first === REST ? undefined : groups;
  const made = { id, subgraph, kind, position, condition, representation, contexts, dependsOn, level, sections };
  const fetch = made as Fetch & { node: FetchNode };
  const nodes = new Set<FetchNode>();
  const copy = (node: FetchNode): FetchNode => {
    const own = new FetchNode(fetch, node.position, node.type, node.provided);
    own.typename = node.typename;
    nodes.add(node);
    for (const [key, field] of node.fields) {
      if (!groups.some((one) => isMine(uses, field, one, first)) && !uses.isUnused(field)) continue;
      own.fields.set(key, field.node ? { ...field, node: copy(field.node) } : field);
    }
    for (const [type, typeCondition] of node.typeConditions)
      if (groups.some((one) => isAnyFor(uses, typeCondition, one))) own.typeConditions.set(type, copy(typeCondition));
    return own;
  };
  fetch.node = copy(whole.node);
  return { groups, fetch, nodes };
}

/** A section's own part has nothing that the rest brings already. */
function isMine(uses: FieldUses, field: FetchField, group: Group, partOf: Group): boolean {
  if (!isFor(uses, field, group)) return false;
  if (partOf === REST || uses.use(field, REST) === undefined) return true;
  return field.node !== undefined && isAnyMine(uses, field.node, group);
}

function isAnyMine(uses: FieldUses, node: FetchNode, group: Group): boolean {
  for (const field of node.fields.values()) if (isMine(uses, field, group, group)) return true;
  return [...node.typeConditions.values()].some((typeCondition) => isAnyMine(uses, typeCondition, group));
}
