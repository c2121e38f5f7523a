import type { SelectionSetNode } from 'graphql';
import type { OpField, OpSelection } from '../operation/operation.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import { COST } from './costs.ts';
import type { FetchGraph } from './fetch-graph.ts';
import { type Entry, type FieldIndex, needsOwnLookup, type Provider } from './field-index.ts';
import type { ContextValue, Fetch, FetchNode, Position, Representation } from './positions.ts';
import { describeInputs, type Inputs, markAsKey, mergeItems } from './representation.ts';
import { canReadAll, readableField, scopeOf } from './subgraph-scope.ts';

/**
 * A route to some objects in one subgraph: its cost, and how to take it. Nothing is added to the plan before `take`.
 */
export interface Route {
  readonly cost: number;
  readonly level: number;
  take(): FetchNode;
}

/** A route to fields that a look-up needs as its input. */
interface InputRoute {
  readonly cost: number;
  readonly level: number;
  take(): Inputs;
}

/** What a look-up sends beside the key: required fields and context values; and whether it is for deferred fragments only. */
interface MoreInputs {
  readonly isApart?: boolean | undefined;
  readonly required?: Inputs | undefined;
  readonly contexts?: { readonly values: readonly ContextValue[]; readonly dependsOn: ReadonlySet<Fetch> } | undefined;
}

/** What the route finder needs of the stage that places selections. */
export interface SelectionPlacer {
  /** Reads a whole selection at one node that can read all of it. */
  placeAll(node: FetchNode, selection: OpSelection): void;
  /** Reads a field at a node that can read it, and the selection below it from any fetch. */
  placeOne(node: FetchNode, owner: string, field: OpField): void;
  /** Reads a field of an abstract type on each of its object types, with the selection below it. */
  selectByType(position: Position, owner: string, field: OpField): void;
  /** Reads a selection from any fetch. */
  select(position: Position, selection: OpSelection): void;
  /** Returns the fetch that reads the runtime type of the objects at an abstract position. */
  typenameAt(position: Position): Fetch | undefined;
}

/**
 * Finds the cheapest route to a field of some objects in one given subgraph: where it already has the objects, by a
 * look-up with a key (whose fields may need routes of their own), or by selecting the field that leads to the objects
 * again.
 *
 * In:  position `user.reviews.product`, `Product`, subgraph `inventory`
 * Out: a route of cost 110 that adds `_entities` by `upc`, read from `reviews`
 */
export class RouteFinder {
  private readonly graph: FetchGraph;
  private readonly fieldIndex: FieldIndex;
  private readonly placer: SelectionPlacer;
  /**
   * Positions whose objects are being split by type. Selecting the parents' field again would be wrong there: the
   * object that another subgraph returns for it may be of another type.
   */
  readonly splitByType = new Set<Position>();

  constructor(graph: FetchGraph, placer: SelectionPlacer) {
    this.graph = graph;
    this.fieldIndex = graph.fieldIndex;
    this.placer = placer;
  }

  find(
    position: Position,
    owner: string,
    subgraph: Subgraph,
    fieldName: string,
    visiting: readonly string[] = [],
  ): Route | undefined {
    const known = this.knownNode(position, owner, subgraph, fieldName);
    if (known) return { cost: 0, level: known.fetch.level, take: () => known };
    const step = `${position.id} ${owner} ${subgraph.id}`;
    if (visiting.includes(step)) return undefined;
    const path = [...visiting, step];
    const candidates = [
      ...this.byKeys(position, owner, subgraph, fieldName, path),
      this.byParent(position, owner, subgraph, fieldName, path),
      this.byRoot(position, owner, subgraph),
    ];
    const route = cheapest(candidates);
    // another route that was taken meanwhile may have led here
    if (!route) return undefined;
    const { cost, level } = route;
    return { cost, level, take: () => this.knownNode(position, owner, subgraph, fieldName) ?? route.take() };
  }

  /** Returns the earliest node at the position in that subgraph that can read the field. */
  private knownNode(position: Position, owner: string, subgraph: Subgraph, fieldName: string): FetchNode | undefined {
    let best: FetchNode | undefined;
    for (const node of position.nodes) {
      if (node.fetch.subgraph !== subgraph || !this.isInScope(node, owner)) continue;
      if (!readableField(this.fieldIndex, scopeOf(node), owner, fieldName)) continue;
      if (!best || node.fetch.level < best.fetch.level) best = node;
    }
    return best;
  }

  /**
   * Returns whether a node has all objects of a type. A look-up has only the objects that it was made for; one with
   * context values, or for deferred fragments, has only its own fields.
   */
  isInScope(node: FetchNode, owner: string): boolean {
    const { fetch } = node;
    if (fetch.node !== node) return true;
    if (fetch.contexts.length > 0 || fetch.isApart) return false;
    if (fetch.condition === owner) return true;
    const lookupTypes = this.fieldIndex.possible(fetch.condition);
    for (const name of this.fieldIndex.possible(owner)) if (!lookupTypes.has(name)) return false;
    return true;
  }

