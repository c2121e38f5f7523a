import { Kind, type TypeNode } from 'graphql';
import type { DeferredFields } from '../operation/defer-groups.ts';
import { NOT_DEFERRED } from '../operation/deferred-fragments.ts';
import type { OpSelection } from '../operation/operation.ts';
import { getOrMake } from './maps.ts';
import {
  allPlacements,
  type Fetch,
  type FetchField,
  type FetchNode,
  type Placement,
  type Position,
  type RepresentationSelection,
} from './positions.ts';
import { isKeyField } from './subgraph-scope.ts';

/** The number of a defer group, or {@link REST}. */
export type Group = number;
/** The group of everything outside defer groups. */
export const REST = -1;

/** Returns whether a group comes no earlier than another one in any case. */
export type WaitsFor = (group: Group, other: Group) => boolean;

/** `read`: in the result, or an input. `key`: only a part of a key, which costs nothing to read. */
export type Use = 'read' | 'key';

/** The groups that need each field of each fetch. */
export class FieldUses {
  private readonly uses = new Map<FetchField, Map<Group, Use>>();
  private readonly typenames = new Map<FetchNode, Set<Group>>();
  private readonly inputs = new Map<Fetch, Map<Group, Map<FetchNode, Group>>>();
  /**
   * The groups that the objects of a position are fetched for where they are items of lists, by fetch. Another request could return
   * a list with other items, so that everything of these objects comes with the list.
   */
  private readonly listGroups = new Map<Position, ListGroups>();
  private readonly groupAt = new Map<Position, Group>();
  /** The first of the groups that select a list, as far as they come after each other. */
  private readonly firstGroups = new Map<FetchField, Group>();
  private readonly deferred: DeferredFields;
  private readonly waits: WaitsFor;

  /** @param fetches each after all that it depends on */
  constructor(
    fetches: readonly Fetch[],
    root: Position,
    selection: OpSelection,
    { deferred, waits }: { deferred: DeferredFields; waits: WaitsFor },
  ) {
    this.deferred = deferred;
    this.waits = waits;
    this.findLists(selection, root, REST);
    this.noteSelection(selection, root, REST, NO_LISTS);
    for (const fetch of [...fetches].sort((a, b) => b.level - a.level))
      for (const group of this.groupsOf(fetch)) this.noteInputs(fetch, group);
  }

  use(field: FetchField, group: Group): Use | undefined {
    return this.uses.get(field)?.get(group);
  }

  /** Returns whether no group needs a field, nor anything below it. */
  isUnused(field: FetchField): boolean {
    if (this.uses.has(field)) return false;
    return field.node === undefined || this.isUnusedBelow(field.node);
  }

  private isUnusedBelow(node: FetchNode): boolean {
    return (
      !this.typenames.has(node) &&
      [...node.fields.values()].every((field) => this.isUnused(field)) &&
      [...node.typeConditions.values()].every((typeCondition) => this.isUnusedBelow(typeCondition))
    );
  }

  /** Returns whether a group needs the runtime types of the objects at a node. */
  needsTypename(node: FetchNode, group: Group): boolean {
    return this.typenames.get(node)?.has(group) ?? false;
  }

  /** Returns the nodes with the inputs of a look-up for a group, and the group that each input is fetched for. */
  inputsOf(fetch: Fetch, group: Group): ReadonlyMap<FetchNode, Group> {
    return this.inputs.get(fetch)?.get(group) ?? new Map();
  }

  /** Returns the groups that need anything of a fetch; if none is known, the group of its position. */
  groupsOf(fetch: Fetch): Group[] {
    const groups = new Set<Group>();
    const visit = (node: FetchNode): void => {
      for (const group of this.typenames.get(node) ?? []) groups.add(group);
      for (const field of node.fields.values()) {
        for (const group of this.uses.get(field)?.keys() ?? []) groups.add(group);
        if (field.node) visit(field.node);
      }
      for (const typeCondition of node.typeConditions.values()) visit(typeCondition);
    };
    visit(fetch.node);
    if (groups.size === 0) groups.add(this.groupAt.get(fetch.position) ?? REST);
    return [...groups].sort((a, b) => a - b);
  }

  private findLists(selection: OpSelection, position: Position, group: Group): void {
    for (const item of selection.items) {
      if (item.kind === 'typeCondition') {
        this.findLists(item.selection, position, group);
        continue;
      }
      if (!item.selection) continue;
      const own = this.deferred.get(item) ?? group;
      for (const [owner, placement] of position.placed.get(item) ?? []) {
        for (const { alias, node } of allPlacements(placement)) this.noteList(node.fields.get(alias.key), own);
        const below = position.below(placement.alias, owner);
        if (below) this.findLists(item.selection, below, own);
      }
    }
  }

  private noteList(field: FetchField | undefined, group: Group): void {
    if (field === undefined || !isList(field.type)) return;
    const known = this.firstGroups.get(field);
    if (known === undefined || this.isBefore(group, known)) this.firstGroups.set(field, group);
  }

