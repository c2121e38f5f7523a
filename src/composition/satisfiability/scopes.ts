import type { SelectionSetNode } from 'graphql';
import { providedOn } from '../../planner/field-index.ts';
import { getOrMake } from '../../planner/maps.ts';
import type { SubgraphScope } from '../../planner/subgraph-scope.ts';
import type { Subgraph, SubgraphType } from '../../supergraph/supergraph.ts';

/** A set of scopes: one bit for each, by its number. */
export type ScopeSet = bigint;

/** Assigns a number to each scope, so that sets of them are cheap to store and to compare. */
export class ScopeNumbers {
  private readonly known: SubgraphScope[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly setNumbers = new Map<SelectionSetNode, number>();

  /** Returns the set that contains only this scope. */
  setOf(subgraph: Subgraph, type: SubgraphType, provided: readonly SelectionSetNode[]): ScopeSet {
    const sets = new Map(provided.map((set) => [getOrMake(this.setNumbers, set, () => this.setNumbers.size), set]));
    const ordered = [...sets.keys()].sort((a, b) => a - b);
    const number = getOrMake(this.numbers, `${subgraph.id} ${type.name} ${ordered.join()}`, () => {
      this.known.push({ subgraph, type, provided: [...sets.values()] });
      return this.known.length - 1;
    });
    return 1n << BigInt(number);
  }

  *members(set: ScopeSet): Generator<SubgraphScope> {
    for (let number = 0, rest = set; rest !== 0n; number++, rest >>= 1n) {
      const scope = this.known[number];
      if ((rest & 1n) === 1n && scope) yield scope;
    }
  }

  /** Returns the scopes of those objects that have one object type. */
  narrow(set: ScopeSet, typeName: string, isPossible: (of: string) => boolean): ScopeSet {
    let narrowed = 0n;
    for (const { subgraph, type, provided } of this.members(set)) {
      if (type.kind === 'interfaceObject') {
        if (isPossible(type.name)) narrowed |= this.setOf(subgraph, type, provided);
        continue;
      }
      const own = subgraph.types.get(typeName);
      if (!own || !type.possible.has(typeName)) continue;
      narrowed |= this.setOf(subgraph, own, own === type ? provided : providedOn(provided, typeName));
    }
    return narrowed;
  }
}
