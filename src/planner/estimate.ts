import type { SelectionSetNode } from 'graphql';
import type { OpField, OpSelection } from '../operation/operation.ts';
import type { Subgraph, SubgraphField } from '../supergraph/supergraph.ts';
import type { Abilities } from './abilities.ts';
import { COST } from './costs.ts';
import { canReadAll, overlaps, readableField, type Standpoint, standBelow } from './reading.ts';

/**
 * Looks ahead: what else would have to be asked below a field, if this subgraph answered it. It counts the other
 * subgraphs that each selection needs, level by level; it does not try every combination.
 *
 * In:  `product { name reviews { body } }` in a subgraph that has `name` only
 * Out: 110 (one more request, one more wave)
 */
export class Estimator {
  private readonly abilities: Abilities;
  private readonly known = new Map<OpField, Map<SubgraphField, number>>();

  constructor(abilities: Abilities) {
    this.abilities = abilities;
  }

  below(
    field: OpField,
    subgraph: Subgraph,
    resolvedBy: SubgraphField,
    provided: readonly SelectionSetNode[] = [],
  ): number {
    if (!field.selection) return 0;
    const type = subgraph.types.get(resolvedBy.namedType);
    if (!type) return COST.deadEnd;
    const cached = provided.length === 0;
    const memo = this.known.get(field)?.get(resolvedBy);
    if (cached && memo !== undefined) return memo;
    const at = { subgraph, type, provided: resolvedBy.provides ? [...provided, resolvedBy.provides] : provided };
    const cost = this.selection(field.selection, at);
    if (cached) {
      const ofField = this.known.get(field) ?? new Map<SubgraphField, number>();
      this.known.set(field, ofField.set(resolvedBy, cost));
    }
    return cost;
  }

  private selection(selection: OpSelection, at: Standpoint): number {
    const told = at.type.kind !== 'interfaceObject' || !asksForType(selection);
    let cost = told ? 0 : COST.request;
    const others = new Set<Subgraph>();
    for (const item of selection.items) {
      if (item.kind === 'narrowing')
        cost += overlaps(this.abilities, at.type, item.typeCondition) ? this.selection(item.selection, at) : 0;
      else if (item.name !== '__typename') cost += this.field(selection.parentType, item, at, others);
    }
    return cost + others.size * COST.request + (others.size > 0 ? COST.wave : 0);
  }

  private field(owner: string, field: OpField, at: Standpoint, others: Set<Subgraph>): number {
    const own = readableField(this.abilities, at, owner, field.name);
    if (own) return this.below(field, at.subgraph, own, standBelow(at, own)?.provided);
    const owners = this.abilities.isAbstract(owner) ? at.type.possible : [owner];
    let dearest = 0;
    for (const type of owners) dearest = Math.max(dearest, this.elsewhere(type, field, at, others));
    return dearest;
  }

  private elsewhere(owner: string, field: OpField, at: Standpoint, others: Set<Subgraph>): number {
    if (this.abilities.isAbstract(owner)) return 0;
    const own = readableField(this.abilities, at, owner, field.name);
    if (own) return this.below(field, at.subgraph, own);
    let best: { cost: number; subgraph: Subgraph } | undefined;
    for (const { subgraph, field: resolvedBy } of this.abilities.providers(owner, field.name)) {
      if (subgraph === at.subgraph && !resolvedBy.requires) continue;
      const entries = this.abilities.entries(owner).filter((entry) => entry.subgraph === subgraph);
      if (entries.length === 0) continue;
      // a key or an input that is not there has to be asked elsewhere first
      let cost = this.below(field, subgraph, resolvedBy) + (others.has(subgraph) ? 0 : 1);
      if (!entries.some((entry) => this.isThere(at, owner, entry.key.fields))) cost += COST.request;
      if (resolvedBy.requires && !this.isThere(at, owner, resolvedBy.requires)) cost += COST.request;
      if (!best || cost < best.cost) best = { cost, subgraph };
    }
    if (!best) return COST.deadEnd;
    others.add(best.subgraph);
    return best.cost;
  }

  private isThere(at: Standpoint, owner: string, set: SelectionSetNode): boolean {
    return canReadAll(this.abilities, at, this.abilities.fieldSet(set, owner));
  }
}

/** Whether a selection needs to know the runtime types of its objects. */
function asksForType(selection: OpSelection): boolean {
  return selection.items.some((item) => item.kind === 'narrowing' || item.name === '__typename');
}