  private noteSelection(selection: OpSelection, position: Position, group: Group, lists: ListGroups): void {
    this.groupAt.set(position, group);
    if (lists !== NO_LISTS) this.listGroups.set(position, lists);
    for (const item of selection.items) {
      if (needsTypes(item, position))
        for (const node of position.nodes) if (node.typename) this.noteTypename(node, lists.get(node.fetch) ?? group);
      if (item.kind === 'typeCondition') this.noteSelection(item.selection, position, group, lists);
      if (item.kind === 'typeCondition' || item.name === '__typename') continue;
      const own = this.deferred.get(item) ?? group;
      for (const [owner, placement] of position.placed.get(item) ?? []) {
        const listsBelow = this.noteRead(allPlacements(placement), own, lists, item.fragments !== NOT_DEFERRED);
        const below = position.below(placement.alias, owner);
        if (item.selection && below) this.noteSelection(item.selection, below, own, listsBelow);
      }
    }
  }

  /** Records that a group reads a field. Returns the lists above what is below it. */
  private noteRead(
    placements: readonly Placement[],
    group: Group,
    lists: ListGroups,
    isInFragment: boolean,
  ): ListGroups {
    let below = lists;
    for (const { alias, node } of placements) {
      const field = node.fields.get(alias.key);
      const used = lists.get(node.fetch) ?? group;
      // the objects have their keys read in any case where fragments are looked up
      const isKey = isInFragment && node.fetch.node !== node && field?.node === undefined;
      if (field)
        this.noteField(field, used, isKey && isKeyField(node.fetch.subgraph, node.type, alias.name) ? 'key' : 'read');
      below = this.withList(below, node.fetch, field, used);
    }
    return below;
  }

  private noteInputs(fetch: Fetch, group: Group): void {
    const nodes = getOrMake(
      getOrMake(this.inputs, fetch, () => new Map<Group, Map<FetchNode, Group>>()),
      group,
      () => new Map<FetchNode, Group>(),
    );
    const noteAt = (position: Position, items: RepresentationSelection, above: ListGroups): void => {
      const lists = this.listGroups.get(position) ?? above;
      for (const node of position.nodes) {
        if (!fetch.dependsOn.has(node.fetch)) continue;
        const used = lists.get(node.fetch) ?? group;
        nodes.set(node, used);
        if (node.typename) this.noteTypename(node, used);
        noteIn(node, items, used, lists);
      }
    };
    const noteIn = (node: FetchNode, items: RepresentationSelection, used: Group, lists: ListGroups): void => {
      for (const item of items) {
        if (item.kind === 'typeCondition') {
          noteIn(node, item.nested, used, lists);
          continue;
        }
        const field = node.fields.get(item.subgraphKey);
        if (!field) continue;
        this.noteField(field, used, item.isKey ? 'key' : 'read');
        if (field.node && item.nested)
          noteAt(field.node.position, item.nested, this.withList(lists, node.fetch, field, used));
      }
      for (const typeCondition of node.typeConditions.values()) noteIn(typeCondition, items, used, lists);
    };
    noteAt(fetch.position, fetch.representation?.fields ?? [], NO_LISTS);
    for (const { sources } of fetch.contexts)
      for (const { position, fields } of sources) noteAt(position, fields, NO_LISTS);
  }

  /** Adds a field to the lists above what is below it, if it is a list. The outermost list of a fetch counts. */
  private withList(lists: ListGroups, fetch: Fetch, field: FetchField | undefined, group: Group): ListGroups {
    if (field === undefined || lists.has(fetch) || !isList(field.type)) return lists;
    const first = this.firstGroups.get(field);
    return new Map([...lists, [fetch, first !== undefined && this.isBefore(first, group) ? first : group]]);
  }

  private isBefore(group: Group, other: Group): boolean {
    return group === REST || this.waits(other, group);
  }

  private noteField(field: FetchField, group: Group, use: Use): void {
    const groups = getOrMake(this.uses, field, () => new Map<Group, Use>());
    if (groups.get(group) !== 'read') groups.set(group, use);
  }

  private noteTypename(node: FetchNode, group: Group): void {
    getOrMake(this.typenames, node, () => new Set<Group>()).add(group);
  }
}

/** Returns whether something selected at a position depends on the types of the objects: its group has to wait for them. */
function needsTypes(item: OpSelection['items'][number], { placed, type }: Position): boolean {
  if (item.kind === 'typeCondition' || item.name === '__typename') return true;
  return [...(placed.get(item)?.keys() ?? [])].some((owner) => owner !== type);
}

/** For each fetch that reads a list above a position, the group that the list is fetched for. */
type ListGroups = ReadonlyMap<Fetch, Group>;

const NO_LISTS: ListGroups = new Map();

function isList(type: TypeNode): boolean {
  return type.kind === Kind.LIST_TYPE || (type.kind === Kind.NON_NULL_TYPE && isList(type.type));
}
