import { Kind, type TypeNode } from 'graphql';
import type { OpField } from '../operation/operation.ts';
import type { SubgraphField } from '../supergraph/supergraph.ts';
import type { FetchGraph } from './fetch-graph.ts';
import type { Group } from './field-uses.ts';
import { getOrMake } from './maps.ts';
import { allPlacements, type FetchField, type FetchNode, type Placement, type Position } from './positions.ts';
import { SmallMap } from './small-map.ts';

/** A field that is read at a node. */
interface FieldToPlace {
  /** The type on which it is selected. */
  readonly owner: string;
  readonly field: OpField;
  readonly resolvedBy: SubgraphField;
  /** Whether it gets a key of its own in the objects, also where the same field is read already. */
  readonly ownAlias?: boolean | undefined;
}

/** Adds fields to fetches, and records where each selected field is read from, and for which defer groups. */
export class Placements {
  private readonly graph: FetchGraph;
  /** The group whose field is being placed, with the inputs that it needs. */
  private group: Group | undefined;
  private readonly groups = new Map<FetchField, Set<Group>>();

  constructor(graph: FetchGraph) {
    this.graph = graph;
  }

  /** Runs a step that places a field of a group. Within another step, what is placed is an input of that one's field. */
  placeFor(group: Group, step: () => void): void {
    const outer = this.group;
    this.group = outer ?? group;
    step();
    this.group = outer;
  }

  /** Reads a field at a node. */
  place(position: Position, node: FetchNode, { owner, field, resolvedBy, ownAlias = false }: FieldToPlace): void {
    const target = this.graph.narrow(node, owner);
    // where a node has objects of one type only, it is that type's field, whatever it was selected on
    const { kind, name } = target.type;
    const effective = kind === 'object' || kind === 'interfaceObject' ? name : owner;
    const alias = this.graph.addField(target, effective, field, resolvedBy, ownAlias);
    const placements = getOrMake(position.placed, field, () => new SmallMap<string, Placement>());
    const known = placements.get(effective);
    const others = known && allPlacements(known).filter(({ node: other }) => other !== target);
    placements.set(effective, { alias, node: target, others });
    const read = target.fields.get(alias.key);
    if (read && this.group !== undefined) getOrMake(this.groups, read, () => new Set<Group>()).add(this.group);
  }

  /**
   * Returns whether a leaf is read at a node already, in a request that has to be waited for in any case: for certain groups, or with
   * the items of a list.
   */
  isReadFor(isAwaited: (group: Group) => boolean, node: FetchNode, owner: string, { name, argsKey }: OpField): boolean {
    const { fields } = node.typeConditions.get(owner) ?? node;
    return [...fields.values()].some((read) => {
      const { alias, node: below } = read;
      if (alias.name !== name || alias.argsKey !== argsKey || below) return false;
      const own = this.groups.get(read);
      return own !== undefined && (isBelowList(node) || [...own].some(isAwaited));
    });
  }

  /**
   * Reads a leaf that was selected before, under another alias, from the place of that alias.
   * @param known the leaves of the selection so far, by where they are read from
   * @param isDeferred whether it is in another deferred fragment than the objects: nothing may wait for what only that needs
   * @returns whether there was one
   */
  reuse(
    position: Position,
    { owner, field, isDeferred }: Pick<FieldToPlace, 'owner' | 'field'> & { readonly isDeferred: boolean },
    known: Map<string, OpField>,
  ): boolean {
    if (field.selection) return false;
    const shared = `${owner}.${field.name}(${field.argsKey})`;
    const key = isDeferred && !known.has(shared) ? `${field.fragments} ${shared}` : shared;
    const same = position.placed.get(known.get(key) ?? field);
    if (!same || position.placed.has(field)) {
      known.set(key, field);
      return false;
    }
    const placements = new SmallMap<string, Placement>();
    for (const [type, placement] of same) placements.set(type, placement);
    position.placed.set(field, placements);
    return true;
  }
}

/** Returns whether the objects at a node are items of a list of the same fetch. */
function isBelowList({ fetch, position }: FetchNode): boolean {
  for (let at = position; at !== fetch.position && at.origin; at = at.origin.parent) {
    const { parent, alias } = at.origin;
    for (const node of parent.nodes) {
      const all = [node, ...[...node.typeConditions].map(([, typeCondition]) => typeCondition)];
      if (node.fetch === fetch && all.some(({ fields }) => isList(fields.get(alias.key)?.type))) return true;
    }
  }
  return false;
}

function isList(type: TypeNode | undefined): boolean {
  return type?.kind === Kind.LIST_TYPE || (type?.kind === Kind.NON_NULL_TYPE && isList(type.type));
}
