import type { Subgraph } from '../supergraph/supergraph.ts';
import type { FieldIndex } from './field-index.ts';
import { getOrMake } from './maps.ts';
import type { Position } from './positions.ts';
import { overlaps } from './subgraph-scope.ts';

/**
 * Tells which runtime types objects at a position may have. A union that several subgraphs may give holds, there, only
 * what all of them know.
 *
 * In:  `search: Result`, with `union Result = Book | Film` in one subgraph and `Book` alone in another that has `search`
 * Out: `Book` can be there, `Film` cannot
 */
export class PossibleHere {
  private readonly fieldIndex: FieldIndex;
  private readonly sources = new Map<Position, readonly Subgraph[]>();

  constructor(fieldIndex: FieldIndex) {
    this.fieldIndex = fieldIndex;
  }

  /** Whether objects at a position may turn out to be of a type, as far as the subgraphs that may bring them are concerned. */
  canBe(position: Position, typeName: string): boolean {
    const first = position.nodes[0];
    if (!first) return true;
    if (!overlaps(this.fieldIndex, first.type, typeName)) return false;
    if (first.type.kind !== 'union') return true;
    // a union that several subgraphs may give here holds only what all of them know
    return this.sourcesOf(position).every((subgraph) => {
      const type = subgraph.types.get(first.type.name);
      return !type || overlaps(this.fieldIndex, type, typeName);
    });
  }

  /** The subgraphs that could be asked for the objects at a position. */
  private sourcesOf(position: Position): readonly Subgraph[] {
    return getOrMake(this.sources, position, () => this.findSources(position));
  }

  private findSources({ origin, type }: Position): Subgraph[] {
    const { subgraphs } = this.fieldIndex.supergraph;
    if (!origin) return [...subgraphs];
    const above = this.sourcesOf(origin.parent);
    const producers = this.fieldIndex.providers(origin.owner, origin.alias.name).map((provider) => provider.subgraph);
    const looked = new Set(this.fieldIndex.entries(type).map((entry) => entry.subgraph));
    return subgraphs.filter(
      (subgraph) => looked.has(subgraph) || (producers.includes(subgraph) && above.includes(subgraph)),
    );
  }
}
