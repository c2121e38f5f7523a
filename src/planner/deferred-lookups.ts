import { Kind, type TypeNode } from 'graphql';
import type { OpField, OpSelection } from '../operation/operation.ts';
import type { SubgraphField } from '../supergraph/supergraph.ts';
import type { FetchGraph } from './fetch-graph.ts';
import type { Entry, FieldIndex } from './field-index.ts';
import { getOrMake } from './maps.ts';
import type { FetchNode, Position } from './positions.ts';
import { describeInputs } from './representation.ts';
import { fieldsToAdd, type RouteFinder, type SelectionPlacer } from './routes.ts';
import { isKeyField, readableField, type SubgraphScope, scopeBelow, scopeOf } from './subgraph-scope.ts';

/** A look-up of the objects of one type. Nothing is added to the plan before `take`. */
interface DeferredLookup {
  readonly type: string;
  take(): { node: FetchNode; resolvedBy: SubgraphField };
}

/** A look-up for one set of deferred fragments. */
interface KnownLookup {
  readonly owner: string;
  readonly fragments: number;
  readonly node: FetchNode;
}

/**
 * Finds look-ups by key for fields of deferred fragments, in the subgraph that returns the objects around them: a subgraph responds
 * as a whole, so the objects would wait for these fields. Another request for the path to the objects could return other ones.
 *
 * In:  `products { name ... @defer { reviews } }`, all of one subgraph, where `Product` has the key `id`
 * Out: fetch `{ products { name id } }`, and after it a look-up of `Product` by `id` in the same subgraph `{ reviews }`
 */
export class DeferredLookups {
  private readonly fieldIndex: FieldIndex;
  private readonly routes: RouteFinder;
  private readonly placer: SelectionPlacer;
  private readonly known = new Map<Position, KnownLookup[]>();

  constructor({ fieldIndex }: FetchGraph, routes: RouteFinder, placer: SelectionPlacer) {
    this.fieldIndex = fieldIndex;
    this.routes = routes;
    this.placer = placer;
  }

  /**
   * Returns the look-ups that read a field of the objects at a node. `undefined` where there is no key, the field is part of one,
   * or the node is itself that of a look-up, which is split by fragments later.
   * @param types the object types of an abstract type: each may have a key of its own
   */
  find(node: FetchNode, owner: string, field: OpField, types: readonly string[]): DeferredLookup[] | undefined {
    const { fetch } = node;
    if (fetch.node === node || !this.canRepeat(node)) return undefined;
    const whole = this.lookup(node, owner, field);
    if (whole) return [whole];
    const lookups = types.flatMap((type) => this.lookup(node, type, field) ?? []);
    return lookups.length > 0 && lookups.length === types.length ? lookups : undefined;
  }

  /** Returns whether a later look-up finds what is at a node: what a mutation returns may not exist any longer. */
  private canRepeat({ fetch: { kind, position } }: FetchNode): boolean {
    return kind === 'entity' || position.type === this.fieldIndex.supergraph.rootTypes.query;
  }

  private lookup(from: FetchNode, owner: string, field: OpField): DeferredLookup | undefined {
    const { position, fetch } = from;
    const { name, fragments, selection } = field;
    const { subgraph } = fetch;
    const known = getOrMake(this.known, position, (): KnownLookup[] => []);
    const readIn = (node: FetchNode) => readableField(this.fieldIndex, scopeOf(node), owner, name);
    for (const { node, ...one } of known) {
      const isSame = one.owner === owner && one.fragments === fragments && node.fetch.subgraph === subgraph;
      const resolvedBy = isSame && readIn(node);
      if (resolvedBy) return { type: owner, take: () => ({ node, resolvedBy }) };
    }
    const entry = this.entry(from, owner, name);
    if (!entry || (!selection && isKeyField(subgraph, entry.type, name))) return undefined;
    return {
      type: owner,
      take: () => {
        const node = this.add(from, owner, entry);
        known.push({ owner, fragments, node });
        return { node, resolvedBy: readIn(node) as SubgraphField };
      },
    };
  }

  private add(from: FetchNode, owner: string, entry: Entry): FetchNode {
    const key = this.fieldIndex.fieldSet(entry.key.fields, owner);
    this.placer.placeAll(from, key);
    const inputs = describeInputs(this.fieldIndex, from.position, key);
    return this.routes.addLookup(from.position, owner, entry, inputs, { isApart: true });
  }

  /** Returns the key that needs the fewest further fields, among those that all objects at a node have. */
  private entry(node: FetchNode, owner: string, fieldName: string): Entry | undefined {
    const { subgraph } = node.fetch;
    let best: { entry: Entry; more: number } | undefined;
    for (const entry of this.fieldIndex.entries(owner)) {
      const at = { subgraph, type: entry.type, provided: [] };
      if (entry.subgraph !== subgraph || !readableField(this.fieldIndex, at, owner, fieldName)) continue;
      const key = this.fieldIndex.fieldSet(entry.key.fields, owner);
      if (!this.isNeverNull(scopeOf(node), key)) continue;
      const more = fieldsToAdd(node, key);
      if (!best || more < best.more) best = { entry, more };
    }
    return best?.entry;
  }

  /** Returns whether a key can be read in a scope, and all of it has values: without one, the object could not be looked up. */
  private isNeverNull(at: SubgraphScope, { parentType, items }: OpSelection): boolean {
    return items.every((item) => {
      if (item.kind === 'typeCondition') return false;
      const field = readableField(this.fieldIndex, at, parentType, item.name);
      if (!field || !isNonNull(field.type)) return false;
      const below = item.selection && scopeBelow(at, field);
      return !item.selection || (below !== undefined && this.isNeverNull(below, item.selection));
    });
  }
}

function isNonNull(type: TypeNode): boolean {
  if (type.kind !== Kind.NON_NULL_TYPE) return false;
  return type.type.kind === Kind.NAMED_TYPE || isNonNull(type.type.type);
}

/**
 * Copies what is selected on some objects. Fields with objects that are selected several times, such as in type conditions, are not
 * deferred: they are one field of the result, whose objects come from one fetch.
 */
export function keepTogether<T extends { readonly field: OpField; readonly isDeferred: boolean }>(
  selected: readonly T[],
): T[] {
  if (!selected.some(({ field, isDeferred }) => isDeferred && field.selection)) return [...selected];
  const counts = new Map<string, number>();
  for (const { field } of selected) counts.set(field.responseKey, (counts.get(field.responseKey) ?? 0) + 1);
  return selected.map((one) =>
    one.isDeferred && one.field.selection && counts.get(one.field.responseKey) !== 1
      ? { ...one, isDeferred: false }
      : one,
  );
}

/**
 * Returns whether a field may come from another fetch than other fields of the same objects. Where several fields of the operation lead
 * to these objects, a field with objects is perhaps selected in another one, too.
 */
export function canSeparate({ origin }: Position, field: OpField): boolean {
  if (!origin || !field.selection) return true;
  let leading = 0;
  for (const [other, placements] of origin.parent.placed)
    if (other.selection && [...placements].some(([, { alias }]) => alias.key === origin.alias.key)) leading += 1;
  return leading <= 1 && canSeparate(origin.parent, field);
}
