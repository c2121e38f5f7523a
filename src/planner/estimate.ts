import type { SelectionSetNode } from 'graphql';
import { type DeferredFields, isApart } from '../operation/defer-groups.ts';
import type { OpField, OpSelection } from '../operation/operation.ts';
import type { Subgraph, SubgraphField } from '../supergraph/supergraph.ts';
import { COST } from './costs.ts';
import { type FieldIndex, needsOwnLookup } from './field-index.ts';
import { canReadAll, overlaps, readableField, type SubgraphScope, scopeBelow } from './subgraph-scope.ts';

/**
 * An immutable estimate of what is still needed: which other subgraphs are requested in which wave, and further
 * costs.
 */
interface Estimate {
  /** One set for each wave, none of them empty. */
  readonly waves: readonly ReadonlySet<Subgraph>[];
  readonly extra: number;
  /** The cost of what is in defer groups: nothing else waits for it. */
  readonly deferred: number;
}

const NO_COST: Estimate = { waves: [], extra: 0, deferred: 0 };
const DEAD_END: Estimate = { waves: [], extra: COST.deadEnd, deferred: 0 };

/** Where a field was selected, for values that can only be read through the entity above them. */
interface Ancestor {
  readonly owner: string;
  readonly field: OpField;
  readonly at: SubgraphScope;
  readonly above: Ancestor | undefined;
}

/**
 * Estimates what else would be needed below a field if a subgraph resolved it. It counts the other subgraphs that the
 * selections need, each once for a wave, because look-ups of one wave share a request. It does not try every
 * combination.
 *
 * In:  `product { name reviews { body } }` in a subgraph that has `name` only
 * Out: 110 (one more request, one more wave)
 */
export class Estimator {
  readonly fieldIndex: FieldIndex;
  private readonly deferred: DeferredFields;
  private readonly known = new Map<OpField, Map<SubgraphField, Estimate>>();

  /** @param deferred the fields of defer groups */
  constructor(fieldIndex: FieldIndex, deferred: DeferredFields) {
    this.fieldIndex = fieldIndex;
    this.deferred = deferred;
  }

  /** Returns the same as {@link below}; between equal costs, what is in defer groups decides. */
  withDeferred(field: OpField, subgraph: Subgraph, resolvedBy: SubgraphField): number {
    if (!field.selection) return 0;
    const estimate = this.estimateBelow(field, subgraph, resolvedBy, [], undefined);
    return costOf(estimate) + estimate.deferred * COST.deferred;
  }

  /**
   * Returns the cost of everything below a field, if a subgraph resolves it, except what is in other defer groups: the field must not
   * come later, or fail, because of them.
   */
  below(
    field: OpField,
    subgraph: Subgraph,
    resolvedBy: SubgraphField,
    provided: readonly SelectionSetNode[] = [],
    from?: { owner: string; at: SubgraphScope },
  ): number {
    if (!field.selection) return 0;
    const above = from && { ...from, field, above: undefined };
    return costOf(this.estimateBelow(field, subgraph, resolvedBy, provided, above));
  }

  private estimateBelow(
    field: OpField,
    subgraph: Subgraph,
    resolvedBy: SubgraphField,
    provided: readonly SelectionSetNode[],
    above: Ancestor | undefined,
  ): Estimate {
    if (!field.selection) return NO_COST;
    const type = subgraph.types.get(resolvedBy.namedType);
    if (!type) return DEAD_END;
    const cached = provided.length === 0;
    const memo = this.known.get(field)?.get(resolvedBy);
    if (cached && memo !== undefined) return memo;
    const at = { subgraph, type, provided: resolvedBy.provides ? [...provided, resolvedBy.provides] : provided };
    const estimate = this.selection(field.selection, at, above, this.deferred.get(field));
    if (cached) {
      const ofField = this.known.get(field) ?? new Map<SubgraphField, Estimate>();
      this.known.set(field, ofField.set(resolvedBy, estimate));
    }
    return estimate;
  }

  /** @param group the defer group that the objects belong to */
  private selection(
    selection: OpSelection,
    at: SubgraphScope,
    above: Ancestor | undefined,
    group: number | undefined,
  ): Estimate {
    const typename = at.type.kind !== 'interfaceObject' || !needsTypes(selection);
    let estimate = typename ? NO_COST : { waves: [], extra: COST.request, deferred: 0 };
    for (const item of selection.items) {
      if (item.kind === 'typeCondition') {
        if (overlaps(this.fieldIndex, at.type, item.typeCondition))
          estimate = combine(estimate, this.selection(item.selection, at, above, group));
      } else if (item.name !== '__typename') {
        const needed = this.field(selection.parentType, item, at, estimate, above);
        estimate = combine(estimate, isApart(this.deferred, item, group) ? asDeferred(needed) : needed);
      }
    }
    return estimate;
  }