  private byKeys(
    position: Position,
    owner: string,
    subgraph: Subgraph,
    fieldName: string,
    path: string[],
  ): (Route | undefined)[] {
    if (position.nodes.length === 0) return [];
    return this.fieldIndex.entries(owner).map((entry) => {
      if (entry.subgraph !== subgraph) return undefined;
      const at = { subgraph, type: entry.type, provided: [] };
      if (!readableField(this.fieldIndex, at, owner, fieldName)) return undefined;
      const key = this.inputs(position, owner, entry.key.fields, path);
      return key && this.lookup(position, owner, entry, key);
    });
  }

  private lookup(position: Position, owner: string, entry: Entry, key: InputRoute): Route {
    return {
      cost: key.cost + COST.request + COST.wave,
      level: key.level + 1,
      take: () => this.addLookup(position, owner, entry, key.take()),
    };
  }

  /** Adds the `_entities` fetch for a key and further inputs, once these have been placed. */
  addLookup(position: Position, owner: string, entry: Entry, key: Inputs, more: MoreInputs = {}): FetchNode {
    const { required, contexts, isApart } = more;
    const dependsOn = new Set([...key.dependsOn, ...(required?.dependsOn ?? []), ...(contexts?.dependsOn ?? [])]);
    const brought = position.nodes.some((node) => node.fetch.node !== node && key.dependsOn.has(node.fetch));
    const [first] = position.nodes;
    if (first && !brought) dependsOn.add(first.fetch);
    const typename = this.typenameFor(position, owner, entry);
    // the runtime types that select or describe the objects have to be read before
    const typeRead = (owner !== position.type || typename === undefined) && this.placer.typenameAt(position);
    if (typeRead) dependsOn.add(typeRead);
    const representation = { typename, fields: mergeItems(markAsKey(key.fields), required?.fields ?? []) };
    const { subgraph, type } = entry;
    return this.graph.addEntityFetch({
      subgraph,
      position,
      condition: owner,
      type,
      representation,
      contexts: contexts?.values ?? [],
      dependsOn,
      isApart,
    });
  }

  private typenameFor(position: Position, owner: string, entry: Entry): Representation['typename'] {
    if (entry.type.kind === 'interfaceObject') return entry.type.name;
    if (!this.fieldIndex.isAbstract(owner)) return owner;
    return position.nodes.some((node) => node.type.kind !== 'interfaceObject') ? undefined : owner;
  }

  /** Finds a route through the parents: where the subgraph also resolves the field that leads here. */
  private byParent(
    position: Position,
    owner: string,
    subgraph: Subgraph,
    fieldName: string,
    path: string[],
  ): Route | undefined {
    const { origin } = position;
    if (
      !origin ||
      this.splitByType.has(position) ||
      origin.parent.type === this.fieldIndex.supergraph.rootTypes.mutation
    )
      return undefined;
    const { parent, owner: parentOwner, alias } = origin;
    const provider = this.fieldIndex
      .providers(parentOwner, alias.name)
      .find((p) => p.subgraph === subgraph && !needsOwnLookup(p.field));
    if (!provider || !this.leadsTo(provider, owner, fieldName)) return undefined;
    const route = this.find(parent, parentOwner, subgraph, alias.name, path);
    return (
      route && { cost: route.cost + COST.reselect, level: route.level, take: () => this.reselect(position, route) }
    );
  }

  private leadsTo(provider: Provider, owner: string, fieldName: string): boolean {
    const type = provider.subgraph.types.get(provider.field.namedType);
    const provided = provider.field.provides ? [provider.field.provides] : [];
    return (
      type !== undefined &&
      readableField(this.fieldIndex, { subgraph: provider.subgraph, type, provided }, owner, fieldName) !== undefined
    );
  }

  private reselect(position: Position, route: Route): FetchNode {
    if (!position.origin) throw new Error('the root is not reached by a field');
    const { owner, alias } = position.origin;
    const node = this.graph.narrow(route.take(), owner);
    const field = readableField(this.fieldIndex, scopeOf(node), owner, alias.name);
    if (!field) throw new Error(`${owner}.${alias.name} cannot be read in ${node.fetch.subgraph.name}`);
    const used = this.graph.addField(node, owner, { ...alias, responseKey: alias.key }, field);
    const reached = node.fields.get(used.key)?.node;
    if (reached?.position !== position) throw new Error(`${owner}.${alias.name} leads to another position`);
    return reached;
  }