  /**
   * Estimates a field.
   * @param known what is needed anyway: routes through the same subgraphs are preferred
   */
  private field(
    owner: string,
    field: OpField,
    at: SubgraphScope,
    known: Estimate,
    above: Ancestor | undefined,
  ): Estimate {
    const own = readableField(this.fieldIndex, at, owner, field.name);
    if (own) {
      const here = field.selection && { owner, field, at, above };
      return this.estimateBelow(field, at.subgraph, own, scopeBelow(at, own)?.provided ?? [], here);
    }
    const owners = this.fieldIndex.isAbstract(owner) ? at.type.possible : [owner];
    let estimate = NO_COST;
    for (const type of owners) estimate = combine(estimate, this.inOtherSubgraphs(type, field, at, known, above));
    return estimate;
  }

  private inOtherSubgraphs(
    owner: string,
    field: OpField,
    at: SubgraphScope,
    known: Estimate,
    above: Ancestor | undefined,
  ): Estimate {
    if (this.fieldIndex.isAbstract(owner)) return NO_COST;
    const own = readableField(this.fieldIndex, at, owner, field.name);
    if (own) return this.estimateBelow(field, at.subgraph, own, [], { owner, field, at, above });
    let best: Estimate | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const { subgraph, type, field: resolvedBy } of this.fieldIndex.providers(owner, field.name)) {
      if (subgraph === at.subgraph && !needsOwnLookup(resolvedBy)) continue;
      const entries = this.fieldIndex.entries(owner).filter((entry) => entry.subgraph === subgraph);
      if (entries.length === 0) continue;
      const there = { owner, field, at: { subgraph, type, provided: [] }, above: undefined };
      // a key or an input that is missing here costs a request of its own first
      let extra = 0;
      if (!entries.some((entry) => this.isReadable(at, owner, entry.key.fields))) extra += COST.request;
      if (resolvedBy.requires && !this.isReadable(at, owner, resolvedBy.requires)) extra += COST.request;
      const estimate = withRequest(subgraph, this.estimateBelow(field, subgraph, resolvedBy, [], there), extra);
      const cost = costOf(combine(known, estimate));
      if (cost < bestCost) [best, bestCost] = [estimate, cost];
    }
    return best ?? this.throughAncestor(owner, field, above);
  }

  /**
   * Estimates a value without a key whose field is in another subgraph: through the entity that contains the value.
   */
  private throughAncestor(owner: string, field: OpField, above: Ancestor | undefined): Estimate {
    for (let holder = above; holder; holder = holder.above) {
      const { at, field: leading } = holder;
      for (const { subgraph, field: led } of this.fieldIndex.providers(holder.owner, leading.name)) {
        const type = subgraph.types.get(led.namedType);
        if (subgraph === at.subgraph || needsOwnLookup(led) || !type) continue;
        const resolvedBy = readableField(this.fieldIndex, { subgraph, type, provided: [] }, owner, field.name);
        if (!resolvedBy || !this.canEnter(holder.owner, subgraph)) continue;
        return withRequest(subgraph, this.estimateBelow(field, subgraph, resolvedBy, [], undefined), COST.reselect);
      }
    }
    return DEAD_END;
  }

  private canEnter(owner: string, subgraph: Subgraph): boolean {
    if (owner === this.fieldIndex.supergraph.rootTypes.query) return true;
    return this.fieldIndex.entries(owner).some((entry) => entry.subgraph === subgraph);
  }

  private isReadable(at: SubgraphScope, owner: string, set: SelectionSetNode): boolean {
    return canReadAll(this.fieldIndex, at, this.fieldIndex.fieldSet(set, owner));
  }
}

/** Returns the estimate for fields of another defer group. Their dead ends count: they have to be read, too. */
function asDeferred(estimate: Estimate): Estimate {
  const cost = costOf(estimate) + estimate.deferred;
  const rest = cost % COST.deadEnd;
  return { waves: [], extra: cost - rest, deferred: rest };
}

function costOf({ waves, extra }: Estimate): number {
  let cost = extra;
  for (const subgraphs of waves) cost += subgraphs.size * COST.request + COST.wave;
  return cost;
}

/** Returns an estimate with a request to a subgraph before it. */
function withRequest(subgraph: Subgraph, then: Estimate, extra: number): Estimate {
  return { waves: [new Set([subgraph]), ...then.waves], extra: then.extra + extra, deferred: then.deferred };
}

function combine(one: Estimate, other: Estimate): Estimate {
  if (one === NO_COST) return other;
  if (other === NO_COST) return one;
  const [long, short] = one.waves.length >= other.waves.length ? [one, other] : [other, one];
  const waves = long.waves.map((subgraphs, i) => unionOf(subgraphs, short.waves[i]));
  return { waves, extra: one.extra + other.extra, deferred: one.deferred + other.deferred };
}

function unionOf<T>(one: ReadonlySet<T>, other: ReadonlySet<T> | undefined): ReadonlySet<T> {
  if (other === undefined || isWithin(other, one)) return one;
  return isWithin(one, other) ? other : new Set([...one, ...other]);
}

function isWithin<T>(part: ReadonlySet<T>, whole: ReadonlySet<T>): boolean {
  if (part.size > whole.size) return false;
  for (const item of part) if (!whole.has(item)) return false;
  return true;
}

/** Returns whether a selection depends on the runtime types of its objects. */
function needsTypes(selection: OpSelection): boolean {
  return selection.items.some((item) => item.kind === 'typeCondition' || item.name === '__typename');
}