  /** Finds a route to a root type, which can be requested again wherever it occurs. */
  private byRoot(position: Position, owner: string, subgraph: Subgraph): Route | undefined {
    if (owner !== this.fieldIndex.supergraph.rootTypes.query || !subgraph.types.has(owner)) return undefined;
    const introduced = position.nodes[0]?.fetch;
    const nested = position.origin !== undefined && introduced !== undefined;
    const level = nested ? introduced.level + 1 : 0;
    return {
      cost: COST.request + level * COST.wave,
      level,
      take: () => this.graph.addRootFetch(subgraph, position, new Set(nested ? [introduced] : [])),
    };
  }

  /** Finds the cheapest route to all fields of a key or of `@requires` at a position. */
  inputs(position: Position, owner: string, set: SelectionSetNode, path: readonly string[]): InputRoute | undefined {
    const selection = this.fieldIndex.fieldSet(set, owner);
    const take = (place: () => void) => () => {
      place();
      return describeInputs(this.fieldIndex, position, selection);
    };
    const candidates: (InputRoute | undefined)[] = [];
    for (const node of position.nodes) {
      if (!this.isInScope(node, owner) || !canReadAll(this.fieldIndex, scopeOf(node), selection)) continue;
      const { level } = node.fetch;
      const cost = fieldsToAdd(node, selection) * COST.field;
      candidates.push({ cost, level, take: take(() => this.placer.placeAll(node, selection)) });
    }
    if (candidates.length === 0) candidates.push(...this.inputsElsewhere(position, owner, selection, path, take));
    return cheapest(candidates) ?? this.inputsFromSeveral(position, owner, selection, path, take);
  }

  private inputsElsewhere(
    position: Position,
    owner: string,
    selection: OpSelection,
    path: readonly string[],
    take: (place: () => void) => () => Inputs,
  ): (InputRoute | undefined)[] {
    const first = selection.items.find((item) => item.kind === 'field');
    if (first?.kind !== 'field') return [];
    return this.fieldIndex.providers(owner, first.name).map((provider) => {
      const at = { subgraph: provider.subgraph, type: provider.type, provided: [] };
      if (!canReadAll(this.fieldIndex, at, selection)) return undefined;
      const route = this.find(position, owner, provider.subgraph, first.name, path);
      return route && { ...route, take: take(() => this.placer.placeAll(route.take(), selection)) };
    });
  }

  /**
   * Finds a route to inputs that no single subgraph has: each field takes its own route when the selection is placed.
   */
  private inputsFromSeveral(
    position: Position,
    owner: string,
    selection: OpSelection,
    path: readonly string[],
    take: (place: () => void) => () => Inputs,
  ): InputRoute | undefined {
    let cost = 0;
    let level = position.nodes[0]?.fetch.level ?? 0;
    const places: (() => void)[] = [];
    for (const item of selection.items) {
      if (item.kind === 'typeCondition' || item.name === '__typename') {
        const single = { parentType: selection.parentType, items: [item] };
        places.push(() => this.placer.select(position, single));
        continue;
      }
      const route = this.inputField(position, owner, item, level, path);
      if (!route && !this.fieldIndex.isAbstract(owner)) return undefined;
      // without a route of its own it needs inputs itself, or is split by type
      places.push(route?.place ?? (() => this.placer.selectByType(position, owner, item)));
      cost += route?.cost ?? COST.unknown;
      level = Math.max(level, route?.level ?? level + 1);
    }
    return {
      cost,
      level,
      take: take(() => {
        for (const place of places) place();
      }),
    };
  }

  private inputField(
    position: Position,
    owner: string,
    field: OpField,
    level: number,
    path: readonly string[],
  ): { cost: number; level: number; place: (() => void) | undefined } | undefined {
    const routes = this.fieldIndex.providers(owner, field.name).map((provider) => {
      const nested = field.selection ? COST.unknown : 0;
      const route = this.find(position, owner, provider.subgraph, field.name, path);
      if (route) {
        const place = () => this.placer.placeOne(route.take(), owner, field);
        return { cost: route.cost + nested, level: route.level, place };
      }
      if (!needsOwnLookup(provider.field)) return undefined;
      return { cost: COST.unknown + nested, level: level + 1, place: undefined };
    });
    return cheapest(routes);
  }
}

export function cheapest<T extends { readonly cost: number; readonly level: number }>(
  routes: readonly (T | undefined)[],
): T | undefined {
  let best: T | undefined;
  for (const route of routes) {
    if (route && (!best || route.cost < best.cost || (route.cost === best.cost && route.level < best.level)))
      best = route;
  }
  return best;
}

/** Counts the fields that a node does not read yet: of two keys, the one that is already read is better. */
export function fieldsToAdd(node: FetchNode, selection: OpSelection): number {
  const names = new Set([...node.fields.values()].map(({ alias }) => alias.name));
  return selection.items.filter((item) => item.kind === 'field' && !names.has(item.name)).length;
}
